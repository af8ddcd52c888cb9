// Cross entropy of logits in one pass.
#pragma once

#include "../dtype.h"

namespace flambeau {

// The cross entropy of rows of logits [rows, classes] with one target class each.
struct CrossEntropyArgs {
  const int64_t* target;  // in [0, classes), or ignore_index
  int64_t ignore_index;
  const void* weight;  // one per class, or null for ones
  double smoothing;    // what part of each target is spread evenly over all classes
  double weight_sum;   // of all classes
};
// losses[i] = w (1 - smoothing) l(target) + smoothing / classes * the sum of w_c l(c), l(c) = log_total + top - x[c];
// weights[i] = w, that of the target; both are 0 where the target is ignored. stats[i] is the pair (top, log_total).
using CrossEntropyFn = void (*)(const CrossEntropyArgs* args, const void* x, void* losses, void* weights, void* stats,
                                size_t rows, size_t classes);
// dx = the gradient of losses[i] times g[i * g_step]; g_step is 0 or 1.
using CrossEntropyBackwardFn = void (*)(const CrossEntropyArgs* args, const void* x, const void* stats, const void* g,
                                        size_t g_step, void* dx, size_t rows, size_t classes);

struct LossTable {  // FLOATS
  CrossEntropyFn cross_entropy[kDTypeCount];
  CrossEntropyBackwardFn cross_entropy_backward[kDTypeCount];
};

}  // namespace flambeau
