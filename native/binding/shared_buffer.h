// Tensors over memory that JavaScript owns: the storage keeps the ArrayBuffer alive, and the buffer may still be
// detached under it, so every use asks.
#pragma once

#include <node_api.h>

#include "../memory/storage.h"

namespace flambeau {

// The result is used and released on env's own thread only.
Storage* wrap_array_buffer(napi_env env, napi_value array_buffer, void* data, size_t bytes);
bool shared_buffer_is_detached(const Storage* storage);

}  // namespace flambeau
