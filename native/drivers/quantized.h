// Products of weights in 8 bits.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

// x is f32 [m, k], weight int8 [n, k] with one f32 scale or one a row, bias f32 [n] or null; out is f32 [m, n]. x is
// quantised to 8 bits, or to 7 where reduce_range, by its least and greatest element.
void linear_int8(const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias, bool reduce_range,
                 Out out);

}  // namespace flambeau
