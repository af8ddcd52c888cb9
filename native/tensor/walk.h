// The strided walk: visits N operands of one (broadcast) shape as rows, so that kernels see only contiguous runs.
#pragma once

#include "tensor.h"

namespace flambeau {

// The joint iteration space of N operands: axes of size 1 dropped, neighbours merged where every operand allows it,
// so that contiguous operands become one row. axis 0 is outermost. Strides are in bytes.
template <int N>
struct Walk {
  int rank = 0;
  int64_t size[kMaxRank];
  int64_t stride[N][kMaxRank];
  char* base[N];
  int64_t numel = 0;
};

// All tensors already have the same shape (use broadcast_to).
template <int N>
Walk<N> make_walk(const Tensor* const (&operands)[N]);

// Calls row(char* const (&pointers)[N], int64_t n) for each innermost run that intersects elements [begin, end) of the
// row-major order; the innermost strides are walk.stride[i][rank - 1].
template <int N, class Row>
void for_each_row(const Walk<N>& walk, int64_t begin, int64_t end, Row&& row);

}  // namespace flambeau
