#pragma once

#include "../drivers/quantized.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kQuantizedOps{OP("linearInt8", linear_int8)};

}  // namespace flambeau
