// What the normalisations' drivers share.
#pragma once

#include "../tensor/tensor.h"

namespace flambeau {

constexpr int64_t kNormGrain = 16 * 1024;  // elements worth a thread

// An operand of n elements in x's dtype, contiguous.
Tensor check_operand(const char* op, const char* what, const Tensor& x, const Tensor& operand, int64_t n);
// A result given by the caller: n contiguous elements in x's dtype, apart from x.
void check_result(const char* op, const Tensor& x, const Tensor& result, int64_t n);
void fill_if(Tensor* t, double value);  // where it is given

}  // namespace flambeau
