// The peer of the net suite that is as fast as it gets: an epoll loop in C. Prints its port.
//
//   server echo|in|out SIZE

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: server echo|in|out SIZE\n");
    return 2;
  }
  int echo = strcmp(argv[1], "echo") == 0, out = strcmp(argv[1], "out") == 0;
  size_t size = (size_t)atol(argv[2]);
  char *buffer = calloc(1, size);
  int epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (buffer == NULL || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 511) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0)
    fail("listen");
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) fail("epoll_ctl");
  /* Nothing is said there: its end is that of the benchmark. */
  struct epoll_event told = {.events = EPOLLIN, .data.fd = STDIN_FILENO};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &told) != 0) fail("epoll_ctl");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        struct epoll_event added = {.events = out ? EPOLLOUT : EPOLLIN, .data.fd = accepted};
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &added);
        continue;
      }
      ssize_t moved = out ? send(fd, buffer, size, MSG_NOSIGNAL) : recv(fd, buffer, size, 0);
      if (moved > 0 && echo) moved = send(fd, buffer, (size_t)moved, MSG_NOSIGNAL);
      if (moved == 0 || (moved < 0 && errno != EAGAIN)) close(fd);
    }
  }
}
