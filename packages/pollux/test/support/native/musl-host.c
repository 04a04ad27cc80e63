// As much of Node as the native layer needs to be loaded and called: musl-host FILE.node. Integers are tagged pointers.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <node_api.h>

typedef struct {
  int is_bytes;
  double number;
  uint8_t *data;
  size_t length;
} Value;

typedef struct {
  const char *name;
  napi_callback function;
  void *data;
} Function;

struct napi_callback_info__ {
  size_t count;
  napi_value *values;
  void *data;
};

static Function functions[64];
static size_t function_count;

static napi_value value_of(Value value) {
  Value *made = malloc(sizeof *made);
  *made = value;
  return (napi_value)made;
}

napi_status napi_create_function(napi_env env, const char *name, size_t length, napi_callback function, void *data,
                                 napi_value *result) {
  (void)env, (void)length;
  functions[function_count] = (Function){name, function, data};
  *result = (napi_value)&functions[function_count++];
  return napi_ok;
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count, napi_value *values, napi_value *self,
                             void **data) {
  (void)env, (void)self;
  for (size_t i = 0; i < info->count && i < *count; i++) values[i] = info->values[i];
  *count = info->count;
  *data = info->data;
  return napi_ok;
}

napi_status napi_get_value_double(napi_env env, napi_value value, double *result) {
  (void)env;
  if (((Value *)value)->is_bytes) return napi_number_expected;
  *result = ((Value *)value)->number;
  return napi_ok;
}

napi_status napi_create_int32(napi_env env, int32_t value, napi_value *result) {
  (void)env;
  *result = value_of((Value){.number = value});
  return napi_ok;
}

napi_status napi_is_typedarray(napi_env env, napi_value value, bool *result) {
  (void)env;
  *result = ((Value *)value)->is_bytes;
  return napi_ok;
}

napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type *type, size_t *length,
                                     void **data, napi_value *buffer, size_t *offset) {
  (void)env, (void)buffer, (void)offset;
  *type = napi_uint8_array;
  *length = ((Value *)value)->length;
  *data = ((Value *)value)->data;
  return napi_ok;
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char *name, napi_value value) {
  (void)env, (void)object, (void)name, (void)value;
  return napi_ok;
}

napi_status napi_add_async_cleanup_hook(napi_env env, napi_async_cleanup_hook hook, void *data,
                                        napi_async_cleanup_hook_handle *handle) {
  (void)env, (void)hook, (void)data, (void)handle;
  return napi_ok;
}

// What else it takes of Node is there to be found, and is not called.
#define ABSENT(name)                          \
  void absent_##name(void) __asm__(#name);    \
  void absent_##name(void) { abort(); }

ABSENT(napi_async_destroy)
ABSENT(napi_async_init)
ABSENT(napi_close_handle_scope)
ABSENT(napi_create_int64)
ABSENT(napi_create_object)
ABSENT(napi_create_reference)
ABSENT(napi_create_string_utf8)
ABSENT(napi_delete_reference)
ABSENT(napi_fatal_exception)
ABSENT(napi_get_and_clear_last_exception)
ABSENT(napi_get_array_length)
ABSENT(napi_get_element)
ABSENT(napi_get_global)
ABSENT(napi_get_reference_value)
ABSENT(napi_get_uv_event_loop)
ABSENT(napi_is_array)
ABSENT(napi_make_callback)
ABSENT(napi_open_handle_scope)
ABSENT(napi_remove_async_cleanup_hook)
ABSENT(napi_throw_error)
ABSENT(napi_typeof)
ABSENT(uv_close)
ABSENT(uv_handle_get_data)
ABSENT(uv_handle_set_data)
ABSENT(uv_handle_size)
ABSENT(uv_poll_init)
ABSENT(uv_poll_start)
ABSENT(uv_ref)
ABSENT(uv_unref)

static Value integer(double number) { return (Value){.number = number}; }

static Value bytes(uint8_t *data, size_t length) { return (Value){.is_bytes = 1, .data = data, .length = length}; }

static int call(const char *name, size_t count, Value *arguments) {
  napi_value values[8];
  for (size_t i = 0; i < count; i++) values[i] = (napi_value)&arguments[i];
  for (size_t i = 0; i < function_count; i++) {
    if (strcmp(functions[i].name, name) != 0) continue;
    struct napi_callback_info__ info = {count, values, functions[i].data};
    return (int)((Value *)functions[i].function(NULL, &info))->number;
  }
  fprintf(stderr, "there is no function %s\n", name);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  napi_value (*start)(napi_env, napi_value);
  *(void **)&start = dlsym(library, "napi_register_module_v1");
  if (start == NULL) return 1;
  start(NULL, NULL);

  int fds[2] = {-1, -1};
  printf("pipe %d, ", call("pipe", 1, (Value[]){bytes((uint8_t *)fds, sizeof fds)}));
  int epoll = call("epollCreate", 0, NULL);
  call("epollControl", 6,
       (Value[]){integer(epoll), integer(1), integer(fds[0]), integer(1), integer(7), integer(1)});
  uint8_t hello[] = "hello", answer[16] = {0}, events[24];
  printf("write %d, ", call("write", 4, (Value[]){integer(fds[1]), bytes(hello, 5), integer(0), integer(5)}));
  int count = call("epollWait", 3, (Value[]){integer(epoll), bytes(events, sizeof events), integer(1000)});
  Value reading[] = {integer(fds[0]), bytes(answer, sizeof answer), integer(0), integer(16)};
  int size = call("read", 4, reading);
  printf("read %d: %.*s, ", size, size, (char *)answer);
  printf("read again %d, epoll %d event, ", call("read", 4, reading), count);
  printf("close %d, ", call("close", 1, (Value[]){integer(fds[0])}));
  printf("close again %d\n", call("close", 1, (Value[]){integer(fds[0])}));
  return 0;
}
