// Two hosts and a bad line between them: network namespaces, each with a TUN device, whose packets this program passes on
// late, or not at all. (What `tc netem` does, which not every kernel has.)
//
// lossy-link DELAY_MS LOSS_PERMILLE SEED COMMAND...: runs `COMMAND... server` on the one host, 10.77.0.2, and, once that has
// printed something, `COMMAND... client` on the other, 10.77.0.1. SIGUSR1 cuts the line. Ends as the client does; with 77 if
// namespaces or devices are not to be had here.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES 2048
#define NOT_HERE 77

static volatile sig_atomic_t is_cut = 0;

static void cut(int signal) {
  (void)signal;
  is_cut = 1;
}

static void need(int result, const char *what) {
  if (result >= 0) return;
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(NOT_HERE);
}

static void set_address(int socket, struct ifreq *request, unsigned long name, const char *address) {
  struct sockaddr_in in = {.sin_family = AF_INET};
  inet_pton(AF_INET, address, &in.sin_addr);
  memcpy(&request->ifr_addr, &in, sizeof in);
  need(ioctl(socket, name, request), address);
}

static void bring_up(int socket, const char *device) {
  struct ifreq request = {0};
  strcpy(request.ifr_name, device);
  need(ioctl(socket, SIOCGIFFLAGS, &request), device);
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  need(ioctl(socket, SIOCSIFFLAGS, &request), device);
}

// A host of its own for what this process starts from now on. Gives the end of its line.
static int make_host(const char *own, const char *other) {
  need(unshare(CLONE_NEWNET), "a network namespace");
  int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  need(tun, "/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "line");
  need(ioctl(tun, TUNSETIFF, &request), "a TUN device");
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  need(any, "a socket");
  set_address(any, &request, SIOCSIFADDR, own);
  set_address(any, &request, SIOCSIFDSTADDR, other);
  bring_up(any, "line");
  bring_up(any, "lo");
  close(any);
  return tun;
}

static pid_t start(char **command, int count, char *role, int out) {
  pid_t pid = fork();
  need(pid, "fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (out >= 0) dup2(out, 1);
  char **args = calloc((size_t)count + 2, sizeof *args);
  for (int i = 0; i < count; i++) args[i] = command[i];
  args[count] = role;
  execvp(args[0], args);
  _exit(NOT_HERE);
}

typedef struct Packet {
  struct Packet *next;
  int64_t due;
  ssize_t size;
  char bytes[MOST_BYTES];
} Packet;

// What is on its way in one direction, the oldest first: all take as long.
typedef struct {
  int from, to;
  Packet *first, **last;
} Line;

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static uint32_t state;

static uint32_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static void take(Line *line, int64_t due, uint32_t loss) {
  for (;;) {
    Packet *packet = malloc(sizeof *packet);
    if (packet == NULL) exit(1);
    packet->size = read(line->from, packet->bytes, sizeof packet->bytes);
    if (packet->size <= 0 || is_cut || next_random() % 1000 < loss) {
      int none = packet->size <= 0;
      free(packet);
      if (none) return;
      continue;
    }
    packet->next = NULL;
    packet->due = due;
    *line->last = packet;
    line->last = &packet->next;
  }
}

// A packet that the device does not take is lost, as others are.
static void deliver(Line *line, int64_t now) {
  while (line->first != NULL && line->first->due <= now) {
    Packet *packet = line->first;
    line->first = packet->next;
    if (line->first == NULL) line->last = &line->first;
    if (!is_cut && write(line->to, packet->bytes, (size_t)packet->size) < 0 && errno == EBADF) exit(1);
    free(packet);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int64_t delay = atoi(argv[1]);
  uint32_t loss = (uint32_t)atoi(argv[2]);
  state = (uint32_t)atoi(argv[3]) | 1;
  signal(SIGUSR1, cut);

  int here = make_host("10.77.0.1", "10.77.0.2");
  int host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  need(host, "/proc/self/ns/net");
  int there = make_host("10.77.0.2", "10.77.0.1");
  int ready[2];
  need(pipe2(ready, O_CLOEXEC), "a pipe");
  pid_t server = start(argv + 4, argc - 4, "server", ready[1]);
  close(ready[1]);
  char byte;
  if (read(ready[0], &byte, 1) != 1) return 1;
  need(setns(host, CLONE_NEWNET), "the first network namespace");
  pid_t client = start(argv + 4, argc - 4, "client", -1);

  Line lines[2] = {{.from = here, .to = there}, {.from = there, .to = here}};
  for (int i = 0; i < 2; i++) lines[i].last = &lines[i].first;
  for (;;) {
    int status;
    if (waitpid(client, &status, WNOHANG) == client) {
      kill(server, SIGKILL);
      waitpid(server, NULL, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    struct pollfd ends[2] = {{.fd = here, .events = POLLIN}, {.fd = there, .events = POLLIN}};
    int busy = lines[0].first != NULL || lines[1].first != NULL;
    poll(ends, 2, busy ? 1 : 20);
    int64_t now = now_ms();
    for (int i = 0; i < 2; i++) {
      take(&lines[i], now + delay, loss);
      deliver(&lines[i], now);
    }
  }
}
