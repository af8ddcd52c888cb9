// The elementary functions over Vec. Single precision has its own vector code, double precision that of math_f64.h or
// libm for each lane.
//
// Largest error against the exact value in ulp of float32, with FMA / without, over every 251st bit pattern and around
// the branch points (test/native/math_test.cpp with that stride); atan2 and pow over 200,000 random pairs:
//   exp 0.97/0.95, exp2 0.83/1.06, expm1 1.34/1.42, log 0.79/0.79, log2 1.16/1.36, log10 0.90/1.62,
//   log1p 0.82/0.83, sin 0.84/0.87, cos 0.89/0.88, tan 1.57/1.56, asin 1.77/1.79, acos 1.11/1.11, atan 1.17/1.25,
//   sinh 1.58/1.58, cosh 1.36/1.38, tanh 1.49/1.49 (AVX-512 1.11), erf 1.15/1.40, erfinv 0.50/0.50, sigmoid 2.26/2.26,
//   gelu 1.93/1.93 and 2.96/2.96 below -5.3, atan2 1.40/1.32, pow 0.50/0.50
// and in ulp of float64 over a million values of every size: exp 1.03, expm1 1.98, log 0.80, log1p 0.80, tanh 2.29,
//   sigmoid 2.25
// Polynomials are minimax fits (Remez, weighted for relative error of the whole function) made for this file. Argument
// reductions follow Cody and Waite, "Software Manual for the Elementary Functions" (1980): the leading parts of a split
// constant have so few bits that their products with the quadrant or exponent are exact with or without FMA.
#pragma once

#include "logarithm.h"
#include "tanh_table.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {
namespace math {

// e^r - 1 for |r| <= 0.35.
template <class V>
FLAMBEAU_INLINE V expm1_reduced(V r) {
  const V p = poly(r, 0.5f, 0.16666667f, 0.041666344f, 0.00833327f, 0.0013942007f, 0.0001991559f);
  return fma(r * r, p, r);
}
template <class V>
struct Exponent {
  V n, r;  // x = n ln2 + r, |r| <= ln2 / 2
  FLAMBEAU_INLINE explicit Exponent(V x) : n(round_small(x, kLog2e)) { r = fma(n, V(-kLn2Lo), fma(n, V(-kLn2Hi), x)); }
};
// 2^r for |r| <= 0.5.
template <class V>
FLAMBEAU_INLINE V exp2_reduced(V r) {
  return fma(r, poly(r, 0.6931472f, 0.24022648f, 0.055503596f, 0.009618503f, 0.0013390997f, 0.00015327803f), V(1.0f));
}
// e^x = 2^n m, m in [0.7, 1.42]: as a power of 2 where products are fused, which costs two instructions less, else by
// the reduction whose products are exact.
template <class V>
struct Scaled {
  V n, m;
  FLAMBEAU_INLINE explicit Scaled(V x) : n(round_small(x, kLog2e)) {
    if constexpr (V::size == 1) m = expm1_reduced(Exponent<V>(x).r) + V(1.0f);
    else m = exp2_reduced(fma(x, V(kLog2eLo), fma(x, V(kLog2e), -n)));
  }
  // e^x, and 0 where x < least. Given x as it was before any bound: from a bounded one GCC makes branches, and the
  // scalar ISA's loops are vectorised no more.
  FLAMBEAU_INLINE V from(V x, float least) const { return ldexp_where(not_below(x, V(least)), m, n); }
};
constexpr float kLeastExponent = -104.0f;      // e^x is 0 below
constexpr float kNormalExponent = -87.33654f;  // and subnormal below this
// e^x / 2 for x >= 0 or NaN, which overflows later than e^x.
template <class V>
FLAMBEAU_INLINE V half_exp(V x) {
  const Scaled<V> a(min(V(90.0f), x));
  return ldexp(a.m, a.n - V(1.0f));
}
// e^x where the result and 2^n are normal: x in [-87, 88].
template <class V>
FLAMBEAU_INLINE V exp_normal(V x) {
  const Scaled<V> a(x);
  return a.m * pow2(a.n);
}

template <class V>
FLAMBEAU_INLINE V exp(V x) {
  if constexpr (has_f64<V>) return exp_f64(x);
  else if constexpr (is_f64<V>) return map_lanes(x, [](double a) { return ::exp(a); });
  else return Scaled<V>(min(V(90.0f), x)).from(x, kLeastExponent);
}
// e^x for x <= 0 or NaN.
template <class V>
FLAMBEAU_INLINE V exp_below(V x) {
  if constexpr (is_f64<V>) return exp(x);
  else return Scaled<V>(x).from(x, kLeastExponent);
}
// The same beside a sum of 1 or more: what would be subnormal is 0.
template <class V>
FLAMBEAU_INLINE V exp_share(V x) {
  if constexpr (is_f64<V>) return exp(x);
  else return Scaled<V>(x).from(x, kNormalExponent);
}
template <class V>
FLAMBEAU_INLINE V exp2(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::exp2(a); });
  } else {
    const auto kept = not_below(x, V(-151.0f));
    x = min(V(129.0f), x);
    const V n = round_small(x);
    return ldexp_where(kept, exp2_reduced(x - n), n);
  }
}
template <class V>
FLAMBEAU_INLINE V expm1(V x) {
  if constexpr (has_f64<V>) {
    return expm1_f64(x);
  } else if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::expm1(a); });
  } else {
    const Exponent<V> a(bound(x, -18.0f, 89.0f));
    const V half = pow2(a.n - V(1.0f));  // half of 2^n, so that e^88.7 does not overflow on the way
    const V y = fma(half, expm1_reduced(a.r), half - V(0.5f)) * V(2.0f);
    return select(abs(x) < V(1e-30f), x, y);  // halving would lose the last bit of a subnormal, and -0
  }
}

