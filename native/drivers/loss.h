// Losses over x [n, classes] with target [n] int64; weight [classes] or null.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

// Negative log likelihood of log-probabilities. losses [n] is 0 where target == ignore_index; weights [n] gets each
// row's weight (0 where ignored).
void nll(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, Out losses, Out weights);
// dx [n, classes] = -g[i] * weights[i] at target[i], 0 elsewhere; g is [n] (or broadcast to it).
void nll_backward(const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes, int64_t ignore_index,
                  Out out);
// Cross entropy of logits, each target smoothed by `smoothing`. loss is [n], or [] when it is summed, or averaged by
// the targets' weights; stats [2 n + 1] is what the backward reads: two numbers a row and what the sum of the losses
// was divided by (of bf16 in f32). Backward: g has loss's shape.
enum class LossReduction : uint8_t { none, mean, sum };
void cross_entropy(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, double smoothing,
                   LossReduction reduction, Out loss, Out stats);
void cross_entropy_backward(const Tensor& g, const Tensor& x, const Tensor& target, const Tensor* weight,
                            const Tensor& stats, int64_t ignore_index, double smoothing, Out out);

}  // namespace flambeau
