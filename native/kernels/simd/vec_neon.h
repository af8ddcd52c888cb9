// VecF32 and VecF64: 128-bit registers: the AArch64 baseline. Meanings as in vec_scalar.h.
#pragma once

#include <arm_neon.h>

#include "vec_scalar.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

struct VecF32 {
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
  VecF32() = default;
  FLAMBEAU_INLINE explicit VecF32(float32x4_t x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF32(float x) : v(vdupq_n_f32(x)) {}
  static FLAMBEAU_INLINE VecF32 load(const float* p) { return VecF32(vld1q_f32(p)); }
  static FLAMBEAU_INLINE VecF32 load_partial(const float* p, size_t n) {
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
  FLAMBEAU_INLINE void stream(float* p) const { store(p); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(vreinterpretq_u32_f32(v)); }
  static FLAMBEAU_INLINE VecF32 from_bits(Bits b) { return VecF32(vreinterpretq_f32_u32(b.v)); }

  friend FLAMBEAU_INLINE VecF32 operator+(VecF32 a, VecF32 b) { return VecF32(vaddq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a, VecF32 b) { return VecF32(vsubq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator*(VecF32 a, VecF32 b) { return VecF32(vmulq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator/(VecF32 a, VecF32 b) { return VecF32(vdivq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 operator-(VecF32 a) { return VecF32(vnegq_f32(a.v)); }
  friend FLAMBEAU_INLINE Mask operator<(VecF32 a, VecF32 b) { return Mask(vcltq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF32 a, VecF32 b) { return Mask(vcleq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF32 a, VecF32 b) { return Mask(vcgtq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF32 a, VecF32 b) { return Mask(vcgeq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF32 a, VecF32 b) { return Mask(vceqq_f32(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF32 a, VecF32 b) { return Mask(vmvnq_u32(vceqq_f32(a.v, b.v))); }
  friend FLAMBEAU_INLINE VecF32 select(Mask m, VecF32 a, VecF32 b) { return VecF32(vbslq_f32(m.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 min(VecF32 a, VecF32 b) { return select(a < b, a, b); }
  friend FLAMBEAU_INLINE VecF32 max(VecF32 a, VecF32 b) { return select(a > b, a, b); }
  friend FLAMBEAU_INLINE VecF32 fma(VecF32 a, VecF32 b, VecF32 c) { return VecF32(vfmaq_f32(c.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF32 sqrt(VecF32 a) { return VecF32(vsqrtq_f32(a.v)); }
  friend FLAMBEAU_INLINE VecF32 abs(VecF32 a) { return VecF32(vabsq_f32(a.v)); }
  friend FLAMBEAU_INLINE VecF32 copysign(VecF32 a, VecF32 b) {
    return VecF32(vbslq_f32(vdupq_n_u32(0x80000000u), b.v, a.v));
  }
  friend FLAMBEAU_INLINE VecF32 round(VecF32 a) { return VecF32(vrndnq_f32(a.v)); }
  friend FLAMBEAU_INLINE VecF32 floor(VecF32 a) { return VecF32(vrndmq_f32(a.v)); }
  friend FLAMBEAU_INLINE VecF32 ceil(VecF32 a) { return VecF32(vrndpq_f32(a.v)); }
  friend FLAMBEAU_INLINE VecF32 trunc(VecF32 a) { return VecF32(vrndq_f32(a.v)); }
};

template <class V>
FLAMBEAU_INLINE VecF32 lookup(const float (&table)[16], VecF32::Bits index) {
  const uint8x16x4_t bytes = vld1q_u8_x4(reinterpret_cast<const uint8_t*>(table));
  const uint32x4_t first = vmulq_n_u32(vandq_u32(index.v, vdupq_n_u32(15)), 0x04040404);
  const uint8x16_t places = vreinterpretq_u8_u32(vaddq_u32(first, vdupq_n_u32(0x03020100)));
  return VecF32(vreinterpretq_f32_u8(vqtbl4q_u8(bytes, places)));
}

struct VecF64 {
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
  VecF64() = default;
  FLAMBEAU_INLINE explicit VecF64(float64x2_t x) : v(x) {}
  FLAMBEAU_INLINE explicit VecF64(double x) : v(vdupq_n_f64(x)) {}
  static FLAMBEAU_INLINE VecF64 load(const double* p) { return VecF64(vld1q_f64(p)); }
  static FLAMBEAU_INLINE VecF64 load_partial(const double* p, size_t n) {
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
  FLAMBEAU_INLINE void stream(double* p) const { store(p); }
  FLAMBEAU_INLINE Bits bits() const { return Bits(vreinterpretq_u64_f64(v)); }
  static FLAMBEAU_INLINE VecF64 from_bits(Bits b) { return VecF64(vreinterpretq_f64_u64(b.v)); }

  friend FLAMBEAU_INLINE VecF64 operator+(VecF64 a, VecF64 b) { return VecF64(vaddq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a, VecF64 b) { return VecF64(vsubq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator*(VecF64 a, VecF64 b) { return VecF64(vmulq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator/(VecF64 a, VecF64 b) { return VecF64(vdivq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 operator-(VecF64 a) { return VecF64(vnegq_f64(a.v)); }
  friend FLAMBEAU_INLINE Mask operator<(VecF64 a, VecF64 b) { return Mask(vcltq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator<=(VecF64 a, VecF64 b) { return Mask(vcleq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>(VecF64 a, VecF64 b) { return Mask(vcgtq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator>=(VecF64 a, VecF64 b) { return Mask(vcgeq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator==(VecF64 a, VecF64 b) { return Mask(vceqq_f64(a.v, b.v)); }
  friend FLAMBEAU_INLINE Mask operator!=(VecF64 a, VecF64 b) {
    return Mask(veorq_u64(vceqq_f64(a.v, b.v), vdupq_n_u64(~0ull)));
  }
  friend FLAMBEAU_INLINE VecF64 select(Mask m, VecF64 a, VecF64 b) { return VecF64(vbslq_f64(m.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 min(VecF64 a, VecF64 b) { return select(a < b, a, b); }
  friend FLAMBEAU_INLINE VecF64 max(VecF64 a, VecF64 b) { return select(a > b, a, b); }
  friend FLAMBEAU_INLINE VecF64 fma(VecF64 a, VecF64 b, VecF64 c) { return VecF64(vfmaq_f64(c.v, a.v, b.v)); }
  friend FLAMBEAU_INLINE VecF64 sqrt(VecF64 a) { return VecF64(vsqrtq_f64(a.v)); }
  friend FLAMBEAU_INLINE VecF64 abs(VecF64 a) { return VecF64(vabsq_f64(a.v)); }
  friend FLAMBEAU_INLINE VecF64 copysign(VecF64 a, VecF64 b) {
    return VecF64(vbslq_f64(vdupq_n_u64(0x8000000000000000u), b.v, a.v));
  }
  friend FLAMBEAU_INLINE VecF64 round(VecF64 a) { return VecF64(vrndnq_f64(a.v)); }
  friend FLAMBEAU_INLINE VecF64 floor(VecF64 a) { return VecF64(vrndmq_f64(a.v)); }
  friend FLAMBEAU_INLINE VecF64 ceil(VecF64 a) { return VecF64(vrndpq_f64(a.v)); }
  friend FLAMBEAU_INLINE VecF64 trunc(VecF64 a) { return VecF64(vrndq_f64(a.v)); }
};

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
