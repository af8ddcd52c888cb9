// Normalisation and pooling.
#include "../drivers/drivers.h"
#include "bindings.h"

namespace flambeau {
namespace {

RowNorm row_norm_kind(bool rms) { return rms ? RowNorm::rms : RowNorm::layer; }

PoolArgs pool_args(Environment& e, bool count_include_pad, double divisor) {
  constexpr int kFields = 6;
  const Dims fields = e.dims(2 * kFields);
  const auto axis = [&](int first) {
    return PoolAxis{fields[first],     fields[first + 1], fields[first + 2],
                    fields[first + 3], fields[first + 4], fields[first + 5]};
  };
  return {axis(0), axis(kFields), count_include_pad, divisor};
}

}  // namespace

Handle op_row_norm(Environment&, bool rms, const Tensor& x, const Tensor* weight, const Tensor* bias, int axes,
                   double eps, Tensor* mean, Tensor* rstd, Out out) {
  row_norm(row_norm_kind(rms), x, weight, bias, axes, eps, mean, rstd, out.tensor());
  return out.finish();
}

void op_row_norm_backward(Environment&, bool rms, const Tensor& g, const Tensor& x, const Tensor* weight,
                          const Tensor* mean, const Tensor& rstd, int axes, Tensor* dx, Tensor* dweight,
                          Tensor* dbias) {
  row_norm_backward(row_norm_kind(rms), g, x, weight, mean, rstd, axes, dx, dweight, dbias);
}

Handle op_batch_norm(Environment&, const Tensor& x, const Tensor* weight, const Tensor* bias, Tensor* running_mean,
                     Tensor* running_var, bool training, double momentum, double eps, Tensor* mean, Tensor* rstd,
                     Out out) {
  batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps, mean, rstd, out.tensor());
  return out.finish();
}

void op_batch_norm_backward(Environment&, const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor& mean,
                            const Tensor& rstd, bool training, Tensor* dx, Tensor* dweight, Tensor* dbias) {
  batch_norm_backward(g, x, weight, mean, rstd, training, dx, dweight, dbias);
}

Handle op_group_norm(Environment&, const Tensor& x, int64_t groups, const Tensor* weight, const Tensor* bias,
                     double eps, Tensor* mean, Tensor* rstd, Out out) {
  group_norm(x, groups, weight, bias, eps, mean, rstd, out.tensor());
  return out.finish();
}

void op_group_norm_backward(Environment&, const Tensor& g, const Tensor& x, int64_t groups, const Tensor* weight,
                            const Tensor& mean, const Tensor& rstd, Tensor* dx, Tensor* dweight, Tensor* dbias) {
  group_norm_backward(g, x, groups, weight, mean, rstd, dx, dweight, dbias);
}

Handle op_max_pool(Environment& e, const Tensor& x, Tensor* indices, Out out) {
  max_pool(x, pool_args(e, false, 0), indices, out.tensor());
  return out.finish();
}

Handle op_max_pool_backward(Environment& e, const Tensor& g, const Tensor& indices, Out out) {
  max_pool_backward(g, indices, pool_args(e, false, 0), out.tensor());
  return out.finish();
}

Handle op_avg_pool(Environment& e, const Tensor& x, bool count_include_pad, double divisor, Out out) {
  avg_pool(x, pool_args(e, count_include_pad, divisor), out.tensor());
  return out.finish();
}

Handle op_avg_pool_backward(Environment& e, const Tensor& g, bool count_include_pad, double divisor, Out out) {
  avg_pool_backward(g, pool_args(e, count_include_pad, divisor), out.tensor());
  return out.finish();
}

}  // namespace flambeau
