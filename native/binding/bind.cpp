#include "bind.h"

namespace flambeau {

Generator& Values::generator() {
  napi_value v = next();
  napi_valuetype type;
  bool is_ours = false;
  void* data = nullptr;
  if (napi_typeof(e_.env, v, &type) != napi_ok || type != napi_external ||
      napi_check_object_type_tag(e_.env, v, &kGeneratorTag, &is_ours) != napi_ok || !is_ours ||
      napi_get_value_external(e_.env, v, &data) != napi_ok) {
    throw Error("WRONG_TYPE", "a Generator was expected, got an object without a generator's state");
  }
  return *static_cast<Generator*>(data);
}

View Values::view() {
  napi_value v = next();
  constexpr size_t kItem[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  View view{};
  if (napi_get_typedarray_info(e_.env, v, &view.type, &view.length, &view.data, &view.buffer, nullptr) != napi_ok)
    throw Error("BAD_ARGUMENT", "a typed array was expected");
  if (static_cast<size_t>(view.type) >= std::size(kItem)) throw Error("BAD_ARGUMENT", "unsupported typed array");
  view.bytes = view.length * kItem[view.type];
  return view;
}

}  // namespace flambeau
