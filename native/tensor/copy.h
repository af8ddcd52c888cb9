// What only moves or makes elements: casts, copies, fills. `out` as drivers/drivers.h has it.
#pragma once

#include "tensor.h"

namespace flambeau {

void cast(const Tensor& x, DType dtype, Tensor& out);  // also the copy: same dtype gives a contiguous clone
void copy_into(const Tensor& source, Tensor& target);  // broadcasts and casts
void fill(Tensor& target, double value);
void fill_i64(Tensor& target, int64_t value);         // exact past 2^53
void arange(double start, double step, Tensor& out);  // out[i] = start + i * step; out is given

}  // namespace flambeau
