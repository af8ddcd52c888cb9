// The activation functions over Vec: shared by the elementwise kernels and GEMM's epilogue.
#pragma once

#include "normal.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

// Through e^-|x|, which cannot overflow, so that both tails keep their relative accuracy.
template <class V>
FLAMBEAU_INLINE V sigmoid(V x) {
  const V e = exp_below(-abs(x));
  return select(x < V(0), e, V(1)) / (e + V(1));
}
template <class V>
FLAMBEAU_INLINE V silu(V x) {
  return x * sigmoid(x);
}
template <class V>
FLAMBEAU_INLINE V log_sigmoid(V x) {
  return minimum(x, V(0)) - log1p(exp(-abs(x)));
}
template <class V>
FLAMBEAU_INLINE V softplus(V x, V beta, V threshold) {
  const V scaled = x * beta;
  return select(scaled > threshold, x, log1p(exp(scaled)) / beta);
}

constexpr double kSqrtHalf = 0.70710678118654752;       // sqrt(1/2)
constexpr double kInvSqrt2Pi = 0.39894228040143268;     // 1 / sqrt(2 pi)
constexpr double kGeluTanhScale = 0.79788456080286536;  // sqrt(2 / pi)
constexpr double kGeluTanhCubic = 0.044715;

template <class V>
FLAMBEAU_INLINE V constant(double x) {
  return V(static_cast<typename V::Elem>(x));
}
// The standard normal distribution function.
template <class V>
FLAMBEAU_INLINE V normal_cdf(V x) {
  return constant<V>(0.5) * (V(1) + erf(x * constant<V>(kSqrtHalf)));
}
template <class V>
FLAMBEAU_INLINE V gelu(V x) {
  if constexpr (is_f64<V>) return x * normal_cdf(x);
  else return gelu_f32(x);
}
template <class V>
FLAMBEAU_INLINE V gelu_backward(V g, V x) {
  if constexpr (is_f64<V>) {
    const V density = exp(constant<V>(-0.5) * x * x) * constant<V>(kInvSqrt2Pi);
    return g * (normal_cdf(x) + x * density);
  } else {
    return g * gelu_slope_f32(x);
  }
}
template <class V>
FLAMBEAU_INLINE V gelu_tanh(V x) {
  const V inner = constant<V>(kGeluTanhScale) * (x + constant<V>(kGeluTanhCubic) * (x * x * x));
  return constant<V>(0.5) * x * (V(1) + tanh(inner));
}
template <class V>
FLAMBEAU_INLINE V gelu_tanh_backward(V g, V x) {
  const V square = x * x;
  const V t = tanh(constant<V>(kGeluTanhScale) * (x + constant<V>(kGeluTanhCubic) * (square * x)));
  const V inner_slope = constant<V>(kGeluTanhScale) * (V(1) + constant<V>(3 * kGeluTanhCubic) * square);
  const V left = constant<V>(0.5) * (V(1) + t);
  const V right = constant<V>(0.5) * x * (V(1) - t * t) * inner_slope;
  return g * (left + right);
}

// Klambauer et al., arXiv:1706.02515.
constexpr double kSeluAlpha = 1.6732632423543772;
constexpr double kSeluScale = 1.0507009873554805;

// tanh(softplus(x)) = n / (n + 2) with n = w (w + 2), w = e^x: nothing cancels, and from 20 on it is 1 in any
// precision.
template <class V>
struct Mish {
  V w, n, tanh;
  FLAMBEAU_INLINE explicit Mish(V x) : w(exp(minimum(x, V(20)))), n(w * (w + V(2))), tanh(n / (n + V(2))) {}
  // The derivative of x tanh(softplus(x)).
  FLAMBEAU_INLINE V slope(V x) const {
    const V rest = n + V(2);
    const V inner = w * (w + V(1)) * V(4) / (rest * rest);  // sigmoid(x) (1 - tanh^2)
    return tanh + x * select(x > V(20), V(0), inner);
  }
};

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
