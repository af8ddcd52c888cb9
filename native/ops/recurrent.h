#pragma once

#include "../drivers/recurrent.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kRecurrentOps{OP("recurrent", recurrent), OP("recurrentBackward", recurrent_backward)};

}  // namespace flambeau
