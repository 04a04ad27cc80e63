// The load of the net suite, in C so that what is measured is the server.
//
//   load echo PORT CONNECTIONS SIZE    ping-pong of SIZE bytes on each connection; an operation is there and back
//   load in   PORT CONNECTIONS SIZE    writes as fast as the server reads; an operation is SIZE bytes
//   load out  PORT CONNECTIONS SIZE    reads as fast as the server writes; an operation is SIZE bytes
//   load idle PORT CONNECTIONS 0       opens connections and leaves them alone
//
// Connects, prints `ready`, and then for each line with a number of operations does as many and prints a line of three
// numbers, in ns: the time that all took, and for `echo` the median and the 99th percentile of one. Ends with its input.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_SAMPLES 1000000

typedef struct {
  int fd;
  // What is still to come back of the ping under way; 0 if none is.
  size_t left;
  uint64_t began;
} Connection;

static Connection *connections;
static uint32_t samples[MOST_SAMPLES];
static uint8_t *buffer;

static uint64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void ping(Connection *connection, size_t size) {
  connection->left = size;
  connection->began = nanoseconds();
  if (send(connection->fd, buffer, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: load echo|in|out|idle PORT CONNECTIONS SIZE\n");
    return 2;
  }
  bool echo = strcmp(argv[1], "echo") == 0, in = strcmp(argv[1], "in") == 0;
  int count = atoi(argv[3]);
  size_t size = (size_t)atol(argv[4]);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

  connections = calloc((size_t)count, sizeof *connections);
  buffer = calloc(1, size + 1);
  int epoll = epoll_create1(0);
  if (connections == NULL || buffer == NULL || epoll < 0) fail("load");
  for (int i = 0; i < count; i++) {
    Connection *connection = &connections[i];
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = in ? EPOLLOUT : EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0) fail("epoll_ctl");
  }
  printf("ready\n");
  fflush(stdout);

  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    uint64_t asked = strtoull(line, NULL, 10), begun = 0, done = 0, bytes = 0, sampled = 0;
    uint64_t start = nanoseconds();
    if (echo)
      for (int i = 0; i < count && begun < asked; i++, begun++) ping(&connections[i], size);
    while (done < asked) {
      struct epoll_event events[256];
      int ready = epoll_wait(epoll, events, 256, -1);
      for (int i = 0; i < ready && done < asked; i++) {
        Connection *connection = events[i].data.ptr;
        ssize_t moved = in ? send(connection->fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                           : recv(connection->fd, buffer, echo ? connection->left : size, MSG_DONTWAIT);
        if (moved < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (moved <= 0) fail("the server has ended a connection");
        bytes += (uint64_t)moved;
        if (!echo) {
          done = bytes / size;
          continue;
        }
        connection->left -= (size_t)moved;
        if (connection->left > 0) continue;
        done++;
        if (sampled < MOST_SAMPLES) samples[sampled++] = (uint32_t)(nanoseconds() - connection->began);
        if (begun < asked) {
          begun++;
          ping(connection, size);
        }
      }
    }
    uint64_t took = nanoseconds() - start;
    qsort(samples, sampled, sizeof *samples, by_value);
    uint32_t p50 = sampled == 0 ? 0 : samples[sampled / 2], p99 = sampled == 0 ? 0 : samples[sampled * 99 / 100];
    printf("%llu %u %u\n", (unsigned long long)took, p50, p99);
    fflush(stdout);
  }
  return 0;
}