// x = n pi/2 + r + low, where low is what rounding took from r. Past the limit n times the 11-bit parts of pi/2 is no
// longer exact, and libm takes the lane.
constexpr float kQuadrantLimit = 12000.0f;
template <class V>
struct Quadrant {
  V r, low;
  typename V::Bits n;  // its low two bits are the quadrant
  FLAMBEAU_INLINE explicit Quadrant(V x) : n(uint32_t(0)) {
    const V count = round_small(x, 0.636619772f);
    n = (count + V(kRounder)).bits();
    const V exact = fma(count, V(-0x1.fb4p-12f), fma(count, V(-0x1.92p+0f), x));
    const V third = count * V(0x1.444p-24f), fourth = count * V(0x1.68c234p-39f);
    const V almost = exact - third;
    r = almost - fourth;
    low = ((exact - almost) - third) + ((almost - r) - fourth);
  }
  FLAMBEAU_INLINE typename V::Mask odd() const {
    return V::from_bits((n & typename V::Bits(uint32_t(1))) << 30) != V(0.0f);
  }
};
template <class V>
FLAMBEAU_INLINE V sin_reduced(V r, V low) {
  const V s = r * r;
  return r + fma(r * s, poly(s, -0.16666667f, 0.008333329f, -0.00019839297f, 2.7179437e-06f), low);
}
template <class V>
FLAMBEAU_INLINE V cos_reduced(V r, V low) {
  const V s = r * r;
  const V p = poly(s, 0.041666646f, -0.0013887339f, 2.4434947e-05f);
  const V half = V(0.5f) * s, main = V(1.0f) - half;
  return main + (((V(1.0f) - main) - half) + fma(s * s, p, -(r * low)));
}
// sin(x + quadrants pi/2)
template <class V>
FLAMBEAU_INLINE V sin_from(V x, uint32_t quadrants) {
  using Bits = typename V::Bits;
  Quadrant<V> a(x);
  a.n = a.n + Bits(quadrants);
  const V y = select(a.odd(), cos_reduced(a.r, a.low), sin_reduced(a.r, a.low));
  return V::from_bits(y.bits() ^ ((a.n & Bits(uint32_t(2))) << 30));
}
template <class V, class F>
FLAMBEAU_INLINE V beyond_quadrants(V x, V y, F libm) {
  const auto beyond = abs(x) > V(kQuadrantLimit);
  if (any(beyond)) y = select(beyond, map_lanes(x, libm), y);
  return y;
}
template <class V>
FLAMBEAU_INLINE V sin(V x) {
  if constexpr (is_f64<V>) return map_lanes(x, [](double a) { return ::sin(a); });
  else return beyond_quadrants(x, select(x == V(0.0f), x, sin_from(x, 0)), [](float a) { return ::sinf(a); });
}
template <class V>
FLAMBEAU_INLINE V cos(V x) {
  if constexpr (is_f64<V>) return map_lanes(x, [](double a) { return ::cos(a); });
  else return beyond_quadrants(x, sin_from(x, 1), [](float a) { return ::cosf(a); });
}
template <class V>
FLAMBEAU_INLINE V tan(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::tan(a); });
  } else {
    const Quadrant<V> a(x);
    const V s = a.r * a.r;
    const V p =
        poly(s, 0.33333352f, 0.13332556f, 0.054071683f, 0.021222677f, 0.010987483f, -0.00010011371f, 0.004468785f);
    const V t = a.r + fma(a.r * s, p, fma(s, a.low, a.low));  // tan' is 1 + r^2 and more
    const V y = select(a.odd(), V(-1.0f) / t, t);
    return beyond_quadrants(x, select(x == V(0.0f), x, y), [](float b) { return ::tanf(b); });
  }
}

