#pragma once

#include "../drivers/loss.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kLossOps{OP("nll", nll), OP("nllBackward", nll_backward), OP("crossEntropy", cross_entropy),
                                     OP("crossEntropyBackward", cross_entropy_backward)};

}  // namespace flambeau
