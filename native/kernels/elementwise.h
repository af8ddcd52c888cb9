// Kernels of elements: y = f(x), f(a, b), choices and casts.
#pragma once

#include "index.h"

namespace flambeau {

using UnaryFn = void (*)(const void* x, void* y, size_t n, const double* p);

// a_step and b_step are 0 (the operand is one element, used n times) or 1; not both 0. A BINARY kernel of bf16 takes
// that one element as a float.
using BinaryFn = void (*)(const void* a, size_t a_step, const void* b, size_t b_step, void* y, size_t n,
                          const double* p);

// cond is bool; steps as in BinaryFn, for cond, a and b.
using WhereFn = void (*)(const void* cond, size_t cond_step, const void* a, size_t a_step, const void* b, size_t b_step,
                         void* y, size_t n);

using CastFn = void (*)(const void* x, void* y, size_t n);

enum class UnaryKernel : uint16_t {
#define UNARY(name, dtypes, cost) name,
#include "families.inc"
  count
};

enum class PredicateKernel : uint16_t {
#define PREDICATE(name, dtypes) name,
#include "families.inc"
  count
};

enum class BinaryKernel : uint16_t {
#define BINARY(name, dtypes, cost) name,
#include "families.inc"
  count
};

enum class CompareKernel : uint16_t {
#define COMPARE(name, dtypes) name,
#include "families.inc"
  count
};

struct ElementwiseTable {
  UnaryFn unary[kernel_count<UnaryKernel>][kDTypeCount];
  UnaryFn predicate[kernel_count<PredicateKernel>][kDTypeCount];
  BinaryFn binary[kernel_count<BinaryKernel>][kDTypeCount];
  BinaryFn compare[kernel_count<CompareKernel>][kDTypeCount];
  WhereFn where[kDTypeCount];
  CastFn cast[kDTypeCount][kDTypeCount];  // [from][to]
};

}  // namespace flambeau
