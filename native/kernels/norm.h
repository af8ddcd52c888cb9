// Norms over rows and over channels.
#pragma once

#include "../dtype.h"

namespace flambeau {

// Layer norm over rows of n: y = (x - mean) * rstd * weight + bias. weight and bias [n] may be null, and so may mean
// and rstd [rows], which get the statistics. RMS norm has no mean: it is not read or written.
using RowNormFn = void (*)(const void* x, const void* weight, const void* bias, void* y, void* mean, void* rstd,
                           size_t rows, size_t n, double eps);
// dx [rows, n] or null, which is part of `result_bytes` that a thread writes; the rows' part is added to dweight and
// dbias [n], both or neither null.
using RowNormBackwardFn = void (*)(const void* g, const void* x, const void* weight, const void* mean, const void* rstd,
                                   void* dx, void* dweight, void* dbias, size_t rows, size_t n, size_t result_bytes);

// The passes of the norms over channels. x, g and y are [outer, n, inner]: either inner is 1 and run o belongs to
// channel (first + o) % period, or outer is 1 and column i belongs to channel i.
struct ChannelArgs {
  const void *x, *g;
  const void *mean, *scale, *slope, *shift;  // one value per channel
  size_t first, period;
  size_t result_bytes = 0;  // of which y is a part, written by one thread
  size_t ahead = 0;         // elements from x to what will be read next
};
// Each run's (column's) mean and sum of squared deviations from it.
using MomentsFn = void (*)(const void* x, double* mean, double* m2, size_t outer, size_t n, size_t inner);
// channel_affine: y = (x - mean) * scale + shift. channel_gradient: y = g * scale + (x - mean) * slope + shift.
using ChannelFn = void (*)(const ChannelArgs* args, void* y, size_t outer, size_t n, size_t inner);
// Each run's (column's) sums of g and of g * (x - mean).
using ChannelDotsFn = void (*)(const ChannelArgs* args, double* sum, double* dot, size_t outer, size_t n, size_t inner);

struct NormTable {  // FLOATS
  RowNormFn layer_norm[kDTypeCount], rms_norm[kDTypeCount];
  RowNormBackwardFn layer_norm_backward[kDTypeCount], rms_norm_backward[kDTypeCount];
  MomentsFn moments[kDTypeCount];
  ChannelFn channel_affine[kDTypeCount], channel_gradient[kDTypeCount];
  ChannelDotsFn channel_dots[kDTypeCount];
};

}  // namespace flambeau
