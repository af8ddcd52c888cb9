#pragma once

#include "../drivers/pooling.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kPoolingOps{OP("maxPool", max_pool), OP("maxPoolBackward", max_pool_backward),
                                        OP("avgPool", avg_pool), OP("avgPoolBackward", avg_pool_backward)};

}  // namespace flambeau
