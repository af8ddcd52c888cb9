// Pooling over planes, and its gradients.
#pragma once

#include "../dtype.h"

namespace flambeau {

// Pooling of planes [h.size, w.size] to [h.out, w.out]. kernel 0: adaptive windows, window i is [i * size / out,
// ceil((i + 1) * size / out)). divisor 0: averages divide by the elements of the window, with count_include_pad its
// padding too.
struct PoolAxis {
  int64_t size, out, kernel, stride, pad, dilation;
};
struct PoolArgs {
  PoolAxis h, w;
  bool count_include_pad;
  double divisor;
};
// indices (int32 for f32, int64 for f64) get each maximum's place in its plane; null for none.
using MaxPoolFn = void (*)(const PoolArgs* args, const void* x, void* y, void* indices, size_t planes);
using MaxPoolBackwardFn = void (*)(const PoolArgs* args, const void* g, const void* indices, void* dx, size_t planes);
using AvgPoolFn = void (*)(const PoolArgs* args, const void* x, void* y, size_t planes);  // backward: (g, dx)

struct PoolingTable {  // FLOATS
  MaxPoolFn max_pool[kDTypeCount];
  MaxPoolBackwardFn max_pool_backward[kDTypeCount];
  AvgPoolFn avg_pool[kDTypeCount], avg_pool_backward[kDTypeCount];
};

}  // namespace flambeau
