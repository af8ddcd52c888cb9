#pragma once

#include "../drivers/random_fill.h"
#include "op.h"

namespace flambeau {

inline constexpr std::tuple kRandomOps{OP("sample", sample),
                                       OP("randomFromTo", fill_from_to),
                                       OP("randomFull", fill_full),
                                       OP("randperm", fill_permutation),
                                       OP("bernoulli", fill_bernoulli),
                                       OP("bernoulliTensor", fill_bernoulli_by),
                                       OP("multinomial", multinomial)};

}  // namespace flambeau
