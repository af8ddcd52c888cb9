// Elementwise kernels over strided, broadcast tensors. This holds for all drivers: a parameter's type says what becomes
// of it (tensor/written.h); a result may be one of the operands (same layout), and any other overlap is resolved
// through a temporary. Operands of one call share their dtype: promotion is the caller's. A dtype for which kernels.def
// has no slot throws DTYPE_MISMATCH naming the kernel.
#pragma once

#include "../kernels/elementwise.h"
#include "../tensor/written.h"

namespace flambeau {

void unary(UnaryKernel kernel, const Tensor& x, const double (&p)[2], Out out);
void predicate(PredicateKernel kernel, const Tensor& x, Out out);
void binary(BinaryKernel kernel, const Tensor& a, const Tensor& b, const double (&p)[2], Out out);
// b (or a, when `reversed`) is the scalar, converted to x's dtype; p is the kernel's first parameter.
void binary_scalar(BinaryKernel kernel, const Tensor& x, double scalar, bool reversed, double p, Out out);
void compare(CompareKernel kernel, const Tensor& a, const Tensor& b, Out out);
void compare_scalar(CompareKernel kernel, const Tensor& x, double scalar, Out out);
void where(const Tensor& cond, const Tensor& a, const Tensor& b, Out out);

}  // namespace flambeau
