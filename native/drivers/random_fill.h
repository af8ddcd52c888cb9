// The generator's drivers over tensors. PyTorch fills in memory order, whatever order the axes are in, so a transposed
// tensor gets the numbers its transpose would get; x is dense or not, of any dtype its op has (DTYPE_MISMATCH
// otherwise).
#pragma once

#include "../tensor/tensor.h"
#include "random.h"

namespace flambeau {

enum class Distribution { uniform, normal, exponential, log_normal, cauchy, geometric };

// The parameters as in random.h; b is unused by exponential and geometric. All but geometric are for float dtypes.
void sample(Generator& g, Distribution distribution, Tensor& x, double a, double b);

void random_from_to(Generator& g, Tensor& x, int64_t low, int64_t high);
void random_full(Generator& g, Tensor& x);
void randperm(Generator& g, Tensor& x);  // x has one axis and no bool

// `value` with probability p, else 0.
void bernoulli(Generator& g, Tensor& x, double p, double value);
// 1 with the probability that stands at the element's place in p (float, broadcast to x), else 0. Throws OUT_OF_RANGE
// before anything is drawn when one lies outside [0, 1].
void bernoulli(Generator& g, Tensor& x, const Tensor& p);

// p [rows, categories] (float), out [rows, samples] (int64, given), with replacement.
void multinomial(Generator& g, const Tensor& p, Tensor& out);

}  // namespace flambeau
