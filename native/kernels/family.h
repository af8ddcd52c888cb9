// What the family sources share: the type lists that kernels.def names, and how a row of the table is filled.
#pragma once

#include "fill.h"
#include "simd/vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class... Ts>
struct Types {};
using FLOATS = Types<float, double>;
using INTS = Types<int32_t, int64_t, uint8_t, int8_t>;
using NUMBERS = Types<float, double, int32_t, int64_t, uint8_t, int8_t>;
using BITS = Types<int32_t, int64_t, uint8_t, int8_t, bool>;
using ALL = Types<float, double, int32_t, int64_t, uint8_t, int8_t, bool>;

template <class T>
constexpr DType dtype_of = DType::boolean;
template <>
constexpr DType dtype_of<float> = DType::f32;
template <>
constexpr DType dtype_of<double> = DType::f64;
template <>
constexpr DType dtype_of<int32_t> = DType::i32;
template <>
constexpr DType dtype_of<int64_t> = DType::i64;
template <>
constexpr DType dtype_of<uint8_t> = DType::u8;
template <>
constexpr DType dtype_of<int8_t> = DType::i8;
template <>
constexpr DType dtype_of<BFloat16> = DType::bf16;

template <class T, class Fn>
void set(Fn (&row)[kDTypeCount], Fn fn) {
  row[static_cast<int>(dtype_of<T>)] = fn;
}

// A scalar parameter as the element type. Out-of-range and NaN never reach a conversion that C++ leaves undefined:
// integers saturate, so that an infinite bound is no bound, and NaN becomes 0.
template <class T>
FLAMBEAU_INLINE T parameter(double x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(x);
  } else {
    constexpr bool kSigned = std::is_signed_v<T>;
    constexpr T kMax = static_cast<T>(kSigned ? (uint64_t(1) << (8 * sizeof(T) - 1)) - 1 : ~uint64_t(0));
    constexpr T kMin = static_cast<T>(kSigned ? -kMax - 1 : 0);
    if (!(x == x)) return 0;
    if (x >= static_cast<double>(kMax)) return kMax;
    if (x <= static_cast<double>(kMin)) return kMin;
    return static_cast<T>(x);
  }
}

// An operation is a struct template over Vec with a call operator. One that reads p[] has a constructor taking it.
template <class Op>
FLAMBEAU_INLINE Op make(const double* p) {
  if constexpr (std::is_constructible_v<Op, const double*>) return Op(p);
  else return Op{};
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
