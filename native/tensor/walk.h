// The strided walk: visits N operands of one (broadcast) shape as rows, so that kernels see only contiguous runs.
#pragma once

#include "tensor.h"

namespace flambeau {

// The joint iteration space of N operands: axes of size 1 dropped, neighbours merged where every operand allows it,
// so that contiguous operands become one row. axis 0 is outermost. Strides are in bytes. rank is at least 1: one
// element is a row of length 1.
template <int N>
struct Walk {
  int rank = 0;
  int64_t size[kMaxRank];
  int64_t stride[N][kMaxRank];
  char* base[N];
  int64_t numel = 0;

  int64_t inner_size() const { return size[rank - 1]; }
  int64_t inner_stride(int operand) const { return stride[operand][rank - 1]; }
};

// All tensors already have the same shape (use broadcast_to).
template <int N>
Walk<N> make_walk(const Tensor* const (&operands)[N]) {
  Walk<N> walk;
  const Dims& shape = operands[0]->shape;
  int64_t item[N];
  for (int k = 0; k < N; ++k) {
    walk.base[k] = operands[k]->data();
    item[k] = static_cast<int64_t>(item_size(operands[k]->dtype));
  }
  walk.numel = operands[0]->numel;
  for (int axis = 0; axis < shape.rank; ++axis) {
    const int64_t size = shape[axis];
    if (size == 1) continue;
    bool merges = walk.rank > 0;
    for (int k = 0; merges && k < N; ++k) {
      merges = walk.stride[k][walk.rank - 1] == operands[k]->strides[axis] * item[k] * size;
    }
    const int at = merges ? walk.rank - 1 : walk.rank++;
    walk.size[at] = merges ? walk.size[at] * size : size;
    for (int k = 0; k < N; ++k) walk.stride[k][at] = operands[k]->strides[axis] * item[k];
  }
  if (walk.rank == 0) {
    walk.rank = 1;
    walk.size[0] = 1;
    for (int k = 0; k < N; ++k) walk.stride[k][0] = item[k];
  }
  return walk;
}

// Calls row(char* const (&pointers)[N], int64_t n) for each innermost run that intersects elements [begin, end) of the
// row-major order; the innermost strides are walk.inner_stride(i).
template <int N, class Row>
void for_each_row(const Walk<N>& walk, int64_t begin, int64_t end, Row&& row) {
  if (begin >= end) return;
  const int inner = walk.rank - 1;
  int64_t index[kMaxRank];
  char* pointer[N];
  for (int k = 0; k < N; ++k) pointer[k] = walk.base[k];
  int64_t rest = begin;
  for (int axis = inner; axis >= 0; --axis) {
    index[axis] = rest == 0 ? 0 : rest % walk.size[axis];
    rest = rest == 0 ? 0 : rest / walk.size[axis];
    for (int k = 0; k < N; ++k) pointer[k] += index[axis] * walk.stride[k][axis];
  }
  // What takes a row's start to the next one's, by the outermost axis that advances. One addition for each pointer: a
  // row is often over in 50 ns.
  int64_t step[kMaxRank][N];
  for (int k = 0; k < N; ++k) {
    int64_t back = 0;
    for (int axis = inner - 1; axis >= 0; --axis) {
      step[axis][k] = walk.stride[k][axis] - back;
      back += (walk.size[axis] - 1) * walk.stride[k][axis];
    }
  }
  int64_t left = end - begin;
  const int64_t to_row_end = walk.size[inner] - index[inner];
  int64_t n = to_row_end < left ? to_row_end : left;
  row(static_cast<char* const(&)[N]>(pointer), n);
  for (int k = 0; k < N; ++k) pointer[k] -= index[inner] * walk.stride[k][inner];
  while ((left -= n) > 0) {
    int axis = inner - 1;
    for (; ++index[axis] == walk.size[axis]; --axis) index[axis] = 0;
    for (int k = 0; k < N; ++k) pointer[k] += step[axis][k];
    n = walk.size[inner] < left ? walk.size[inner] : left;
    row(static_cast<char* const(&)[N]>(pointer), n);
  }
}

}  // namespace flambeau
