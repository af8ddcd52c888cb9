#include "environment.h"

namespace flambeau {

void Environment::raise(const char* code, const char* message) {
  napi_value factory = nullptr, undefined, args[2], error = nullptr;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return;
  napi_get_undefined(env, &undefined);
  if (create_error) napi_get_reference_value(env, create_error, &factory);
  napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &args[0]);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &args[1]);
  if (factory && napi_call_function(env, undefined, factory, 2, args, &error) == napi_ok) {
    napi_throw(env, error);
  } else {
    napi_throw_error(env, code, message);
  }
}

}  // namespace flambeau
