#pragma once

#include "../tensor/copy.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kCopyOps{OP("cast", cast), OP("copy", copy_into), OP("fill", fill)};

}  // namespace flambeau
