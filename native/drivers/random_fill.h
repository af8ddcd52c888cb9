// The generator's drivers over tensors. PyTorch fills in memory order, whatever order the axes are in, so a transposed
// tensor gets the numbers its transpose would get; x is dense or not, of any dtype its op has (DTYPE_MISMATCH
// otherwise).
#pragma once

#include "../tensor/written.h"
#include "random.h"

namespace flambeau {

enum class Distribution : uint8_t { uniform, normal, exponential, log_normal, cauchy, geometric };

// The parameters as in random.h; b is unused by exponential and geometric. All but geometric are for float dtypes.
void sample(Generator& g, Distribution distribution, Target x, double a, double b);

// As random_from_to, random_full and randperm of random.h.
void fill_from_to(Generator& g, Target x, int64_t low, int64_t high);
void fill_full(Generator& g, Target x);
void fill_permutation(Generator& g, Target x);  // x has one axis and no bool

// `value` with probability p, else 0.
void fill_bernoulli(Generator& g, Target x, double p, double value);
// 1 with the probability that stands at the element's place in p (float, broadcast to x), else 0. Throws OUT_OF_RANGE
// before anything is drawn when one lies outside [0, 1].
void fill_bernoulli_by(Generator& g, Target x, const Tensor& p);

// p [rows, categories] (float), out [rows, samples] (int64), with replacement.
void multinomial(Generator& g, const Tensor& p, int64_t samples, Out out);

}  // namespace flambeau
