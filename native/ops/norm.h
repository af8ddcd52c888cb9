#pragma once

#include "../drivers/norm.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kNormOps{OP("rowNorm", row_norm),     OP("rowNormBackward", row_norm_backward),
                                     OP("batchNorm", batch_norm), OP("batchNormBackward", batch_norm_backward),
                                     OP("groupNorm", group_norm), OP("groupNormBackward", group_norm_backward)};

}  // namespace flambeau
