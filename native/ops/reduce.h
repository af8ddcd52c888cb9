#pragma once

#include "../drivers/reduce.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kReduceOps{OP("reduce", reduce),        OP("squaredDeviations", squared_deviations),
                                       OP("argReduce", arg_reduce), OP("scan", scan),
                                       OP("softmax", softmax),      OP("softmaxBackward", softmax_backward)};

}  // namespace flambeau
