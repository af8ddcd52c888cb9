// The indices of a family's kernels: an enum in the order of kernels.def, which ends with `count`.
#pragma once

#include "../dtype.h"

namespace flambeau {

template <class Kernel>
inline constexpr size_t kernel_count = static_cast<size_t>(Kernel::count);

}  // namespace flambeau
