// Kernels over the middle axis of [outer, n, inner]: reductions, scans and softmax.
#pragma once

#include "index.h"

namespace flambeau {

// x is [outer, n, inner]; y is [outer, inner] for a reduction, x's shape for a scan.
using ReduceFn = void (*)(const void* x, void* y, size_t outer, size_t n, size_t inner);
// Over the middle axis of [outer, n, stride], of which the first `inner` columns are done.
using SoftmaxFn = void (*)(const void* x, void* y, size_t outer, size_t n, size_t inner, size_t stride);
using SoftmaxBackwardFn = void (*)(const void* g, const void* y, void* dx, size_t outer, size_t n, size_t inner,
                                   size_t stride);

enum class ReduceKernel : uint16_t {
#define REDUCE(name, dtypes) name,
#include "families.inc"
  count
};

enum class ArgReduceKernel : uint16_t {
#define ARG_REDUCE(name, dtypes) name,
#include "families.inc"
  count
};

enum class ScanKernel : uint16_t {
#define SCAN(name, dtypes) name,
#include "families.inc"
  count
};

enum class SoftmaxKernel : uint16_t {
#define SOFTMAX(name, dtypes) name,
#include "families.inc"
  count
};

enum class SoftmaxBackwardKernel : uint16_t {
#define SOFTMAX_BACKWARD(name, dtypes) name,
#include "families.inc"
  count
};

struct ReduceTable {
  ReduceFn reduce[kernel_count<ReduceKernel>][kDTypeCount];
  ReduceFn arg_reduce[kernel_count<ArgReduceKernel>][kDTypeCount];
  ReduceFn scan[kernel_count<ScanKernel>][kDTypeCount];
  SoftmaxFn softmax[kernel_count<SoftmaxKernel>][kDTypeCount];
  SoftmaxBackwardFn softmax_backward[kernel_count<SoftmaxBackwardKernel>][kDTypeCount];
};

}  // namespace flambeau
