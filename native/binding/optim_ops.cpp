#include <vector>

#include "../drivers/drivers.h"
#include "bindings.h"

namespace flambeau {
namespace {

// `width` handles for each parameter. All are resolved before the first is written.
std::vector<Tensor*> resolve(Environment& e, const char* op, const View& handles, size_t width) {
  if (handles.type != napi_float64_array || handles.length % width != 0) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": malformed handle list");
  }
  const double* list = static_cast<const double*>(handles.data);
  std::vector<Tensor*> tensors(handles.length);
  for (size_t i = 0; i < handles.length; ++i) tensors[i] = list[i] == 0 ? nullptr : &e.registry.writable(list[i]);
  return tensors;
}

const double* numbers(const char* op, const View& hyper, size_t n) {
  if (hyper.type != napi_float64_array || hyper.length != n) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": malformed hyperparameters");
  }
  return static_cast<const double*>(hyper.data);
}

}  // namespace

// hyper: lr, momentum, dampening, weightDecay, nesterov, maximize, firstStep.
void op_sgd(Environment& e, View handles, View hyper) {
  const double* h = numbers("SGD", hyper, 7);
  const SgdArgs args{h[0], h[1], h[2], h[3], h[4] != 0, h[5] != 0, h[6] != 0};
  const std::vector<Tensor*> t = resolve(e, "SGD", handles, 3);
  for (size_t i = 0; i < t.size(); i += 3) {
    if (!t[i] || !t[i + 1]) throw Error("BAD_ARGUMENT", "SGD: a parameter or gradient is missing");
  }
  sgd_step(args, t);
}

// hyper: lr, beta1, beta2, eps, weightDecay, biasCorrection1, biasCorrection2, decoupled, amsgrad, maximize.
void op_adam(Environment& e, View handles, View hyper) {
  const double* h = numbers("Adam", hyper, 10);
  const AdamArgs args{h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7] != 0, h[8] != 0, h[9] != 0};
  const std::vector<Tensor*> t = resolve(e, "Adam", handles, 5);
  for (size_t i = 0; i < t.size(); i += 5) {
    if (!t[i] || !t[i + 1] || !t[i + 2] || !t[i + 3]) throw Error("BAD_ARGUMENT", "Adam: a buffer is missing");
  }
  adam_step(args, t);
}

}  // namespace flambeau
