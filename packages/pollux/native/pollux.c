// The system calls that the epoll reactor needs, and nothing else: no policy, no state but what is below.
//
// Every function takes integers and byte arrays and gives an integer: a result, or `-errno`. Wrong arguments give `-EINVAL`
// and never an exception. A byte array is borrowed for the call alone, so nothing of JavaScript's is held here, and every
// range in it is checked (`-EFAULT`).
//
// **Descriptors.** What is opened here is noted in the table of its environment (a thread of Node's). Reading, writing and
// closing work on those alone (`-EBADF`): a wrong number cannot reach a descriptor of Node's own, which would abort the
// process. When the environment ends, in whatever way, what is left in the table is closed.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define NAPI_VERSION 8
#include <node_api.h>

// The few functions of libuv that Node exports and that are used here. Its header is not a part of Node-API's, so they are
// declared; their signatures are a part of libuv's stable ABI, and the size of a handle is asked for at run time.
typedef struct uv_poll_s uv_poll_t;
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
typedef void (*uv_close_cb)(void *handle);
size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
void uv_close(void *handle, uv_close_cb callback);
void uv_ref(void *handle);
void uv_unref(void *handle);
void *uv_handle_get_data(const void *handle);
void uv_handle_set_data(void *handle, void *data);
#define UV_POLL 8
#define UV_READABLE 1

// The most buffers of one vectored call; the caller goes on with the rest.
#define MOST_BUFFERS 64
// An address as it crosses: its length in 4 bytes, in the machine's order, and then the `sockaddr`.
#define ADDRESS_BYTES (4 + sizeof(struct sockaddr_storage))

// One environment. Only its own thread touches it.
typedef struct {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  // A bit for each descriptor that was opened here.
  uint8_t *open;
  size_t open_bytes;
  // An epoll descriptor that Node's loop watches; null if there is none.
  uv_poll_t *watch;
  int watched;
  napi_ref on_ready;
  napi_async_context context;
} Environment;

// --- Arguments and results ------------------------------------------------------------------------------------------------

#define MOST_ARGUMENTS 6

typedef struct {
  napi_env env;
  Environment *self;
  size_t count;
  napi_value values[MOST_ARGUMENTS];
  // Set when an argument was not what was asked for.
  int error;
} Call;

static Call begin(napi_env env, napi_callback_info info) {
  Call call = {.env = env, .count = MOST_ARGUMENTS};
  void *data = NULL;
  napi_get_cb_info(env, info, &call.count, call.values, NULL, &data);
  call.self = data;
  return call;
}

static napi_value integer(napi_env env, int64_t value) {
  napi_value result = NULL;
  if (value >= INT32_MIN && value <= INT32_MAX) napi_create_int32(env, (int32_t)value, &result);
  else napi_create_int64(env, value, &result);
  return result;
}

static napi_value outcome(Call *call, int64_t result) {
  return integer(call->env, call->error != 0 ? call->error : result < 0 ? -errno : result);
}

// An integer; what has a fraction or does not fit is refused, where `napi_get_value_int32` would cut it.
static int int_at(Call *call, size_t index) {
  double value;
  if (index >= call->count || napi_get_value_double(call->env, call->values[index], &value) != napi_ok ||
      !(value >= INT32_MIN && value <= UINT32_MAX) || value != (double)(int64_t)value) {
    call->error = -EINVAL;
    return 0;
  }
  return (int)(int64_t)value;
}

typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

