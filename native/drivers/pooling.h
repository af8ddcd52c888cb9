// Pooling: the last two axes of x are pooled; args.h and args.w have its sizes.
#pragma once

#include "../kernels/pooling.h"
#include "../tensor/written.h"

namespace flambeau {

// indices, where given, is int32 for float32 and int64 for float64.
void max_pool(const Tensor& x, const PoolArgs& args, OptionalTarget indices, Out out);
void max_pool_backward(const Tensor& g, const Tensor& indices, const PoolArgs& args, Out dx);
void avg_pool(const Tensor& x, const PoolArgs& args, Out out);
void avg_pool_backward(const Tensor& g, const PoolArgs& args, Out dx);

}  // namespace flambeau
