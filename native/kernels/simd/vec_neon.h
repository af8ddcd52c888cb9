// Vec<float> and Vec<double> in 128-bit registers: the AArch64 baseline. Meanings as in vec_scalar.h.
#pragma once

#include <arm_neon.h>

#include "vec_scalar.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <>
struct Vec<float> {
  using Elem = float;
  static constexpr size_t size = 4;

  struct Bits {
    uint32x4_t v;
    FLAMBEAU_INLINE explicit Bits(uint32x4_t x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint32_t x) : v(vdupq_n_u32(x)) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(vaddq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(vsubq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(vandq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(vorrq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(veorq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(vshlq_u32(a.v, vdupq_n_s32(n))); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(vshlq_u32(a.v, vdupq_n_s32(-n))); }
  };
  struct Mask {
    uint32x4_t v;
    FLAMBEAU_INLINE explicit Mask(uint32x4_t x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(vandq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(vorrq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(veorq_u32(a.v, b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return vmaxvq_u32(a.v) != 0; }
  };

  float32x4_t v;
  Vec() = default;
  FLAMBEAU_INLINE explicit Vec(float32x4_t x) : v(x) {}
  FLAMBEAU_INLINE explicit Vec(float x) : v(vdupq_n_f32(x)) {}
  static FLAMBEAU_INLINE Vec load(const float* p) { return Vec(vld1q_f32(p)); }
  static FLAMBEAU_INLINE Vec load_partial(const float* p, size_t n) {
    float lanes[4] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  FLAMBEAU_INLINE void store(float* p) const { vst1q_f32(p, v); }
  FLAMBEAU_INLINE void store_partial(float* p, size_t n) const {
    float lanes[4];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  FLAMBEAU_INLINE Bits bits() const { return Bits(vreinterpretq_u32_f32(v)); }
  static FLAMBEAU_INLINE Vec from_bits(Bits b) { return Vec(vreinterpretq_f32_u32(b.v)); }

  friend FLAMBEAU_INLINE Vec operator+(Vec a, Vec b) { return Vec(vaddq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a, Vec b) { return Vec(vsubq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator*(Vec a, Vec b) { return Vec(vmulq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator/(Vec a, Vec b) { return Vec(vdivq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a) { return Vec(vnegq_f32(a.v)); }
  friend FLAMBEAU_INLINE Mask operator<(Vec a, Vec b) { return Mask(vcltq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator<=(Vec a, Vec b) { return Mask(vcleq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>(Vec a, Vec b) { return Mask(vcgtq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>=(Vec a, Vec b) { return Mask(vcgeq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator==(Vec a, Vec b) { return Mask(vceqq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator!=(Vec a, Vec b) { return Mask(vmvnq_u32(vceqq_f32(a.v, b.v))); }
  friend FLAMBEAU_INLINE Vec select(Mask m, Vec a, Vec b) { return Vec(vbslq_f32(m.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec min(Vec a, Vec b) { return select(a < b, a, b); }
  friend FLAMBEAU_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
  friend FLAMBEAU_INLINE Vec fma(Vec a, Vec b, Vec c) { return Vec(vfmaq_f32(c.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec sqrt(Vec a) { return Vec(vsqrtq_f32(a.v)); }
  friend FLAMBEAU_INLINE Vec abs(Vec a) { return Vec(vabsq_f32(a.v)); }
  friend FLAMBEAU_INLINE Vec copysign(Vec a, Vec b) { return Vec(vbslq_f32(vdupq_n_u32(0x80000000u), b.v, a.v)); }
  friend FLAMBEAU_INLINE Vec round(Vec a) { return Vec(vrndnq_f32(a.v)); }
  friend FLAMBEAU_INLINE Vec floor(Vec a) { return Vec(vrndmq_f32(a.v)); }
  friend FLAMBEAU_INLINE Vec ceil(Vec a) { return Vec(vrndpq_f32(a.v)); }
  friend FLAMBEAU_INLINE Vec trunc(Vec a) { return Vec(vrndq_f32(a.v)); }
};

template <>
struct Vec<double> {
  using Elem = double;
  static constexpr size_t size = 2;

  struct Bits {
    uint64x2_t v;
    FLAMBEAU_INLINE explicit Bits(uint64x2_t x) : v(x) {}
    FLAMBEAU_INLINE explicit Bits(uint64_t x) : v(vdupq_n_u64(x)) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(vaddq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(vsubq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(vandq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(vorrq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(veorq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(vshlq_u64(a.v, vdupq_n_s64(n))); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(vshlq_u64(a.v, vdupq_n_s64(-n))); }
  };
  struct Mask {
    uint64x2_t v;
    FLAMBEAU_INLINE explicit Mask(uint64x2_t x) : v(x) {}
    friend FLAMBEAU_INLINE Mask operator&(Mask a, Mask b) { return Mask(vandq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator|(Mask a, Mask b) { return Mask(vorrq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE Mask operator^(Mask a, Mask b) { return Mask(veorq_u64(a.v, b.v)); }
    friend FLAMBEAU_INLINE bool any(Mask a) { return (vgetq_lane_u64(a.v, 0) | vgetq_lane_u64(a.v, 1)) != 0; }
  };

  float64x2_t v;
  Vec() = default;
  FLAMBEAU_INLINE explicit Vec(float64x2_t x) : v(x) {}
  FLAMBEAU_INLINE explicit Vec(double x) : v(vdupq_n_f64(x)) {}
  static FLAMBEAU_INLINE Vec load(const double* p) { return Vec(vld1q_f64(p)); }
  static FLAMBEAU_INLINE Vec load_partial(const double* p, size_t n) {
    double lanes[2] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load(lanes);
  }
  FLAMBEAU_INLINE void store(double* p) const { vst1q_f64(p, v); }
  FLAMBEAU_INLINE void store_partial(double* p, size_t n) const {
    double lanes[2];
    store(lanes);
    for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  FLAMBEAU_INLINE Bits bits() const { return Bits(vreinterpretq_u64_f64(v)); }
  static FLAMBEAU_INLINE Vec from_bits(Bits b) { return Vec(vreinterpretq_f64_u64(b.v)); }

  friend FLAMBEAU_INLINE Vec operator+(Vec a, Vec b) { return Vec(vaddq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a, Vec b) { return Vec(vsubq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator*(Vec a, Vec b) { return Vec(vmulq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator/(Vec a, Vec b) { return Vec(vdivq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec operator-(Vec a) { return Vec(vnegq_f64(a.v)); }
  friend FLAMBEAU_INLINE Mask operator<(Vec a, Vec b) { return Mask(vcltq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator<=(Vec a, Vec b) { return Mask(vcleq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>(Vec a, Vec b) { return Mask(vcgtq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>=(Vec a, Vec b) { return Mask(vcgeq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator==(Vec a, Vec b) { return Mask(vceqq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator!=(Vec a, Vec b) { return Mask(veorq_u64(vceqq_f64(a.v, b.v), vdupq_n_u64(~0ull))); }
  friend FLAMBEAU_INLINE Vec select(Mask m, Vec a, Vec b) { return Vec(vbslq_f64(m.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec min(Vec a, Vec b) { return select(a < b, a, b); }
  friend FLAMBEAU_INLINE Vec max(Vec a, Vec b) { return select(a > b, a, b); }
  friend FLAMBEAU_INLINE Vec fma(Vec a, Vec b, Vec c) { return Vec(vfmaq_f64(c.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE Vec sqrt(Vec a) { return Vec(vsqrtq_f64(a.v)); }
  friend FLAMBEAU_INLINE Vec abs(Vec a) { return Vec(vabsq_f64(a.v)); }
  friend FLAMBEAU_INLINE Vec copysign(Vec a, Vec b) { return Vec(vbslq_f64(vdupq_n_u64(0x8000000000000000u), b.v, a.v)); }
  friend FLAMBEAU_INLINE Vec round(Vec a) { return Vec(vrndnq_f64(a.v)); }
  friend FLAMBEAU_INLINE Vec floor(Vec a) { return Vec(vrndmq_f64(a.v)); }
  friend FLAMBEAU_INLINE Vec ceil(Vec a) { return Vec(vrndpq_f64(a.v)); }
  friend FLAMBEAU_INLINE Vec trunc(Vec a) { return Vec(vrndq_f64(a.v)); }
};

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
