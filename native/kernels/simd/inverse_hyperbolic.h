// The inverse hyperbolic functions over Vec, through logarithms of sums in which nothing cancels or overflows. Double
// precision is libm's.
//
// Largest error in ulp of float32, found as that of math.h: asinh 1.9, acosh 1.7, atanh 1.7.
#pragma once

#include "math.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

constexpr float kPastSquares = 1e9f;  // from here on x + sqrt(x^2 + 1) is 2x

template <class V>
FLAMBEAU_INLINE V log_of_double(V x) {
  return log(x) + V(0.693147181f);
}
template <class V>
FLAMBEAU_INLINE V asinh(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::asinh(a); });
  } else {
    const V a = abs(x), square = a * a;
    const V near = log1p(a + square / (V(1.0f) + sqrt(square + V(1.0f))));
    return copysign(select(a > V(kPastSquares), log_of_double(a), near), x);
  }
}
template <class V>
FLAMBEAU_INLINE V acosh(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::acosh(a); });
  } else {
    const V above = x - V(1.0f);
    const V near = log1p(above + sqrt(above) * sqrt(above + V(2.0f)));
    return select(x > V(kPastSquares), log_of_double(x), near);
  }
}
template <class V>
FLAMBEAU_INLINE V atanh(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::atanh(a); });
  } else {
    const V a = abs(x);
    return copysign(V(0.5f) * log1p((a + a) / (V(1.0f) - a)), x);
  }
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
