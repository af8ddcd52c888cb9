#pragma once

#include "../drivers/matmul.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kMatmulOps{OP("matmul", matmul), OP("linear", linear)};

}  // namespace flambeau
