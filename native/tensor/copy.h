// What only moves or makes elements: casts, copies, fills.
#pragma once

#include "written.h"

namespace flambeau {

void cast(const Tensor& x, DType dtype, Out out);     // also the copy: same dtype gives a contiguous clone
void copy_into(const Tensor& source, Target target);  // broadcasts and casts
void fill(Target target, double value);
void fill_i64(Target target, int64_t value);         // exact past 2^53
void arange(double start, double step, Target out);  // out[i] = start + i * step

}  // namespace flambeau
