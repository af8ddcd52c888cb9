#pragma once

#include "../drivers/sort.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kSortOps{OP("sort", sort), OP("topk", topk)};

}  // namespace flambeau
