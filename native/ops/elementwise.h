#pragma once

#include "../drivers/elementwise.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kElementwiseOps{OP("unary", unary),     OP("predicate", predicate),
                                            OP("binary", binary),   OP("binaryScalar", binary_scalar),
                                            OP("compare", compare), OP("compareScalar", compare_scalar),
                                            OP("where", where)};

}  // namespace flambeau
