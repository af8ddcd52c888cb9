// PyTorch's float32 normals, bit for bit: its AVX2 loop evaluates log, sin and cos with the single-precision
// polynomials of Moshier's Cephes library (logf.c, sinf.c). The same operations, fused where they are fused there, give
// the same bits; so this must be compiled with -ffp-contract=off. Fma is a fused multiply-add, however it is had.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

namespace flambeau {
namespace {

// log(x) for x in (0, 1]. x = m · 2^e with m in [√½, √2); log m by a polynomial in f = m - 1.
template <class Fma>
inline float log32(float x, Fma& fma) {
  const int32_t bits = __builtin_bit_cast(int32_t, x);
  const float m = __builtin_bit_cast(float, (bits & 0x007fffff) | 0x3f000000);
  const bool low = m < 0.707106781186547524f;
  const float e = static_cast<float>((bits >> 23) - 126) - (low ? 1.0f : 0.0f);
  const float f = (m - 1.0f) + (low ? m : 0.0f);
  const float f2 = f * f;
  float p = 7.0376836292e-2f;
  p = fma(p, f, -1.1514610310e-1f);
  p = fma(p, f, 1.1676998740e-1f);
  p = fma(p, f, -1.2420140846e-1f);
  p = fma(p, f, 1.4249322787e-1f);
  p = fma(p, f, -1.6668057665e-1f);
  p = fma(p, f, 2.0000714765e-1f);
  p = fma(p, f, -2.4999993993e-1f);
  p = fma(p, f, 3.3333331174e-1f);
  p = fma(p * f, f2, e * -2.12194440e-4f);  // log 2 = 0.693359375 - 2.12194440e-4; e times the first part is exact
  return (f + (p - 0.5f * f2)) + e * 0.693359375f;
}

// sin and cos of x in [0, 2π]: j · π/4, j even, is taken off in three parts (the first two products are exact), then a
// polynomial for each; the octant tells which is which, and the signs.
template <class Fma>
inline void sincos32(float x, float* sine, float* cosine, Fma& fma) {
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float j = static_cast<float>(octant);
  const float r = fma(j, -3.77489497744594108e-8f, (x - j * 0.78515625f) - j * 2.4187564849853515625e-4f);
  const float r2 = r * r;
  float c = fma(2.443315711809948e-5f, r2, -1.388731625493765e-3f);
  c = fma(c, r2, 4.166664568298827e-2f) * r2;
  c = fma(c, r2, r2 * -0.5f) + 1.0f;
  float s = fma(-1.9515295891e-4f, r2, 8.3321608736e-3f);
  s = fma(s, r2, -1.6666654611e-1f) * r2;
  s = fma(s, r, r);
  const bool swap = (octant & 2) != 0;
  const float sin_abs = swap ? c : s;
  const float cos_abs = swap ? s : c;
  *sine = (octant & 4) != 0 ? -sin_abs : sin_abs;
  *cosine = ((octant + 2) & 4) != 0 ? -cos_abs : cos_abs;
}

// n pairs of uniforms (u, v) give n pairs of normals (y, z), which may take their place. One plain loop a step, for the
// compiler's vectorizer.
constexpr size_t kMostPairs = 128;
template <class Fma>
inline void box_muller(const float* u, const float* v, float* y, float* z, size_t n, float mean, float stddev,
                       Fma& fma) {
  constexpr float kTwoPi = 6.28318530717958647692f;
  float radius[kMostPairs], sine[kMostPairs], cosine[kMostPairs];
  for (size_t i = 0; i < n; ++i) radius[i] = -2.0f * log32(1.0f - u[i], fma);
  for (size_t i = 0; i < n; ++i) radius[i] = ::sqrtf(radius[i]);
  for (size_t i = 0; i < n; ++i) sincos32(kTwoPi * v[i], &sine[i], &cosine[i], fma);
  for (size_t i = 0; i < n; ++i) y[i] = fma(radius[i] * cosine[i], stddev, mean);
  for (size_t i = 0; i < n; ++i) z[i] = fma(radius[i] * sine[i], stddev, mean);
}

}  // namespace
}  // namespace flambeau
