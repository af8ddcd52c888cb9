// log, log2, log10 and log1p over Vec; math.h has their errors.
#pragma once

#include "math_base.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

// x = 2^e m with m in [sqrt(1/2), sqrt(2)), for positive normal x.
template <class V>
struct Split {
  static constexpr bool takes_all = false;
  V e, m;
  FLAMBEAU_INLINE explicit Split(V x) {
    using Bits = typename V::Bits;
    constexpr uint32_t kSqrtHalf = 0x3f3504f3;  // bits of sqrt(1/2)
    const Bits shifted = x.bits() + Bits(0x40000000 - kSqrtHalf);
    const V biased = V::from_bits((shifted >> 23) | Bits(uint32_t(0x4b000000)));  // 2^23 + 128 + e
    e = biased - V(8388608.0f + 128.0f);
    m = V::from_bits((shifted & Bits(uint32_t(0x007fffff))) + Bits(kSqrtHalf));
  }
};
#if defined(__AVX512F__)
// For every x: e is infinite for zeros and infinity, m NaN for negative numbers and NaN.
template <>
struct Split<VecF32> {
  static constexpr bool takes_all = true;
  VecF32 e, m;
  FLAMBEAU_INLINE explicit Split(VecF32 x) {
    const __m512 exponent = _mm512_getexp_ps(x.v), one = _mm512_set1_ps(1.0f);
    const __m512 mantissa = _mm512_getmant_ps(x.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_nan);
    const __mmask16 high = _mm512_cmp_ps_mask(mantissa, _mm512_set1_ps(kSqrt2), _CMP_GE_OQ);
    e.v = _mm512_mask_add_ps(exponent, high, exponent, one);
    m.v = _mm512_mask_mul_ps(mantissa, high, mantissa, _mm512_set1_ps(0.5f));
  }
};
#endif

// log(x) = e log(2) + f + tail.
template <class V>
struct Logarithm {
  V e, f, tail;
  // correction: what to add to log(x), small beside f.
  FLAMBEAU_INLINE Logarithm(V x, V correction) {
    const Split<V> parts(x);
    e = parts.e;
    f = parts.m - V(1.0f);
    const V p = poly(f, 0.3333331f, -0.24999987f, 0.20002225f, -0.16669251f, 0.14218678f, -0.12384347f, 0.11872847f,
                     -0.117897734f, 0.06915596f);
    const V square = f * f;
    tail = fma(V(-0.5f), square, fma(f * square, p, correction));
  }
};
// The value for 0, negative, infinite and NaN x.
template <class V>
FLAMBEAU_INLINE V log_edges(V x, V y) {
  y = select(x < V(INFINITY), y, x);
  y = select(x < V(0.0f), V(NAN), y);
  return select(x == V(0.0f), V(-INFINITY), y);
}
// Of a logarithm through log_parts, where those do not come by themselves.
template <class V>
FLAMBEAU_INLINE V log_ends(V x, V y) {
  if constexpr (Split<V>::takes_all) return y;
  else return log_edges(x, y);
}
template <class V>
FLAMBEAU_INLINE Logarithm<V> log_parts(V x) {
  if constexpr (Split<V>::takes_all) return Logarithm<V>(x, V(0.0f));
  const auto subnormal = x < V(1.17549435e-38f);
  Logarithm<V> a(select(subnormal, x * V(8388608.0f), x), V(0.0f));
  a.e = a.e - select(subnormal, V(23.0f), V(0.0f));
  return a;
}
template <class V>
FLAMBEAU_INLINE V log(V x) {
  if constexpr (has_f64<V>) {
    return log_f64(x);
  } else if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::log(a); });
  } else {
    const Logarithm<V> a = log_parts(x);
    return log_ends(x, fma(a.e, V(kLn2Hi), a.f + fma(a.e, V(kLn2Lo), a.tail)));
  }
}
template <class V>
FLAMBEAU_INLINE V log2(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::log2(a); });
  } else {
    constexpr float kFraction = 0.442695041f;  // log2(e) - 1: the whole part multiplies without error
    const Logarithm<V> a = log_parts(x);
    const V small = fma(a.f, V(kFraction), a.tail * V(kFraction)) + a.tail;
    return log_ends(x, (small + a.f) + a.e);
  }
}
template <class V>
FLAMBEAU_INLINE V log10(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::log10(a); });
  } else {
    constexpr float kLog10eHi = 0x1.bc8p-2f, kLog10eLo = 0.000212450653f;
    constexpr float kLog10Of2Hi = 0x1.344p-2f, kLog10Of2Lo = 4.60503898e-06f;
    const Logarithm<V> a = log_parts(x);
    const V low = fma(a.e, V(kLog10Of2Lo), fma(a.tail, V(kLog10eHi), (a.f + a.tail) * V(kLog10eLo)));
    return log_ends(x, fma(a.e, V(kLog10Of2Hi), fma(a.f, V(kLog10eHi), low)));
  }
}
template <class V>
FLAMBEAU_INLINE V log1p(V x) {
  if constexpr (has_f64<V>) {
    return log1p_f64(x);
  } else if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::log1p(a); });
  } else {
    const V u = x + V(1.0f);
    const V back = u - V(1.0f);
    const V lost = (V(1.0f) - (u - back)) + (x - back);  // u + lost == 1 + x exactly
    const Logarithm<V> a(u, lost / u);
    const V y = fma(a.e, V(kLn2Hi), a.f + fma(a.e, V(kLn2Lo), a.tail));
    return select(x == V(0.0f), x, log_edges(u, y));
  }
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
