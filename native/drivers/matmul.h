// Matrix products of tensors. bias is [n] or null, activation as in Epilogue. f32, f64 and bf16 through gemm/; integers
// through a plain loop that wraps.
#pragma once

#include "../kernels/epilogue.h"
#include "../tensor/written.h"

namespace flambeau {

// a is [..., m, k], b is [..., k, n] with broadcast batch axes; any strides (transposed operands are read in place).
void matmul(const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation, Out out);
// x [..., in] times weight [out, in] transposed; the weight's packed panels are kept while it does not change.
void linear(const Tensor& x, const Tensor& weight, const Tensor* bias, Activation activation, Out out);

}  // namespace flambeau
