// Steps of optimizers.
#pragma once

#include "../dtype.h"

namespace flambeau {

// One element-wise optimizer step over n contiguous parameters. PyTorch's formulas; the step-dependent scalars are
// computed once by the caller in double.
struct SgdArgs {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first_step;  // first_step: the momentum buffer is set to the gradient, not blended
};
struct AdamArgs {
  double lr, beta1, beta2, eps, weight_decay;
  double bias_correction1, bias_correction2;
  bool decoupled;  // AdamW: weight decay acts on the parameter, not on the gradient
  bool amsgrad, maximize;
};
using SgdFn = void (*)(const SgdArgs* args, void* param, const void* grad, void* momentum_buffer, size_t n);
using AdamFn = void (*)(const AdamArgs* args, void* param, const void* grad, void* exp_avg, void* exp_avg_sq,
                        void* max_exp_avg_sq, size_t n);

struct OptimTable {
  SgdFn sgd[kDTypeCount];    // FLOATS
  AdamFn adam[kDTypeCount];  // FLOATS
};

}  // namespace flambeau
