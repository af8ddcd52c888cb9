// exp, log and what follows from them in double precision; math.h says how large the errors are. The other functions
// call libm for each lane. The polynomials are least-squares fits in 40 digits, weighted for relative error, made for
// this file; the logarithm is 2 atanh(f / (2 + f)) with the large terms kept apart (Tang, "Table-driven implementation
// of the logarithm function in IEEE floating-point arithmetic", 1990, has the idea).
#pragma once

#include "vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

template <class V>
FLAMBEAU_INLINE V poly_f64(V, double c) {
  return V(c);
}
template <class V, class... Doubles>
FLAMBEAU_INLINE V poly_f64(V x, double c, Doubles... rest) {
  return fma(poly_f64(x, rest...), x, V(c));
}

constexpr double kRounderF64 = 6755399441055744.0;  // 1.5 2^52
// n in [-1022, 1023]
template <class V>
FLAMBEAU_INLINE V pow2_f64(V n) {
  return V::from_bits((n + V(kRounderF64 + 1023.0)).bits() << 52);
}
// In two exact steps and a rounding, as in math.h.
template <class V>
FLAMBEAU_INLINE V ldexp_f64(V a, V n) {
  const V half = fma(n, V(0.5), V(kRounderF64)) - V(kRounderF64);
  return a * pow2_f64(half) * pow2_f64(n - half);
}

constexpr double kLn2HiF64 = 0x1.62e42feep-1, kLn2LoF64 = 1.90821492927058770002e-10;  // the first has 33 bits
template <class V>
struct ExponentF64 {
  V n, m;  // e^x = 2^n (1 + m), |m| < 0.42
  FLAMBEAU_INLINE explicit ExponentF64(V x)
      : n(fma(x, V(1.4426950408889634), V(kRounderF64)) - V(kRounderF64)), m(0.0) {
    const V r = fma(n, V(-kLn2LoF64), fma(n, V(-kLn2HiF64), x));
    const V p = poly_f64(r, 0.5, 0.1666666666666658, 0.04166666666665551, 0.00833333333340162, 0.0013888888895853854,
                         0.00019841269652893628, 2.480157146169165e-05, 2.7557513417111053e-06, 2.75720583556561e-07,
                         2.5003474721993683e-08, 1.6103520723443325e-09);
    m = fma(r * r, p, r);
  }
};
template <class V>
FLAMBEAU_INLINE V exp_f64(V x) {
  constexpr double kLeast = -746.0;  // e^x is 0 below
#if defined(__AVX512F__)
  const ExponentF64<V> a(min(V(710.0), x));
  return ldexp_where(not_below(x, V(kLeast)), a.m + V(1.0), a.n);
#else
  const ExponentF64<V> a(min(V(710.0), max(V(kLeast), x)));
  return ldexp_f64(a.m + V(1.0), a.n);
#endif
}
template <class V>
FLAMBEAU_INLINE V expm1_f64(V x) {
  const ExponentF64<V> a(min(V(710.0), max(V(-40.0), x)));
  const V half = pow2_f64(a.n - V(1.0));  // half of 2^n, so that e^709.7 does not overflow on the way
  const V y = fma(half, a.m, half - V(0.5)) * V(2.0);
  return select(abs(x) < V(1e-300), x, y);
}
template <class V>
FLAMBEAU_INLINE V tanh_f64(V x) {
  const ExponentF64<V> a(min(V(44.0), abs(x) * V(2.0)));
  const V power = pow2_f64(a.n);
  const V m = fma(power, a.m, power - V(1.0));
  return copysign(select(abs(x) < V(1e-300), abs(x), m / (m + V(2.0))), x);
}

// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive normal x.
template <class V>
struct PartsF64 {
  V e, f;
  FLAMBEAU_INLINE explicit PartsF64(V x) {
    using Bits = typename V::Bits;
    constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
    const Bits shifted = x.bits() + Bits(uint64_t(0x4000000000000000) - kSqrtHalf);
    const V biased = V::from_bits((shifted >> 52) | Bits(uint64_t(0x4330000000000000)));  // 2^52 + 1024 + e
    e = biased - V(4503599627370496.0 + 1024.0);
    f = V::from_bits((shifted & Bits(uint64_t(0x000fffffffffffff))) + Bits(kSqrtHalf)) - V(1.0);
  }
};
// log(x) + correction, small beside x's own, for positive normal x.
template <class V>
FLAMBEAU_INLINE V log_normal_f64(V x, V correction, V exponent_shift) {
  const PartsF64<V> parts(x);
  const V e = parts.e - exponent_shift, f = parts.f;
  const V s = f / (f + V(2.0)), z = s * s, half = V(0.5) * f * f;
  const V p = poly_f64(z, 0.6666666666666664, 0.3999999999995112, 0.28571428613419453, 0.22222212502825675,
                       0.18182814658581087, 0.15333697456200893, 0.14596100465359738);
  const V tail = fma(s, fma(z, p, half), correction) - half;
  return fma(e, V(kLn2HiF64), f + fma(e, V(kLn2LoF64), tail));
}
template <class V>
FLAMBEAU_INLINE V log_edges_f64(V x, V y) {
  y = select(x < V(static_cast<double>(INFINITY)), y, x);
  y = select(x < V(0.0), V(static_cast<double>(NAN)), y);
  return select(x == V(0.0), V(-static_cast<double>(INFINITY)), y);
}
template <class V>
FLAMBEAU_INLINE V log_f64(V x) {
  const auto subnormal = x < V(2.2250738585072014e-308);
  const V scaled = select(subnormal, x * V(18014398509481984.0), x);  // 2^54
  return log_edges_f64(x, log_normal_f64(scaled, V(0.0), select(subnormal, V(54.0), V(0.0))));
}
template <class V>
FLAMBEAU_INLINE V log1p_f64(V x) {
  const V u = x + V(1.0);
  const V back = u - V(1.0);
  const V lost = (V(1.0) - (u - back)) + (x - back);  // u + lost == 1 + x exactly
  return select(abs(x) < V(1e-300), x, log_edges_f64(u, log_normal_f64(u, lost / u, V(0.0))));
}

// What pow of floats takes. The logarithm to base 2 of a positive float, within 2^-37 of it:
template <class V>
FLAMBEAU_INLINE V log2_of_float(V x) {
  const PartsF64<V> parts(x);
  const V s = parts.f / (parts.f + V(2.0));
  const V p = poly_f64(s * s, 2.8853900817900801, 0.9617966733500856, 0.57708358327652455, 0.41167282604381675,
                       0.34072802913834585);
  return fma(s, p, parts.e);
}
// and 2^x within 2^-34 of it, where a float has it.
template <class V>
FLAMBEAU_INLINE V exp2_to_float(V x) {
  x = min(V(130.0), max(V(-160.0), x));
  const V rounded = x + V(kRounderF64);
  const V m = poly_f64(x - (rounded - V(kRounderF64)), 0.99999999996167934, 0.69314718072843843, 0.24022651198167253,
                       0.055504103534569272, 0.009618027252690619, 0.001333392255491749, 0.00015469291407534769,
                       1.5201924248838622e-5);
  return V::from_bits(m.bits() + (rounded.bits() << 52));
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
