// The element types every layer agrees on. The numeric values are shared with lib/tensor/dtype.ts.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#define FLAMBEAU_INLINE __forceinline
#else
#define FLAMBEAU_INLINE inline __attribute__((always_inline))
#endif

namespace flambeau {

enum class DType : uint8_t { f32, f64, i32, i64, u8, boolean, bf16, i8 };

inline constexpr int kDTypeCount = 8;

constexpr size_t item_size(DType dtype) {
  constexpr size_t kSizes[kDTypeCount] = {4, 8, 4, 8, 1, 1, 2, 1};
  return kSizes[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) { return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16; }

// bfloat16: the upper half of a float. Arithmetic on it is float's, rounded once, half to even; a NaN stays one.
// Always inlined, so that no translation unit leaves a copy built for its own ISA to the linker.
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  FLAMBEAU_INLINE explicit BFloat16(float x) {
    const uint32_t word = __builtin_bit_cast(uint32_t, x);
    const uint32_t rounded = (word + 0x7fffu + (word >> 16 & 1u)) >> 16;
    bits = static_cast<uint16_t>((word & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
  }
  FLAMBEAU_INLINE operator float() const { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
};

}  // namespace flambeau
