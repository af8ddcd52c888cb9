// VecF32 and VecF64: 256-bit registers: AVX2 with FMA. Meanings as in vec_scalar.h.
#pragma once

#include <immintrin.h>

#include "vec_scalar.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Lanes below n, for partial loads and stores.
FLAMBEAU_INLINE __m256i first_lanes_32(size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
}
FLAMBEAU_INLINE __m256i first_lanes_64(size_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<int64_t>(n)), _mm256_setr_epi64x(0, 1, 2, 3));
}

struct VecF32 {
  using Elem = float;
  static constexpr size_t size = 8;

  struct Mask {
    __m256 v;
    FLAMBEAU_INLINE explicit Mask(__m256 x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(_mm256_and_ps(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(_mm256_or_ps(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(_mm256_xor_ps(a.v, b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return _mm256_movemask_ps(a.v) != 0; }
  };
  struct Bits {
    __m256i v;
    FLAMBEAU_INLINE explicit Bits(__m256i x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint32_t x) : v(_mm256_set1_epi32(static_cast<int>(x))) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(_mm256_add_epi32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(_mm256_sub_epi32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(_mm256_and_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(_mm256_or_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(_mm256_xor_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(_mm256_slli_epi32(a.v, n)); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(_mm256_srli_epi32(a.v, n)); }
  };

  __m256 v;
  VecF32() = default;
  FLAMBEAU_INLINE explicit VecF32(__m256 x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF32(float x) : v(_mm256_set1_ps(x)) {}
  static FLAMBEAU_INLINE VecF32 load(const float* p) { return VecF32(_mm256_loadu_ps(p)); }
  static FLAMBEAU_INLINE VecF32 load_partial(const float* p, size_t n) {
    return VecF32(_mm256_maskload_ps(p, first_lanes_32(n)));
  }
  FLAMBEAU_INLINE void store(float* p) const { _mm256_storeu_ps(p, v); }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const { _mm256_maskstore_ps(p, first_lanes_32(n), v); }
  FLAMBEAU_INLINE void stream(float* p) const { _mm256_stream_ps(p, v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm256_castps_si256(v)); }
  static FLAMBEAU_INLINE VecF32 from_bits(Bits b) { return VecF32(_mm256_castsi256_ps(b.v)); }

  friend FLAMBEAU_INLINE VecF32 operator+(VecF32 a, VecF32 b) { return VecF32(_mm256_add_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a, VecF32 b) { return VecF32(_mm256_sub_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator*(VecF32 a, VecF32 b) { return VecF32(_mm256_mul_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator/(VecF32 a, VecF32 b) { return VecF32(_mm256_div_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a) { return VecF32(_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))); }
  friend FLAMBEAU_INLINE Mask operator<(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF32 a, VecF32 b) { return Mask(_mm256_cmp_ps(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE VecF32 select(Mask m, VecF32 a, VecF32 b) { return VecF32(_mm256_blendv_ps(b.v, a.v, m.v)); }
  friend FLAMBEAU_INLINE VecF32 min(VecF32 a, VecF32 b) { return VecF32(_mm256_min_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 max(VecF32 a, VecF32 b) { return VecF32(_mm256_max_ps(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 fma(VecF32 a, VecF32 b, VecF32 c) { return VecF32(_mm256_fmadd_ps(a.v, b.v, c.v)); }
  friend FLAMBEAU_INLINE VecF32 sqrt(VecF32 a) { return VecF32(_mm256_sqrt_ps(a.v)); }
  friend FLAMBEAU_INLINE VecF32 abs(VecF32 a) { return VecF32(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)); }
  friend FLAMBEAU_INLINE VecF32 copysign(VecF32 a, VecF32 b) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return VecF32(_mm256_or_ps(_mm256_andnot_ps(sign, a.v), _mm256_and_ps(sign, b.v)));
  }
  friend FLAMBEAU_INLINE VecF32 round(VecF32 a) {
    return VecF32(_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF32 floor(VecF32 a) { return VecF32(_mm256_floor_ps(a.v)); }
  friend FLAMBEAU_INLINE VecF32 ceil(VecF32 a) { return VecF32(_mm256_ceil_ps(a.v)); }
  friend FLAMBEAU_INLINE VecF32 trunc(VecF32 a) {
    return VecF32(_mm256_round_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

template <class V>
FLAMBEAU_INLINE VecF32 lookup(const float (&table)[16], VecF32::Bits index) {
  const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index.v);
  const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index.v);
  return VecF32(_mm256_blendv_ps(low, high, _mm256_castsi256_ps((index << 28).v)));
}

struct VecF64 {
  using Elem = double;
  static constexpr size_t size = 4;

  struct Mask {
    __m256d v;
    FLAMBEAU_INLINE explicit Mask(__m256d x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(_mm256_and_pd(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(_mm256_or_pd(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(_mm256_xor_pd(a.v, b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return _mm256_movemask_pd(a.v) != 0; }
  };
  struct Bits {
    __m256i v;
    FLAMBEAU_INLINE explicit Bits(__m256i x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint64_t x) : v(_mm256_set1_epi64x(static_cast<int64_t>(x))) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(_mm256_add_epi64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(_mm256_sub_epi64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(_mm256_and_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(_mm256_or_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(_mm256_xor_si256(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(_mm256_slli_epi64(a.v, n)); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(_mm256_srli_epi64(a.v, n)); }
  };

  __m256d v;
  VecF64() = default;
  FLAMBEAU_INLINE explicit VecF64(__m256d x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF64(double x) : v(_mm256_set1_pd(x)) {}
  static FLAMBEAU_INLINE VecF64 load(const double* p) { return VecF64(_mm256_loadu_pd(p)); }
  static FLAMBEAU_INLINE VecF64 load_partial(const double* p, size_t n) {
    return VecF64(_mm256_maskload_pd(p, first_lanes_64(n)));
  }
  FLAMBEAU_INLINE void store(double* p) const { _mm256_storeu_pd(p, v); }
  FLAMBEAU_INLINE void store_partial(double* p, size_t n) const { _mm256_maskstore_pd(p, first_lanes_64(n), v); }
  FLAMBEAU_INLINE void stream(double* p) const { _mm256_stream_pd(p, v); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(_mm256_castpd_si256(v)); }
  static FLAMBEAU_INLINE VecF64 from_bits(Bits b) { return VecF64(_mm256_castsi256_pd(b.v)); }

  friend FLAMBEAU_INLINE VecF64 operator+(VecF64 a, VecF64 b) { return VecF64(_mm256_add_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a, VecF64 b) { return VecF64(_mm256_sub_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator*(VecF64 a, VecF64 b) { return VecF64(_mm256_mul_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator/(VecF64 a, VecF64 b) { return VecF64(_mm256_div_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a) { return VecF64(_mm256_xor_pd(a.v, _mm256_set1_pd(-0.0))); }
  friend FLAMBEAU_INLINE Mask operator<(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_LE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_GT_OQ)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_GE_OQ)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_EQ_OQ)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF64 a, VecF64 b) { return Mask(_mm256_cmp_pd(a.v, b.v, _CMP_NEQ_UQ)); }
  friend FLAMBEAU_INLINE VecF64 select(Mask m, VecF64 a, VecF64 b) { return VecF64(_mm256_blendv_pd(b.v, a.v, m.v)); }
  friend FLAMBEAU_INLINE VecF64 min(VecF64 a, VecF64 b) { return VecF64(_mm256_min_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 max(VecF64 a, VecF64 b) { return VecF64(_mm256_max_pd(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 fma(VecF64 a, VecF64 b, VecF64 c) { return VecF64(_mm256_fmadd_pd(a.v, b.v, c.v)); }
  friend FLAMBEAU_INLINE VecF64 sqrt(VecF64 a) { return VecF64(_mm256_sqrt_pd(a.v)); }
  friend FLAMBEAU_INLINE VecF64 abs(VecF64 a) { return VecF64(_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v)); }
  friend FLAMBEAU_INLINE VecF64 copysign(VecF64 a, VecF64 b) {
    const __m256d sign = _mm256_set1_pd(-0.0);
    return VecF64(_mm256_or_pd(_mm256_andnot_pd(sign, a.v), _mm256_and_pd(sign, b.v)));
  }
  friend FLAMBEAU_INLINE VecF64 round(VecF64 a) {
    return VecF64(_mm256_round_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  friend FLAMBEAU_INLINE VecF64 floor(VecF64 a) { return VecF64(_mm256_floor_pd(a.v)); }
  friend FLAMBEAU_INLINE VecF64 ceil(VecF64 a) { return VecF64(_mm256_ceil_pd(a.v)); }
  friend FLAMBEAU_INLINE VecF64 trunc(VecF64 a) {
    return VecF64(_mm256_round_pd(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
  }
};

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