// asin(s) for s in [0, 0.55], given square = s^2. From kAsinSplit on asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)); it is
// above 0.5 so that the inner value stays below 0.5, where an error that is doubled counts half.
constexpr float kAsinSplit = 0.55f;
template <class V>
FLAMBEAU_INLINE V asin_reduced(V s, V square) {
  const V p = poly(square, 0.16666639f, 0.07501671f, 0.044303805f, 0.033494186f, 0.008415187f, 0.04548702f);
  return fma(s * square, p, s);
}
template <class V>
FLAMBEAU_INLINE V asin(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::asin(a); });
  } else {
    const V a = abs(x);
    const auto large = a > V(kAsinSplit);
    const V square = select(large, (V(1.0f) - a) * V(0.5f), a * a);
    const V p = asin_reduced(select(large, sqrt(square), a), square);
    return copysign(select(large, fma(V(-2.0f), p, V(kPiHalf)), p), x);
  }
}
template <class V>
FLAMBEAU_INLINE V acos(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::acos(a); });
  } else {
    const V a = abs(x);
    const auto large = a > V(kAsinSplit);
    const V square = select(large, (V(1.0f) - a) * V(0.5f), a * a);
    const V p = copysign(asin_reduced(select(large, sqrt(square), a), square), x);
    const V ends = fma(V(2.0f), p, select(x < V(0.0f), V(2.0f * kPiHalf), V(0.0f)));
    return select(large, ends, V(kPiHalf) - (p - V(kPiHalfLo)));
  }
}
// atan(t) for t in [0, 1].
template <class V>
FLAMBEAU_INLINE V atan_reduced(V t) {
  const V s = t * t;
  const V p = poly(s, -0.33333328f, 0.19999693f, -0.14280139f, 0.110602975f, -0.08819036f, 0.06759979f, -0.044951938f,
                   0.022764854f, -0.007424701f, 0.0011352807f);
  return fma(t * s, p, t);
}
template <class V>
FLAMBEAU_INLINE V atan(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::atan(a); });
  } else {
    const V a = abs(x);
    const auto large = a > V(1.0f);
    const V r = atan_reduced(select(large, V(1.0f) / a, a));
    return copysign(select(large, V(kPiHalf) - (r - V(kPiHalfLo)), r), x);
  }
}
template <class V>
FLAMBEAU_INLINE V atan2(V y, V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(y, x, [](double a, double b) { return ::atan2(a, b); });
  } else {
    const V a = abs(y), b = abs(x);
    const auto steep = a > b;
    const V num = select(steep, b, a), den = select(steep, a, b);
    // Equal magnitudes include 0/0 and inf/inf, which atan2 defines.
    const V t = select(num == den, select(den == V(0.0f), V(0.0f), V(1.0f)), num / den);
    V r = atan_reduced(t);
    r = select(steep, V(kPiHalf) - (r - V(kPiHalfLo)), r);
    r = select(copysign(V(1.0f), x) < V(0.0f), V(2.0f * kPiHalf) - (r - V(2.0f * kPiHalfLo)), r);
    return copysign(r, y);
  }
}

template <class V>
FLAMBEAU_INLINE V sinh(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::sinh(a); });
  } else {
    const V a = abs(x), s = x * x;
    const V small = fma(a * s, poly(s, 0.16666667f, 0.0083333505f, 0.00019836068f, 2.8174354e-06f), a);
    const V half = half_exp(a);
    return copysign(select(a < V(1.0f), small, half - V(0.25f) / half), x);
  }
}
template <class V>
FLAMBEAU_INLINE V cosh(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::cosh(a); });
  } else {
    const V half = half_exp(abs(x));
    return half + V(0.25f) / half;
  }
}
template <class V>
FLAMBEAU_INLINE V tanh(V x) {
  if constexpr (has_f64<V>) {
    return tanh_f64(x);
  } else if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::tanh(a); });
  } else {
    // A polynomial where m below would add its own rounding to everything; else, with m = e^(2|x|) - 1, tanh|x| is
    // m / (m + 2), which rounds to 1 from 9.1 on.
    const V magnitude = abs(x), s = x * x;
    const V small =
        fma(magnitude * s, poly(s, -0.3333332f, 0.13332602f, -0.053853866f, 0.021077706f, -0.0062823007f), magnitude);
    const Exponent<V> a(min(V(20.0f), magnitude * V(2.0f)));
    const V power = pow2(a.n);
    const V m = fma(power, expm1_reduced(a.r), power - V(1.0f));
    return copysign(select(magnitude < V(0.55f), small, m / (m + V(2.0f))), x);
  }
}

