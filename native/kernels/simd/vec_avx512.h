// VecF32 and VecF64: 512-bit registers: AVX-512 F, DQ, BW and VL. Meanings as in vec_scalar.h.
#pragma once

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes its own deliberately undefined vectors for a mistake (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif

#include "vec_scalar.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

struct VecF32 {
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
  VecF32() = default;
  FLAMBEAU_INLINE explicit VecF32(__m512 x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF32(float x) : v(_mm512_set1_ps(x)) {}
  static FLAMBEAU_INLINE VecF32 load(const float* p) { return VecF32(_mm512_loadu_ps(p)); }
  static FLAMBEAU_INLINE VecF32 load_halves(const float* p) {
    return VecF32(_mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(p)), _mm256_loadu_ps(p + 8), 1));
  }
  static FLAMBEAU_INLINE VecF32 load_partial(const float* p, size_t n) {
    return VecF32(_mm512_maskz_loadu_ps(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
  FLAMBEAU_INLINE void stream(float* p) const { _mm512_stream_ps(p, v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm512_castps_si512(v)); }
  static FLAMBEAU_INLINE VecF32 from_bits(Bits b) { return VecF32(_mm512_castsi512_ps(b.v)); }

  friend FLAMBEAU_INLINE VecF32 operator+(VecF32 a, VecF32 b) { return VecF32(_mm512_add_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a, VecF32 b) { return VecF32(_mm512_sub_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator*(VecF32 a, VecF32 b) { return VecF32(_mm512_mul_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator/(VecF32 a, VecF32 b) { return VecF32(_mm512_div_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a) { return VecF32(_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))); }
  friend FLAMBEAU_INLINE Mask operator<(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF32 a, VecF32 b) { return Mask(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE VecF32 select(Mask m, VecF32 a, VecF32 b) {
    return VecF32(_mm512_mask_blend_ps(m.v, b.v, a.v));
  }
  friend FLAMBEAU_INLINE VecF32 min(VecF32 a, VecF32 b) { return VecF32(_mm512_min_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 max(VecF32 a, VecF32 b) { return VecF32(_mm512_max_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 fma(VecF32 a, VecF32 b, VecF32 c) { return VecF32(_mm512_fmadd_ps(a.v, b.v, c.v)); }
  // a * 2^n for integral n, exact and with one rounding when the result is subnormal.
  friend FLAMBEAU_INLINE VecF32 ldexp(VecF32 a, VecF32 n) { return VecF32(_mm512_scalef_ps(a.v, n.v)); }
  friend FLAMBEAU_INLINE Mask not_below(VecF32 x, VecF32 least) {
    return Mask(_mm512_cmp_ps_mask(x.v, least.v, _CMP_NLT_UQ));
  }
  friend FLAMBEAU_INLINE VecF32 ldexp_where(Mask kept, VecF32 a, VecF32 n) {
    return VecF32(_mm512_maskz_scalef_ps(kept.v, a.v, n.v));
  }
  friend FLAMBEAU_INLINE VecF32 sqrt(VecF32 a) { return VecF32(_mm512_sqrt_ps(a.v)); }
  friend FLAMBEAU_INLINE VecF32 abs(VecF32 a) { return VecF32(_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)); }
  friend FLAMBEAU_INLINE VecF32 copysign(VecF32 a, VecF32 b) {
    const __m512 sign = _mm512_set1_ps(-0.0f);
    return VecF32(_mm512_or_ps(_mm512_andnot_ps(sign, a.v), _mm512_and_ps(sign, b.v)));
  }
  friend FLAMBEAU_INLINE VecF32 round(VecF32 a) {
    return VecF32(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF32 floor(VecF32 a) {
    return VecF32(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF32 ceil(VecF32 a) {
    return VecF32(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF32 trunc(VecF32 a) {
    return VecF32(_mm512_roundscale_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

template <class V>
FLAMBEAU_INLINE VecF32 lookup(const float (&table)[16], VecF32::Bits index) {
  return VecF32(_mm512_permutexvar_ps(index.v, _mm512_loadu_ps(table)));
}

struct VecF64 {
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
    FLAMBEAU_INLINE explicit Bits(uint64_t x) : v(_mm512_set1_epi64(static_cast<int64_t>(x))) {}
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
  VecF64() = default;
  FLAMBEAU_INLINE explicit VecF64(__m512d x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF64(double x) : v(_mm512_set1_pd(x)) {}
  static FLAMBEAU_INLINE VecF64 load(const double* p) { return VecF64(_mm512_loadu_pd(p)); }
  static FLAMBEAU_INLINE VecF64 load_partial(const double* p, size_t n) {
    return VecF64(_mm512_maskz_loadu_pd(first_lanes(n), p));
  }
  FLAMBEAU_INLINE void store(double* p) const { _mm512_storeu_pd(p, v); }
  FLAMBEAU_INLINE void store_partial(double* p, size_t n) const { _mm512_mask_storeu_pd(p, first_lanes(n), v); }
  FLAMBEAU_INLINE void stream(double* p) const { _mm512_stream_pd(p, v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm512_castpd_si512(v)); }
  static FLAMBEAU_INLINE VecF64 from_bits(Bits b) { return VecF64(_mm512_castsi512_pd(b.v)); }

  friend FLAMBEAU_INLINE VecF64 operator+(VecF64 a, VecF64 b) { return VecF64(_mm512_add_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a, VecF64 b) { return VecF64(_mm512_sub_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator*(VecF64 a, VecF64 b) { return VecF64(_mm512_mul_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator/(VecF64 a, VecF64 b) { return VecF64(_mm512_div_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a) { return VecF64(_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))); }
  friend FLAMBEAU_INLINE Mask operator<(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF64 a, VecF64 b) { return Mask(_mm512_cmp_pd_mask(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE VecF64 select(Mask m, VecF64 a, VecF64 b) {
    return VecF64(_mm512_mask_blend_pd(m.v, b.v, a.v));
  }
  friend FLAMBEAU_INLINE VecF64 min(VecF64 a, VecF64 b) { return VecF64(_mm512_min_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 max(VecF64 a, VecF64 b) { return VecF64(_mm512_max_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 fma(VecF64 a, VecF64 b, VecF64 c) { return VecF64(_mm512_fmadd_pd(a.v, b.v, c.v)); }
  friend FLAMBEAU_INLINE VecF64 ldexp(VecF64 a, VecF64 n) { return VecF64(_mm512_scalef_pd(a.v, n.v)); }
  friend FLAMBEAU_INLINE Mask not_below(VecF64 x, VecF64 least) {
    return Mask(_mm512_cmp_pd_mask(x.v, least.v, _CMP_NLT_UQ));
  }
  friend FLAMBEAU_INLINE VecF64 ldexp_where(Mask kept, VecF64 a, VecF64 n) {
    return VecF64(_mm512_maskz_scalef_pd(kept.v, a.v, n.v));
  }
  friend FLAMBEAU_INLINE VecF64 sqrt(VecF64 a) { return VecF64(_mm512_sqrt_pd(a.v)); }
  friend FLAMBEAU_INLINE VecF64 abs(VecF64 a) { return VecF64(_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)); }
  friend FLAMBEAU_INLINE VecF64 copysign(VecF64 a, VecF64 b) {
    const __m512d sign = _mm512_set1_pd(-0.0);
    return VecF64(_mm512_or_pd(_mm512_andnot_pd(sign, a.v), _mm512_and_pd(sign, b.v)));
  }
  friend FLAMBEAU_INLINE VecF64 round(VecF64 a) {
    return VecF64(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF64 floor(VecF64 a) {
    return VecF64(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF64 ceil(VecF64 a) {
    return VecF64(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF64 trunc(VecF64 a) {
    return VecF64(_mm512_roundscale_pd(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
