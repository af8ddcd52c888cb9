#include "drivers.h"
#include "element.h"
#include "output.h"

namespace flambeau {
namespace {

void check_target(const Tensor& target, int64_t n, int64_t classes, int64_t ignore_index) {
  check_dtype("nllLoss", target, DType::i64);
  if (target.rank() != 1 || target.shape[0] != n) {
    throw Error("SHAPE_MISMATCH",
                "nllLoss: targets of shape [" + std::to_string(n) + "] were expected, got " + to_string(target.shape));
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t t = target.as<int64_t>()[i * target.strides[0]];
    if (t == ignore_index || (t >= 0 && t < classes)) continue;
    throw Error("INDEX_OUT_OF_RANGE", "nllLoss: target " + std::to_string(t) + " is out of range for " +
                                          std::to_string(classes) + " classes");
  }
}

void check_floats(const Tensor& x) {
  if (!is_floating(x.dtype)) throw_no_kernel("nllLoss", x.dtype);
}

template <class F>
void with_floats(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  if (dtype == DType::bf16) return f(BFloat16(0.0f));
  f(double{});
}

}  // namespace

void nll_forward(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, Tensor& losses,
                 Tensor& weights) {
  check_floats(x);
  if (x.rank() != 2) {
    throw Error("SHAPE_MISMATCH", "nllLoss: an input of shape [n,classes] was expected, got " + to_string(x.shape));
  }
  const int64_t n = x.shape[0], classes = x.shape[1];
  check_target(target, n, classes, ignore_index);
  if (weight) {
    check_same_dtype("nllLoss", x, *weight);
    if (weight->rank() != 1 || weight->shape[0] != classes) {
      throw Error("SHAPE_MISMATCH", "nllLoss: weights of shape [" + std::to_string(classes) + "] were expected, got " +
                                        to_string(weight->shape));
    }
  }
  make_or_check("nllLoss", losses, x.dtype, {n});
  make_or_check("nllLoss", weights, x.dtype, {n});
  Output l = Output::contiguous(losses, {&x, &target, weight ? weight : &x});
  Output w = Output::contiguous(weights, {&x, &target, weight ? weight : &x, &losses});
  const int64_t* const at = target.as<int64_t>();
  with_floats(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const from = x.as<T>();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t t = at[i * target.strides[0]];
      const bool ignored = t == ignore_index;
      const T scale = ignored ? T(0) : weight ? weight->as<T>()[t * weight->strides[0]] : T(1);
      l->as<T>()[i] = ignored ? T(0) : T(-scale * from[i * x.strides[0] + t * x.strides[1]]);
      w->as<T>()[i] = scale;
    }
  });
  l.commit();
  w.commit();
}

void nll_backward(const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes, int64_t ignore_index,
                  Tensor& out) {
  check_floats(g);
  check_same_dtype("nllLoss", g, weights);
  const int64_t n = weights.numel;
  check_target(target, n, classes, ignore_index);
  const Tensor wide_g = broadcast_to(g, {n}), wide_weights = broadcast_to(weights, {n});
  make_or_check("nllLoss", out, g.dtype, {n, classes});
  Output dx = Output::contiguous(out, {&wide_g, &target, &wide_weights});
  fill(*dx, 0);
  const int64_t* const at = target.as<int64_t>();
  with_floats(g.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t t = at[i * target.strides[0]];
      if (t == ignore_index) continue;
      dx->as<T>()[i * classes + t] =
          T(-wide_g.as<T>()[i * wide_g.strides[0]] * wide_weights.as<T>()[i * wide_weights.strides[0]]);
    }
  });
  dx.commit();
}

}  // namespace flambeau
