#pragma once

#include "../drivers/indexing.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kIndexingOps{OP("indexSelect", index_select),
                                         OP("embedding", embedding),
                                         OP("indexAdd", index_add),
                                         OP("gather", gather),
                                         OP("scatter", scatter),
                                         OP("scatterAdd", scatter_add),
                                         OP("concat", concat),
                                         OP("triangle", triangle),
                                         OP("nonzero", nonzero),
                                         OP("flip", flip)};

}  // namespace flambeau
