#pragma once

#include "../drivers/conv/conv.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kConvOps{OP("conv", conv), OP("convInput", conv_input), OP("convWeight", conv_weight),
                                     OP("unfold", unfold), OP("fold", fold)};

}  // namespace flambeau
