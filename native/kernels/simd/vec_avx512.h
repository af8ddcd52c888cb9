// Vec<float> and Vec<double> in 512-bit registers: AVX-512 F, DQ, BW and VL. Meanings as in vec_scalar.h.
#pragma once

#include <immintrin.h>

#include "vec_scalar.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <>
struct Vec<float> {
  using Elem = float;
  static constexpr size_t size = 16;

  struct Mask {
    __mmask16 v;
    FLAMBEAU_INLINE explicit Mask(__mmask16 x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(static_cast<__mmask16>(a.v & b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(static_cast<__mmask16>(a.v | b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(static_cast<__mmask16>(a.v ^ b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return a.v != 0; }
  };
  struct Bits {
    __m512i v;
    FLAMBEAU_INLINE explicit Bits(__m512i x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint32_t x) : v(_mm512_set1_epi32(static_cast<int>(x))) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(_mm512_add_epi32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(_mm512_sub_epi32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(_mm512_and_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(_mm512_or_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(_mm512_xor_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(_mm512_slli_epi32(a.v, n)); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(_mm512_srli_epi32(a.v, n)); }
  };

  // Lanes below n, for partial loads and stores.
  static FLAMBEAU_INLINE __mmask16 first_lanes(size_t n) { return static_cast<__mmask16>((1u << n) - 1); }

  __m512 v;
  Vec() = default;
  FLAMBEAU_INLINE explicit Vec(__m512 x) : v(x) {}
  FLAMBEAU_INLINE explicit Vec(float x) : v(_mm512_set1_ps(x)) {}
  static FLAMBEAU_INLINE Vec load(const float* p) { return Vec(_mm512_loadu_ps(p)); }
  static FLAMBEAU_INLINE Vec load_partial(const float* p, size_t n) {
    return Vec(_mm512_maskz_loadu_ps(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm512_castps_si512(v)); }
  static FLAMBEAU_INLINE Vec from_bits(Bits b) { return Vec(_mm512_castsi512_ps(b.v)); }

  friend FLAMBEAU_INLINE Vec operator+(Vec a, Vec b) { return Vec(_mm512_add_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a, Vec b) { return Vec(_mm512_sub_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator*(Vec a, Vec b) { return Vec(_mm512_mul_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator/(Vec a, Vec b) { return Vec(_mm512_div_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a) { return Vec(_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))); }
  friend FLAMBEAU_INLINE Mask operator<(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(Vec a, Vec b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE Vec select(Mask m, Vec a, Vec b) { return Vec(_mm512_mask_blend_ps(m.v, b.v, a.v)); }
  friend FLAMBEAU_INLINE Vec min(Vec a, Vec b) { return Vec(_mm512_min_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec max(Vec a, Vec b) { return Vec(_mm512_max_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec fma(Vec a, Vec b, Vec c) { return Vec(_mm512_fmadd_ps(a.v, b.v, c.v)); }
  // a * 2^n for integral n, exact and with one rounding when the result is subnormal.
  friend FLAMBEAU_INLINE Vec ldexp(Vec a, Vec n) { return Vec(_mm512_scalef_ps(a.v, n.v)); }
  friend FLAMBEAU_INLINE Vec sqrt(Vec a) { return Vec(_mm512_sqrt_ps(a.v)); }
  friend FLAMBEAU_INLINE Vec abs(Vec a) { return Vec(_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)); }
  friend FLAMBEAU_INLINE Vec copysign(Vec a, Vec b) {
    const __m512 sign = _mm512_set1_ps(-0.0f);
    return Vec(_mm512_or_ps(_mm512_andnot_ps(sign, a.v), _mm512_and_ps(sign, b.v)));
  }
  friend FLAMBEAU_INLINE Vec round(Vec a) {
    return Vec(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec floor(Vec a) {
    return Vec(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec ceil(Vec a) {
    return Vec(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec trunc(Vec a) {
    return Vec(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

template <>
struct Vec<double> {
  using Elem = double;
  static constexpr size_t size = 8;

  struct Mask {
    __mmask8 v;
    FLAMBEAU_INLINE explicit Mask(__mmask8 x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(static_cast<__mmask8>(a.v & b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(static_cast<__mmask8>(a.v | b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(static_cast<__mmask8>(a.v ^ b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return a.v != 0; }
  };
  struct Bits {
    __m512i v;
    FLAMBEAU_INLINE explicit Bits(__m512i x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint64_t x) : v(_mm512_set1_epi64x(static_cast<int64_t>(x))) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(_mm512_add_epi64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(_mm512_sub_epi64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(_mm512_and_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(_mm512_or_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(_mm512_xor_si512(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(_mm512_slli_epi64(a.v, n)); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(_mm512_srli_epi64(a.v, n)); }
  };

  // Lanes below n, for partial loads and stores.
  static FLAMBEAU_INLINE __mmask8 first_lanes(size_t n) { return static_cast<__mmask8>((1u << n) - 1); }

  __m512d v;
  Vec() = default;
  FLAMBEAU_INLINE explicit Vec(__m512d x) : v(x) {}
  FLAMBEAU_INLINE explicit Vec(double x) : v(_mm512_set1_pd(x)) {}
  static FLAMBEAU_INLINE Vec load(const double* p) { return Vec(_mm512_loadu_pd(p)); }
  static FLAMBEAU_INLINE Vec load_partial(const double* p, size_t n) {
    return Vec(_mm512_maskz_loadu_pd(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store(double* p) const { _mm512_storeu_pd(p, v); }
  FLAMBEAU_INLINE void store_partial(double* p, size_t n) const { _mm512_mask_storeu_pd(p, first_lanes(n), v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm512_castpd_si512(v)); }
  static FLAMBEAU_INLINE Vec from_bits(Bits b) { return Vec(_mm512_castsi512_pd(b.v)); }

  friend FLAMBEAU_INLINE Vec operator+(Vec a, Vec b) { return Vec(_mm512_add_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a, Vec b) { return Vec(_mm512_sub_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator*(Vec a, Vec b) { return Vec(_mm512_mul_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator/(Vec a, Vec b) { return Vec(_mm512_div_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a) { return Vec(_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))); }
  friend FLAMBEAU_INLINE Mask operator<(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(Vec a, Vec b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE Vec select(Mask m, Vec a, Vec b) { return Vec(_mm512_mask_blend_pd(m.v, b.v, a.v)); }
  friend FLAMBEAU_INLINE Vec min(Vec a, Vec b) { return Vec(_mm512_min_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec max(Vec a, Vec b) { return Vec(_mm512_max_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec fma(Vec a, Vec b, Vec c) { return Vec(_mm512_fmadd_pd(a.v, b.v, c.v)); }
  friend FLAMBEAU_INLINE Vec ldexp(Vec a, Vec n) { return Vec(_mm512_scalef_pd(a.v, n.v)); }
  friend FLAMBEAU_INLINE Vec sqrt(Vec a) { return Vec(_mm512_sqrt_pd(a.v)); }
  friend FLAMBEAU_INLINE Vec abs(Vec a) { return Vec(_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)); }
  friend FLAMBEAU_INLINE Vec copysign(Vec a, Vec b) {
    const __m512d sign = _mm512_set1_pd(-0.0);
    return Vec(_mm512_or_pd(_mm512_andnot_pd(sign, a.v), _mm512_and_pd(sign, b.v)));
  }
  friend FLAMBEAU_INLINE Vec round(Vec a) {
    return Vec(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec floor(Vec a) {
    return Vec(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec ceil(Vec a) {
    return Vec(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE Vec trunc(Vec a) {
    return Vec(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