// Below 1 a polynomial; above it 1 - e^-q(x), where q = -log(erfc) is nearly quadratic.
template <class V>
FLAMBEAU_INLINE V erf(V x) {
  if constexpr (is_f64<V>) {
    return map_lanes(x, [](double a) { return ::erf(a); });
  } else {
    const V a = abs(x), s = x * x;
    const V small = fma(
        x, poly(s, 0.12837917f, -0.37612626f, 0.112836f, -0.026854444f, 0.0051895357f, -0.0008020842f, 7.889123e-05f),
        x);
    const V t = min(V(3.95f), a);
    const V q =
        poly(t, 0.00035371928f, 1.12704f, 0.6382257f, 0.103037365f, -0.021805316f, 0.0029396068f, -0.00018557395f);
    const V large = copysign(V(1.0f) - exp_normal(-q), x);
    return select(a < V(1.0f), small, large);
  }
}

// x^y as C has it for any x, given |x|^y for positive finite |x|.
template <class V>
FLAMBEAU_INLINE V pow_edges(V x, V y, V r) {
  const V a = abs(x), towards = select(a == V(0.0f), -y, y);
  const V end = select(towards > V(0.0f), V(INFINITY), select(towards < V(0.0f), V(0.0f), towards));
  r = select((a > V(0.0f)) & (a < V(INFINITY)), r, select(a == a, end, a));
  const V half = y * V(0.5f);
  const auto whole = floor(y) == y;
  const auto odd = whole & (floor(half) != half);
  r = select(odd & (copysign(V(1.0f), x) < V(0.0f)), -r, r);
  const auto finite_negative = (x < V(0.0f)) & (x > V(-INFINITY));
  r = select(whole, r, select(finite_negative & (y == y), V(NAN), r));
  return select((y == V(0.0f)) | ((x == V(-1.0f)) & (abs(y) == V(INFINITY))), V(1.0f), r);
}
// In double, so that the result is the nearest float but for one in a hundred.
template <class V>
FLAMBEAU_INLINE V pow_f32(V x, V y) {
  using D = Vec<double>;
  float a[V::size], b[V::size];
  double base[V::size], exponent[V::size];
  abs(x).store(a);
  y.store(b);
  for (size_t i = 0; i < V::size; ++i) base[i] = static_cast<double>(a[i]);
  for (size_t i = 0; i < V::size; ++i) exponent[i] = static_cast<double>(b[i]);
  for (size_t i = 0; i < V::size; i += D::size) {
    exp2_to_float(D::load(exponent + i) * log2_of_float(D::load(base + i))).store(base + i);
  }
  for (size_t i = 0; i < V::size; ++i) a[i] = static_cast<float>(base[i]);
  const V r = select(x == V(1.0f), V(1.0f), V::load(a));
  return any((x <= V(0.0f)) | (x >= V(INFINITY)) | (x != x)) ? pow_edges(x, y, r) : r;
}
template <class V>
FLAMBEAU_INLINE V pow(V x, V y) {
  if constexpr (is_f64<V>) return map_lanes(x, y, [](double a, double b) { return ::pow(a, b); });
  else if constexpr (V::size == 1) return map_lanes(x, y, [](float a, float b) { return ::powf(a, b); });
  else return pow_f32(x, y);
}

// Winitzki's closed form ("A handy approximation for the error function and its inverse", 2008; 2e-3 off) and two steps
// of Halley's method, each of which triples the correct digits. Near the ends it solves for erfc, where 1 - |x| is
// exact.
FLAMBEAU_INLINE double erfinv_scalar(double x) {
  const double a = ::fabs(x);
  if (!(a < 1.0)) return a == 1.0 ? ::copysign(INFINITY, x) : NAN;
  const double kA = 0.147, kTwoOverPi = 0.63661977236758134, kSqrtPiHalf = 0.88622692545275801;
  const double l = ::log1p(-a * a), t = kTwoOverPi / kA + 0.5 * l;
  double y = ::sqrt(::sqrt(t * t - l / kA) - t);
  for (int i = 0; i < 2; ++i) {
    const double excess = a > 0.5 ? (1.0 - a) - ::erfc(y) : ::erf(y) - a;
    const double step = excess * kSqrtPiHalf * ::exp(y * y);
    y -= step / (1.0 + y * step);
  }
  return ::copysign(y, x);
}
template <class V>
FLAMBEAU_INLINE V erfinv(V x) {
  return map_lanes(x, [](typename V::Elem a) { return static_cast<typename V::Elem>(erfinv_scalar(a)); });
}

}  // namespace math
}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
