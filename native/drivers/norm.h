// Normalisations. Where given, mean and rstd get the statistics, dx, dweight and dbias the gradients;
// they are contiguous and share nothing with x.
#pragma once

#include "../tensor/written.h"

namespace flambeau {

// norm.cpp. x's last `axes` axes are normalised; weight and bias have as many elements as those, mean and rstd one a
// row. rms has no mean.
enum class RowNorm : uint8_t { layer, rms };
void row_norm(RowNorm kind, const Tensor& x, const Tensor* weight, const Tensor* bias, int axes, double eps,
              OptionalTarget mean, OptionalTarget rstd, Out out);
void row_norm_backward(RowNorm kind, const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor* mean,
                       const Tensor& rstd, int axes, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias);

// channel_norm.cpp. x is [samples, channels, ...]. In training the statistics are x's own, and the running ones, where
// given, move towards them by `momentum`; else they are the running ones.
void batch_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, OptionalTarget running_mean,
                OptionalTarget running_var, bool training, double momentum, double eps, OptionalTarget mean,
                OptionalTarget rstd, Out out);
void batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor& mean, const Tensor& rstd,
                         bool training, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias);
// mean and rstd have one element for each sample and group.
void group_norm(const Tensor& x, int64_t groups, const Tensor* weight, const Tensor* bias, double eps,
                OptionalTarget mean, OptionalTarget rstd, Out out);
void group_norm_backward(const Tensor& g, const Tensor& x, int64_t groups, const Tensor* weight, const Tensor& mean,
                         const Tensor& rstd, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias);

}  // namespace flambeau
