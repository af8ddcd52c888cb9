// The tensors behind a list of handles, for ops of more operands than are comfortable as parameters; 0 is no tensor.
#pragma once

#include <string>

#include "bind.h"

namespace flambeau {

class TensorList {
 public:
  TensorList(const char* op, Environment& e, const View& handles, size_t count)
      : e_(e), list_(static_cast<const double*>(handles.data)) {
    if (handles.type != napi_float64_array || handles.length != count) {
      throw Error("BAD_ARGUMENT", std::string(op) + ": " + std::to_string(count) + " handles were expected");
    }
  }
  const Tensor& at(int i) const { return e_.registry.at(list_[i]); }
  const Tensor* maybe(int i) const { return list_[i] == 0 ? nullptr : &at(i); }
  // To be written into.
  Tensor& result(int i) const { return e_.registry.writable(list_[i]); }
  Tensor* maybe_result(int i) const { return list_[i] == 0 ? nullptr : &result(i); }

 private:
  Environment& e_;
  const double* list_;
};

}  // namespace flambeau
