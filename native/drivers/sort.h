// Orders along an axis; NaN is the largest value.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

void sort(const Tensor& x, int axis, bool descending, Out values, Out indices);          // stable
void topk(const Tensor& x, int axis, int64_t k, bool largest, Out values, Out indices);  // values in order

}  // namespace flambeau
