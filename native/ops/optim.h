#pragma once

#include "../drivers/optim.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kOptimOps{OP("sgd", sgd), OP("adam", adam)};

}  // namespace flambeau
