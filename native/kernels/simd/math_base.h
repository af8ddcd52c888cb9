// What the elementary functions of math.h are made of: polynomials, rounding, powers of 2, constants.
#pragma once

#include "math_f64.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

template <class V>
constexpr bool is_f64 = std::is_same_v<typename V::Elem, double>;
// Whether math_f64.h pays: a lone lane is libm's.
template <class V>
constexpr bool has_f64 = is_f64<V> && (V::size > 1);

template <class V, class F>
FLAMBEAU_INLINE V map_lanes(V x, F f) {
  typename V::Elem lanes[V::size];
  x.store(lanes);
  for (size_t i = 0; i < V::size; ++i) lanes[i] = f(lanes[i]);
  return V::load(lanes);
}
template <class V, class F>
FLAMBEAU_INLINE V map_lanes(V x, V y, F f) {
  typename V::Elem a[V::size], b[V::size];
  x.store(a);
  y.store(b);
  for (size_t i = 0; i < V::size; ++i) a[i] = f(a[i], b[i]);
  return V::load(a);
}

// c0 + c1 x + c2 x^2 + ...
template <class V>
FLAMBEAU_INLINE V poly(V, float c) {
  return V(c);
}
template <class V, class... Floats>
FLAMBEAU_INLINE V poly(V x, float c, Floats... rest) {
  return fma(poly(x, rest...), x, V(c));
}

// NaN stays NaN.
template <class V>
FLAMBEAU_INLINE V bound(V x, float low, float high) {
  return min(V(high), max(V(low), x));
}

// Half to even for |x| < 2^22, as two additions; what is left in the low bits of x + kRounder is the integer itself.
constexpr float kRounder = 12582912.0f;
template <class V>
FLAMBEAU_INLINE V round_small(V x) {
  return (x + V(kRounder)) - V(kRounder);
}
// The integer nearest to x scale, in one instruction less.
template <class V>
FLAMBEAU_INLINE V round_small(V x, float scale) {
  return fma(x, V(scale), V(kRounder)) - V(kRounder);
}
// 2^n for integral n in [-126, 127].
template <class V>
FLAMBEAU_INLINE V pow2(V n) {
  return V::from_bits((n + V(kRounder + 127.0f)).bits() << 23);
}
// a 2^n for integral n in [-252, 254]; one rounding, since the first product is exact for a in [0.5, 2).
// AVX-512 has an instruction for it, which overload resolution prefers.
template <class V>
FLAMBEAU_INLINE V ldexp(V a, V n) {
  const V half = round_small(n, 0.5f);
  return a * pow2(half) * pow2(n - half);
}

// Whether x >= least, or NaN.
template <class V>
FLAMBEAU_INLINE typename V::Mask not_below(V x, V least) {
  return (x >= least) | (x != x);
}
// a 2^n where `kept`, 0 elsewhere, whatever is there: an operation whose result is too small to be normal takes Intel's
// CPUs a hundred cycles, also when that result is then 0.
template <class V>
FLAMBEAU_INLINE V ldexp_where(typename V::Mask kept, V a, V n) {
  return select(kept, ldexp(a, select(kept, n, V(0.0f))), V(0.0f));
}

constexpr float kLog2e = 1.44269504f;
constexpr float kLog2eLo = 1.925963e-8f;  // log2(e) - kLog2e
constexpr float kLn2Hi = 0x1.62cp-1f;     // 11 bits
constexpr float kLn2Lo = 0.00027608681f;
constexpr float kSqrt2 = 1.41421356f;
constexpr float kPiHalf = 1.57079637f;
constexpr float kPiHalfLo = -4.37113883e-8f;  // pi/2 - kPiHalf

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
