#include "shared_buffer.h"

#include "../error.h"

namespace flambeau {
namespace {

struct SharedBuffer {
  napi_env env;
  napi_ref buffer;
};

void release(void* context) {
  auto* shared = static_cast<SharedBuffer*>(context);
  napi_delete_reference(shared->env, shared->buffer);
  delete shared;
}

}  // namespace

Storage* wrap_array_buffer(napi_env env, napi_value array_buffer, void* data, size_t bytes) {
  auto* shared = new SharedBuffer{env, nullptr};
  if (napi_create_reference(env, array_buffer, 1, &shared->buffer) != napi_ok) {
    delete shared;
    throw Error("BAD_ARGUMENT", "share: the ArrayBuffer cannot be referenced");
  }
  return Storage::wrap(data, bytes, release, shared);
}

bool shared_buffer_is_detached(const Storage* storage) {
  auto* shared = static_cast<const SharedBuffer*>(storage->context());
  napi_handle_scope scope;
  napi_open_handle_scope(shared->env, &scope);
  napi_value buffer = nullptr;
  bool detached = true;
  napi_get_reference_value(shared->env, shared->buffer, &buffer);
  if (buffer) napi_is_detached_arraybuffer(shared->env, buffer, &detached);
  napi_close_handle_scope(shared->env, scope);
  return detached;
}

}  // namespace flambeau
