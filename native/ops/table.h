// THE op table: every driver that computes, family by family. What concerns the process or Node (threads, memory,
// handles, typed arrays) is binding/'s own.
#pragma once

#include "attention.h"
#include "conv.h"
#include "copy.h"
#include "create.h"
#include "elementwise.h"
#include "indexing.h"
#include "loss.h"
#include "matmul.h"
#include "norm.h"
#include "optim.h"
#include "pooling.h"
#include "quantized.h"
#include "random.h"
#include "recurrent.h"
#include "reduce.h"
#include "sort.h"

namespace flambeau {

inline constexpr auto kOps =
    std::tuple_cat(kAttentionOps, kConvOps, kCopyOps, kCreateOps, kElementwiseOps, kIndexingOps, kLossOps, kMatmulOps,
                   kNormOps, kOptimOps, kPoolingOps, kQuantizedOps, kRandomOps, kRecurrentOps, kReduceOps, kSortOps);

}  // namespace flambeau
