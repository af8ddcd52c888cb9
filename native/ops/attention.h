#pragma once

#include "../drivers/attention.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kAttentionOps{OP("attention", attention), OP("attentionBackward", attention_backward)};

}  // namespace flambeau
