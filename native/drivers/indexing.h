// What moves elements by index or place. Index tensors are int64; each value must lie in [0, size), which is checked
// before anything is written: INDEX_OUT_OF_RANGE names op, axis, value and size. Where PyTorch counts negative ones
// from the end, that is the caller's.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

void index_select(const Tensor& x, int axis, const Tensor& index, Out out);
void embedding(const Tensor& weight, const Tensor& index, Out out);  // rows of [n, width]; out [..., width]
void index_add(Target target, int axis, const Tensor& index, const Tensor& source);
void gather(const Tensor& x, int axis, const Tensor& index, Out out);
void scatter(Target target, int axis, const Tensor& index, const Tensor& source);
void scatter_add(Target target, int axis, const Tensor& index, const Tensor& source);
void concat(const TensorList& inputs, int axis, Out out);
void triangle(const Tensor& x, int64_t diagonal, bool upper, Out out);  // tril, triu of the last two axes
void nonzero(const Tensor& x, Out out);                                 // [count, rank], int64
void flip(const Tensor& x, const Dims& axes, Out out);

}  // namespace flambeau