static Bytes bytes_of(Call *call, napi_value value) {
  Bytes bytes = {NULL, 0};
  napi_typedarray_type type;
  void *data = NULL;
  bool is_array = false;
  if (napi_is_typedarray(call->env, value, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(call->env, value, &type, &bytes.length, &data, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    call->error = -EINVAL;
    return bytes;
  }
  bytes.data = data;
  return bytes;
}

static Bytes bytes_at(Call *call, size_t index) {
  if (index < call->count) return bytes_of(call, call->values[index]);
  call->error = -EINVAL;
  return (Bytes){NULL, 0};
}

// Arguments `index` to `index + 2`: a byte array, and the offset and the length of what is meant in it.
static Bytes range_at(Call *call, size_t index) {
  Bytes bytes = bytes_at(call, index);
  int offset = int_at(call, index + 1);
  int length = int_at(call, index + 2);
  if (call->error != 0) return bytes;
  if (offset < 0 || length < 0 || (size_t)offset + (size_t)length > bytes.length) {
    call->error = -EFAULT;
    return bytes;
  }
  bytes.data += offset;
  bytes.length = (size_t)length;
  return bytes;
}

// An address to hand to the system.
static const struct sockaddr *address_at(Call *call, size_t index, socklen_t *length) {
  Bytes bytes = bytes_at(call, index);
  uint32_t stated = 0;
  if (call->error != 0) return NULL;
  if (bytes.length < ADDRESS_BYTES) {
    call->error = -EFAULT;
    return NULL;
  }
  memcpy(&stated, bytes.data, sizeof stated);
  if (stated > sizeof(struct sockaddr_storage)) {
    call->error = -EINVAL;
    return NULL;
  }
  *length = stated;
  return (const struct sockaddr *)(bytes.data + 4);
}

// Room for an address that the system gives; `address_given` notes how long it is.
static struct sockaddr *address_room(Call *call, size_t index, Bytes *bytes, socklen_t *length) {
  *bytes = bytes_at(call, index);
  if (call->error == 0 && bytes->length < ADDRESS_BYTES) call->error = -EFAULT;
  *length = sizeof(struct sockaddr_storage);
  return (struct sockaddr *)(bytes->data + 4);
}

static void address_given(Bytes *bytes, socklen_t length) {
  uint32_t stated = length;
  memcpy(bytes->data, &stated, sizeof stated);
}

// --- The table of descriptors ----------------------------------------------------------------------------------------------

static bool is_open(const Environment *self, int fd) {
  return fd >= 0 && (size_t)fd / 8 < self->open_bytes && (self->open[fd / 8] & (1u << (fd % 8))) != 0;
}

static void forget(Environment *self, int fd) { self->open[fd / 8] &= (uint8_t) ~(1u << (fd % 8)); }

// Notes a descriptor that was opened; if there is no memory to do so, it is closed again.
static int note(Environment *self, int fd) {
  if (fd < 0) return fd;
  size_t needed = (size_t)fd / 8 + 1;
  if (needed > self->open_bytes) {
    size_t size = self->open_bytes == 0 ? 128 : self->open_bytes;
    while (size < needed) size *= 2;
    uint8_t *grown = realloc(self->open, size);
    if (grown == NULL) {
      close(fd);
      errno = ENOMEM;
      return -1;
    }
    memset(grown + self->open_bytes, 0, size - self->open_bytes);
    self->open = grown;
    self->open_bytes = size;
  }
  self->open[fd / 8] |= (uint8_t)(1u << (fd % 8));
  return fd;
}

// A descriptor of ours.
static int fd_at(Call *call, size_t index) {
  int fd = int_at(call, index);
  if (call->error == 0 && !is_open(call->self, fd)) call->error = -EBADF;
  return fd;
}

// A descriptor of ours that may go: libuv must not be left with the number of one that is gone.
static int closable_at(Call *call, size_t index) {
  int fd = fd_at(call, index);
  if (call->error == 0 && call->self->watch != NULL && call->self->watched == fd) call->error = -EBUSY;
  return fd;
}

// --- Counters that other threads add to -------------------------------------------------------------------------------------

// A counter that is shared is known to all threads of the process by a number that is never used again. So one that is gone
// is told from another that has its descriptor now, and none but a counter can be reached.
typedef struct {
  int id;
  int fd;
} Shared;

static struct {
  atomic_flag locked;
  Shared *counters;
  size_t count;
  size_t room;
  int last_id;
} shared = {.locked = ATOMIC_FLAG_INIT};

// Held for a few instructions, and for a system call that does not wait.
static void lock_shared(void) {
  while (atomic_flag_test_and_set_explicit(&shared.locked, memory_order_acquire)) sched_yield();
}

static void unlock_shared(void) { atomic_flag_clear_explicit(&shared.locked, memory_order_release); }

// Notes a new counter; if there is no memory to do so, it is closed again.
static int note_counter(int fd) {
  if (fd < 0) return fd;
  lock_shared();
  if (shared.count == shared.room) {
    size_t room = shared.room == 0 ? 16 : 2 * shared.room;
    Shared *grown = realloc(shared.counters, room * sizeof *grown);
    if (grown != NULL) {
      shared.counters = grown;
      shared.room = room;
    }
  }
  bool has_room = shared.count < shared.room && shared.last_id < INT_MAX;
  if (has_room) shared.counters[shared.count++] = (Shared){++shared.last_id, fd};
  unlock_shared();
  if (has_room) return fd;
  close(fd);
  errno = ENOMEM;
  return -1;
}

// Before the descriptor is closed or given away, so that nobody adds to what has its number next.
static void forget_counter(int fd) {
  lock_shared();
  for (size_t i = 0; i < shared.count; i++)
    if (shared.counters[i].fd == fd) shared.counters[i--] = shared.counters[--shared.count];
  unlock_shared();
}

// --- Descriptors of any kind -----------------------------------------------------------------------------------------------

static napi_value Close(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = closable_at(&call, 0);
  if (call.error != 0) return outcome(&call, 0);
  forget(call.self, fd);
  forget_counter(fd);
  // The descriptor is gone whatever the result is; to ask again after EINTR might close somebody else's.
  return outcome(&call, close(fd));
}

// adopt(fd): takes over a socket, pipe or the like that was opened elsewhere, and makes it non-blocking.
static napi_value Adopt(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = int_at(&call, 0);
  if (call.error != 0) return outcome(&call, 0);
  // Sockets, pipes and terminals have no position; files do, and so do the descriptors that Node's loop is made of.
  if (lseek(fd, 0, SEEK_CUR) >= 0) call.error = -EPERM;
  else if (errno != ESPIPE) call.error = -errno;
  if (call.error != 0) return outcome(&call, 0);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return outcome(&call, -1);
  return outcome(&call, note(call.self, fd));
}

// duplicate(fd): another descriptor of a socket that listens, whichever thread has opened it. Of nothing else, so that none
// of what Node itself uses can be had.
static napi_value Duplicate(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = int_at(&call, 0);
  int listens = 0;
  socklen_t length = sizeof listens;
  if (call.error != 0) return outcome(&call, 0);
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0) return outcome(&call, -1);
  if (listens == 0) return integer(env, -EINVAL);
  return outcome(&call, note(call.self, fcntl(fd, F_DUPFD_CLOEXEC, 3)));
}

// release(fd): leaves a descriptor of ours to somebody else, who is going to close it.
static napi_value Release(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = closable_at(&call, 0);
  if (call.error == 0) {
    forget(call.self, fd);
    forget_counter(fd);
  }
  return outcome(&call, fd);
}

// read(fd, bytes, offset, length)
static napi_value Read(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  return outcome(&call, call.error != 0 ? 0 : read(fd, bytes.data, bytes.length));
}

// write(fd, bytes, offset, length)
static napi_value Write(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  return outcome(&call, call.error != 0 ? 0 : write(fd, bytes.data, bytes.length));
}

// Fills `vector` with the byte arrays of a JavaScript array, as many as one call takes; gives their number.
//
// A getter among the elements may resize or detach what another element points to: so all elements are fetched first, and
// only then, when no JavaScript runs any more, it is asked where they lie.
static size_t vector_at(Call *call, size_t index, struct iovec *vector) {
  napi_value elements[MOST_BUFFERS];
  uint32_t length = 0;
  bool is_array = false;
  if (index >= call->count || napi_is_array(call->env, call->values[index], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(call->env, call->values[index], &length) != napi_ok) {
    call->error = -EINVAL;
    return 0;
  }
  size_t count = length < MOST_BUFFERS ? length : MOST_BUFFERS;
  for (size_t i = 0; i < count; i++) {
    if (napi_get_element(call->env, call->values[index], (uint32_t)i, &elements[i]) == napi_ok) continue;
    // A getter has thrown: that is no business of a system call's.
    napi_value thrown;
    napi_get_and_clear_last_exception(call->env, &thrown);
    call->error = -EINVAL;
    return 0;
  }
  for (size_t i = 0; i < count && call->error == 0; i++) {
    Bytes bytes = bytes_of(call, elements[i]);
    vector[i] = (struct iovec){bytes.data, bytes.length};
  }
  // The getters may have closed it.
  if (call->error == 0) fd_at(call, 0);
  return count;
}

// writeVectored(fd, [bytes, …])
static napi_value WriteVectored(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  struct iovec vector[MOST_BUFFERS];
  int fd = fd_at(&call, 0);
  size_t count = vector_at(&call, 1, vector);
  return outcome(&call, call.error != 0 ? 0 : writev(fd, vector, (int)count));
}

// readVectored(fd, [bytes, …])
static napi_value ReadVectored(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  struct iovec vector[MOST_BUFFERS];
  int fd = fd_at(&call, 0);
  size_t count = vector_at(&call, 1, vector);
  return outcome(&call, call.error != 0 ? 0 : readv(fd, vector, (int)count));
}

// sendFile(to, from, count): `from` may be any descriptor, it is read at its own position.
static napi_value SendFile(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int to = fd_at(&call, 0);
  int from = int_at(&call, 1);
  int count = int_at(&call, 2);
  if (call.error == 0 && count < 0) call.error = -EINVAL;
  return outcome(&call, call.error != 0 ? 0 : sendfile(to, from, NULL, (size_t)count));
}

// Notes both descriptors of a pair and writes them into 8 bytes; if there is no memory to do so, they are closed again.
static int note_pair(Environment *self, const int fds[2], Bytes bytes) {
  if (note(self, fds[0]) < 0) {
    close(fds[1]);
    return -1;
  }
  if (note(self, fds[1]) < 0) {
    forget(self, fds[0]);
    close(fds[0]);
    errno = ENOMEM;
    return -1;
  }
  memcpy(bytes.data, fds, 2 * sizeof *fds);
  return 0;
}

static Bytes pair_at(Call *call, size_t index) {
  Bytes bytes = bytes_at(call, index);
  if (call->error == 0 && bytes.length < 2 * sizeof(int)) call->error = -EFAULT;
  return bytes;
}

// pipe(fds): writes the two ends, to read from and to write to, into 8 bytes.
static napi_value Pipe(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  Bytes bytes = pair_at(&call, 0);
  int fds[2];
  if (call.error != 0) return outcome(&call, 0);
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return outcome(&call, -1);
  return outcome(&call, note_pair(call.self, fds, bytes));
}

// eventFd(): a counter that other threads add to.
static napi_value EventFd(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = note(call.self, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (fd < 0 || note_counter(fd) >= 0) return outcome(&call, fd);
  forget(call.self, fd);
  return outcome(&call, -1);
}

// share(fd): the number by which every thread can add to a counter of ours.
static napi_value Share(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  int id = -EINVAL;
  if (call.error != 0) return outcome(&call, 0);
  lock_shared();
  for (size_t i = 0; i < shared.count; i++)
    if (shared.counters[i].fd == fd) id = shared.counters[i].id;
  unlock_shared();
  return integer(env, id);
}

// signal(id): adds 1 to a counter of any thread's.
static napi_value Signal(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int id = int_at(&call, 0);
  uint64_t one = 1;
  int result = -ENOENT;
  if (call.error != 0) return outcome(&call, 0);
  lock_shared();
  for (size_t i = 0; i < shared.count; i++)
    if (shared.counters[i].id == id) result = write(shared.counters[i].fd, &one, sizeof one) < 0 ? -errno : 0;
  unlock_shared();
  return integer(env, result);
}

// timerFd(ms, everyMs): a timer on the monotonic clock; 0 stands for never.
static napi_value TimerFd(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int first = int_at(&call, 0);
  int every = int_at(&call, 1);
  if (call.error == 0 && (first < 0 || every < 0)) call.error = -EINVAL;
  if (call.error != 0) return outcome(&call, 0);
  int fd = note(call.self, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (fd < 0) return outcome(&call, -1);
  struct itimerspec spec = {
      .it_value = {first / 1000, (long)(first % 1000) * 1000000},
      .it_interval = {every / 1000, (long)(every % 1000) * 1000000},
  };
  if (timerfd_settime(fd, 0, &spec, NULL) == 0) return outcome(&call, fd);
  int error = errno;
  forget(call.self, fd);
  close(fd);
  errno = error;
  return outcome(&call, -1);
}

// --- Sockets ---------------------------------------------------------------------------------------------------------------

// socket(domain, type, protocol)
static napi_value Socket(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int domain = int_at(&call, 0);
  int type = int_at(&call, 1);
  int protocol = int_at(&call, 2);
  if (call.error != 0) return outcome(&call, 0);
  return outcome(&call, note(call.self, socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)));
}

// socketPair(domain, type, fds): writes two sockets that are connected to each other into 8 bytes.
static napi_value SocketPair(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int domain = int_at(&call, 0);
  int type = int_at(&call, 1);
  Bytes bytes = pair_at(&call, 2);
  int fds[2];
  if (call.error != 0) return outcome(&call, 0);
  if (socketpair(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) return outcome(&call, -1);
  return outcome(&call, note_pair(call.self, fds, bytes));
}

// bind(fd, address)
static napi_value Bind(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  socklen_t length = 0;
  int fd = fd_at(&call, 0);
  const struct sockaddr *address = address_at(&call, 1, &length);
  return outcome(&call, call.error != 0 ? 0 : bind(fd, address, length));
}

// connect(fd, address)
static napi_value Connect(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  socklen_t length = 0;
  int fd = fd_at(&call, 0);
  const struct sockaddr *address = address_at(&call, 1, &length);
  return outcome(&call, call.error != 0 ? 0 : connect(fd, address, length));
}

// listen(fd, backlog)
static napi_value Listen(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  int backlog = int_at(&call, 1);
  return outcome(&call, call.error != 0 ? 0 : listen(fd, backlog));
}

// accept(fd, address): the connection, and who it is from.
static napi_value Accept(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  Bytes room;
  socklen_t length;
  int fd = fd_at(&call, 0);
  struct sockaddr *address = address_room(&call, 1, &room, &length);
  if (call.error != 0) return outcome(&call, 0);
  int accepted = note(call.self, accept4(fd, address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (accepted >= 0) address_given(&room, length);
  return outcome(&call, accepted);
}

// name(fd, ofPeer, address): the address of this end, or of the other.
static napi_value Name(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  Bytes room;
  socklen_t length;
  int fd = fd_at(&call, 0);
  int of_peer = int_at(&call, 1);
  struct sockaddr *address = address_room(&call, 2, &room, &length);
  if (call.error != 0) return outcome(&call, 0);
  int result = of_peer != 0 ? getpeername(fd, address, &length) : getsockname(fd, address, &length);
  if (result == 0) address_given(&room, length);
  return outcome(&call, result);
}

// shutdown(fd, how)
static napi_value Shutdown(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  int how = int_at(&call, 1);
  return outcome(&call, call.error != 0 ? 0 : shutdown(fd, how));
}

// receive(fd, bytes, offset, length, flags)
static napi_value Receive(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  int flags = int_at(&call, 4);
  return outcome(&call, call.error != 0 ? 0 : recv(fd, bytes.data, bytes.length, flags));
}

// send(fd, bytes, offset, length, flags)
static napi_value Send(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  int flags = int_at(&call, 4);
  return outcome(&call, call.error != 0 ? 0 : send(fd, bytes.data, bytes.length, flags | MSG_NOSIGNAL));
}

// receiveFrom(fd, bytes, offset, length, flags, address)
static napi_value ReceiveFrom(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  Bytes room;
  socklen_t length;
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  int flags = int_at(&call, 4);
  struct sockaddr *address = address_room(&call, 5, &room, &length);
  if (call.error != 0) return outcome(&call, 0);
  ssize_t result = recvfrom(fd, bytes.data, bytes.length, flags, address, &length);
  // A stream, and a datagram from a socket without a name, give none.
  if (result >= 0) address_given(&room, length);
  return outcome(&call, result);
}

// sendTo(fd, bytes, offset, length, flags, address)
static napi_value SendTo(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  socklen_t length = 0;
  int fd = fd_at(&call, 0);
  Bytes bytes = range_at(&call, 1);
  int flags = int_at(&call, 4);
  const struct sockaddr *address = address_at(&call, 5, &length);
  if (call.error != 0) return outcome(&call, 0);
  return outcome(&call, sendto(fd, bytes.data, bytes.length, flags | MSG_NOSIGNAL, address, length));
}

// getOption(fd, level, name): an option that is an integer. Its value comes in 4 bytes: it may be negative.
static napi_value GetOption(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  int level = int_at(&call, 1);
  int name = int_at(&call, 2);
  Bytes bytes = bytes_at(&call, 3);
  if (call.error != 0) return outcome(&call, 0);
  socklen_t length = (socklen_t)(bytes.length < INT_MAX ? bytes.length : INT_MAX);
  int result = getsockopt(fd, level, name, bytes.data, &length);
  return outcome(&call, result == 0 ? (int)length : result);
}

// setOption(fd, level, name, bytes): the value as it lies in memory.
static napi_value SetOption(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int fd = fd_at(&call, 0);
  int level = int_at(&call, 1);
  int name = int_at(&call, 2);
  Bytes bytes = bytes_at(&call, 3);
  if (call.error != 0) return outcome(&call, 0);
  return outcome(&call, setsockopt(fd, level, name, bytes.data, (socklen_t)bytes.length));
}

// --- epoll -----------------------------------------------------------------------------------------------------------------

static napi_value EpollCreate(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  return outcome(&call, note(call.self, epoll_create1(EPOLL_CLOEXEC)));
}

// epollControl(epoll, operation, fd, events, slot, generation): `fd` may be any descriptor. Slot and generation come back
// with its events.
static napi_value EpollControl(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int epoll = fd_at(&call, 0);
  int operation = int_at(&call, 1);
  int fd = int_at(&call, 2);
  uint32_t events = (uint32_t)int_at(&call, 3);
  uint64_t slot = (uint32_t)int_at(&call, 4);
  uint64_t generation = (uint32_t)int_at(&call, 5);
  struct epoll_event event = {.events = events, .data.u64 = generation << 32 | slot};
  return outcome(&call, call.error != 0 ? 0 : epoll_ctl(epoll, operation, fd, &event));
}

// epollWait(epoll, bytes, timeoutMs): writes 12 bytes for each event: its bits, slot and generation; gives their number.
static napi_value EpollWait(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  struct epoll_event events[256];
  int epoll = fd_at(&call, 0);
  Bytes bytes = bytes_at(&call, 1);
  int timeout = int_at(&call, 2);
  if (call.error != 0) return outcome(&call, 0);
  size_t room = bytes.length / 12;
  size_t most = sizeof events / sizeof *events;
  int count = epoll_wait(epoll, events, (int)(room < most ? room : most), timeout);
  uint8_t *to = bytes.data;
  for (int i = 0; i < count; i++) {
    uint32_t event[3] = {events[i].events, (uint32_t)events[i].data.u64, (uint32_t)(events[i].data.u64 >> 32)};
    memcpy(to, event, sizeof event);
    to += sizeof event;
  }
  return outcome(&call, count);
}

// --- Node's loop -----------------------------------------------------------------------------------------------------------

static void on_ready(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  Environment *self = uv_handle_get_data(handle);
  napi_env env = self->env;
  napi_handle_scope scope;
  napi_value callback, receiver, result;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, self->on_ready, &callback) == napi_ok && napi_get_global(env, &receiver) == napi_ok &&
      napi_make_callback(env, self->context, receiver, callback, 0, NULL, &result) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static void stop_watching(Environment *self, uv_close_cb closed) {
  uv_poll_t *watch = self->watch;
  self->watch = NULL;
  napi_delete_reference(self->env, self->on_ready);
  napi_async_destroy(self->env, self->context);
  uv_close(watch, closed);
}

// watch(epoll, callback): has Node's loop call back, at each of its turns, while the epoll descriptor has events. One in
// each environment, for as long as that lives.
static napi_value Watch(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  Environment *self = call.self;
  int epoll = fd_at(&call, 0);
  napi_valuetype type = napi_undefined;
  struct uv_loop_s *loop;
  napi_value name, resource;
  if (call.count < 2 || napi_typeof(env, call.values[1], &type) != napi_ok || type != napi_function)
    call.error = -EINVAL;
  else if (self->watch != NULL) call.error = -EBUSY;
  if (call.error != 0) return outcome(&call, 0);
  uv_poll_t *watch = malloc(uv_handle_size(UV_POLL));
  if (watch == NULL || napi_get_uv_event_loop(env, &loop) != napi_ok) {
    free(watch);
    errno = ENOMEM;
    return outcome(&call, -1);
  }
  int failed = uv_poll_init(loop, watch, epoll);
  if (failed < 0) {
    free(watch);
    return integer(env, failed);
  }
  uv_handle_set_data(watch, self);
  self->watch = watch;
  self->watched = epoll;
  napi_create_string_utf8(env, "PolluxEpoll", NAPI_AUTO_LENGTH, &name);
  napi_create_object(env, &resource);
  napi_create_reference(env, call.values[1], 1, &self->on_ready);
  napi_async_init(env, resource, name, &self->context);
  failed = uv_poll_start(watch, UV_READABLE, on_ready);
  if (failed < 0) stop_watching(self, free);
  return integer(env, failed);
}

// keepAlive(on): whether the watch keeps Node's loop, and with it the process, alive.
static napi_value KeepAlive(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  int on = int_at(&call, 0);
  if (call.error == 0 && call.self->watch == NULL) call.error = -ENOENT;
  if (call.error != 0) return outcome(&call, 0);
  if (on != 0) uv_ref(call.self->watch);
  else uv_unref(call.self->watch);
  return outcome(&call, 0);
}

// --- Loading and unloading --------------------------------------------------------------------------------------------------

static void free_environment(Environment *self) {
  napi_async_cleanup_hook_handle cleanup = self->cleanup;
  free(self->open);
  free(self);
  napi_remove_async_cleanup_hook(cleanup);
}

static void watch_closed(void *watch) {
  Environment *self = uv_handle_get_data(watch);
  free(watch);
  free_environment(self);
}

// The environment ends: Node waits until the hook is removed.
static void on_end(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  Environment *self = data;
  bool watching = self->watch != NULL;
  if (watching) stop_watching(self, watch_closed);
  for (size_t fd = 0; fd < self->open_bytes * 8; fd++)
    if (is_open(self, (int)fd)) {
      forget_counter((int)fd);
      close((int)fd);
    }
  if (!watching) free_environment(self);
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"accept", Accept},           {"adopt", Adopt},
      {"bind", Bind},               {"close", Close},
      {"connect", Connect},         {"duplicate", Duplicate},
      {"epollControl", EpollControl},
      {"epollCreate", EpollCreate}, {"epollWait", EpollWait},
      {"eventFd", EventFd},         {"getOption", GetOption},
      {"keepAlive", KeepAlive},     {"listen", Listen},
      {"name", Name},               {"pipe", Pipe},
      {"read", Read},               {"readVectored", ReadVectored},
      {"receive", Receive},         {"receiveFrom", ReceiveFrom},
      {"release", Release},         {"send", Send},
      {"sendFile", SendFile},       {"sendTo", SendTo},
      {"setOption", SetOption},     {"share", Share},
      {"shutdown", Shutdown},       {"signal", Signal},
      {"socket", Socket},           {"socketPair", SocketPair},
      {"timerFd", TimerFd},
      {"watch", Watch},             {"write", Write},
      {"writeVectored", WriteVectored},
  };
  Environment *self = calloc(1, sizeof *self);
  if (self == NULL) {
    napi_throw_error(env, "ENOMEM", "pollux: no memory for the native layer");
    return NULL;
  }
  self->env = env;
  if (napi_add_async_cleanup_hook(env, on_end, self, &self->cleanup) != napi_ok) {
    free(self);
    napi_throw_error(env, NULL, "pollux: the native layer cannot be loaded into this environment");
    return NULL;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, self, &function) != napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
