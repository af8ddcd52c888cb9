// Lane<T>: a vector of one element. It is Vec<T> for every integer type on every ISA and for float and double where
// there is no vector unit to name. Its operations are plain expressions without branches, so that the compiler turns a
// loop over lanes into vector code for whatever flags the source is built with.
//
// What every Vec offers, with the same meaning on all ISAs: load/store and their partial forms for tails, stream (a
// store past the cache, to an address that is a multiple of the vector), arithmetic (integers wrap), fma, comparisons
// giving a Mask, select, min/max as `a < b ? a : b` and `a > b ? a : b` (so the second operand wins when either is
// NaN), rounding, Bits, the unsigned integers behind the lanes, and for float lookup: table[index & 15] in each lane.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>

#include "../../dtype.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define FLAMBEAU_LOOP __pragma(loop(ivdep))
#elif defined(__clang__)
// FLAMBEAU_LOOP permits vector code; a loop that is vector code already, or calls libm, is no mistake. Nor is & on
// bool, which keeps a loop free of branches.
#pragma clang diagnostic ignored "-Wpass-failed"
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#define FLAMBEAU_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define FLAMBEAU_LOOP _Pragma("GCC ivdep")
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
struct UnsignedOf {
  using type = unsigned;  // at least as wide as T, so that arithmetic in it wraps instead of promoting to int
};
template <>
struct UnsignedOf<int64_t> {
  using type = uint64_t;
};
template <>
struct UnsignedOf<double> {
  using type = uint64_t;
};
template <class T>
using Unsigned = typename UnsignedOf<T>::type;

template <class T>
struct Lane {
  using Elem = T;
  using Mask = bool;
  static constexpr size_t size = 1;

  struct Bits {
    Unsigned<T> v;
    FLAMBEAU_INLINE explicit Bits(Unsigned<T> x) : v(x) {}
    friend FLAMBEAU_INLINE Bits operator+(Bits a, Bits b) { return Bits(a.v + b.v); }
    friend FLAMBEAU_INLINE Bits operator-(Bits a, Bits b) { return Bits(a.v - b.v); }
    friend FLAMBEAU_INLINE Bits operator&(Bits a, Bits b) { return Bits(a.v & b.v); }
    friend FLAMBEAU_INLINE Bits operator|(Bits a, Bits b) { return Bits(a.v | b.v); }
    friend FLAMBEAU_INLINE Bits operator^(Bits a, Bits b) { return Bits(a.v ^ b.v); }
    friend FLAMBEAU_INLINE Bits operator<<(Bits a, int n) { return Bits(a.v << n); }
    friend FLAMBEAU_INLINE Bits operator>>(Bits a, int n) { return Bits(a.v >> n); }
  };

  T v;
  Lane() = default;
  FLAMBEAU_INLINE explicit Lane(T x) : v(x) {}
  static FLAMBEAU_INLINE Lane load(const T* p) { return Lane(*p); }
  static FLAMBEAU_INLINE Lane load_partial(const T* p, size_t) { return Lane(*p); }
  FLAMBEAU_INLINE void store(T* p) const { *p = v; }
  FLAMBEAU_INLINE void store_partial(T* p, size_t) const { *p = v; }
  FLAMBEAU_INLINE void stream(T* p) const { *p = v; }
  FLAMBEAU_INLINE Bits bits() const { return Bits(__builtin_bit_cast(Unsigned<T>, v)); }
  static FLAMBEAU_INLINE Lane from_bits(Bits b) { return Lane(__builtin_bit_cast(T, b.v)); }
};

// bool adds as OR and multiplies as AND, as PyTorch's does.
template <class T>
FLAMBEAU_INLINE Lane<T> operator+(Lane<T> a, Lane<T> b) {
  if constexpr (std::is_floating_point_v<T>) return Lane<T>(a.v + b.v);
  return Lane<T>(static_cast<T>(static_cast<Unsigned<T>>(a.v) + static_cast<Unsigned<T>>(b.v)));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator-(Lane<T> a, Lane<T> b) {
  if constexpr (std::is_floating_point_v<T>) return Lane<T>(a.v - b.v);
  return Lane<T>(static_cast<T>(static_cast<Unsigned<T>>(a.v) - static_cast<Unsigned<T>>(b.v)));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator*(Lane<T> a, Lane<T> b) {
  if constexpr (std::is_floating_point_v<T>) return Lane<T>(a.v * b.v);
  return Lane<T>(static_cast<T>(static_cast<Unsigned<T>>(a.v) * static_cast<Unsigned<T>>(b.v)));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator-(Lane<T> a) {
  if constexpr (std::is_floating_point_v<T>) return Lane<T>(-a.v);
  return Lane<T>(static_cast<T>(0u - static_cast<Unsigned<T>>(a.v)));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator/(Lane<T> a, Lane<T> b) {
  static_assert(std::is_floating_point_v<T>, "integers divide in binary.cpp, which guards zero");
  return Lane<T>(a.v / b.v);
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator&(Lane<T> a, Lane<T> b) {
  return Lane<T>(static_cast<T>(a.v & b.v));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator|(Lane<T> a, Lane<T> b) {
  return Lane<T>(static_cast<T>(a.v | b.v));
}
template <class T>
FLAMBEAU_INLINE Lane<T> operator^(Lane<T> a, Lane<T> b) {
  return Lane<T>(static_cast<T>(a.v ^ b.v));
}
template <class T>
FLAMBEAU_INLINE bool operator<(Lane<T> a, Lane<T> b) {
  return a.v < b.v;
}
template <class T>
FLAMBEAU_INLINE bool operator<=(Lane<T> a, Lane<T> b) {
  return a.v <= b.v;
}
template <class T>
FLAMBEAU_INLINE bool operator>(Lane<T> a, Lane<T> b) {
  return a.v > b.v;
}
template <class T>
FLAMBEAU_INLINE bool operator>=(Lane<T> a, Lane<T> b) {
  return a.v >= b.v;
}
template <class T>
FLAMBEAU_INLINE bool operator==(Lane<T> a, Lane<T> b) {
  return a.v == b.v;
}
template <class T>
FLAMBEAU_INLINE bool operator!=(Lane<T> a, Lane<T> b) {
  return a.v != b.v;
}
template <class T>
FLAMBEAU_INLINE Lane<T> select(bool mask, Lane<T> a, Lane<T> b) {
  return mask ? a : b;
}
FLAMBEAU_INLINE bool any(bool mask) { return mask; }
template <class V>
FLAMBEAU_INLINE Lane<float> lookup(const float (&table)[16], Lane<float>::Bits index) {
  return Lane<float>(table[index.v & 15]);
}

template <class T>
FLAMBEAU_INLINE Lane<T> min(Lane<T> a, Lane<T> b) {
  return a.v < b.v ? a : b;
}
template <class T>
FLAMBEAU_INLINE Lane<T> max(Lane<T> a, Lane<T> b) {
  return a.v > b.v ? a : b;
}
// Without a fused instruction: a libm call would cost more than the kernel around it.
template <class T>
FLAMBEAU_INLINE Lane<T> fma(Lane<T> a, Lane<T> b, Lane<T> c) {
  return a * b + c;
}
FLAMBEAU_INLINE Lane<float> sqrt(Lane<float> a) { return Lane<float>(::sqrtf(a.v)); }
FLAMBEAU_INLINE Lane<double> sqrt(Lane<double> a) { return Lane<double>(::sqrt(a.v)); }
FLAMBEAU_INLINE Lane<float> abs(Lane<float> a) { return Lane<float>(::fabsf(a.v)); }
FLAMBEAU_INLINE Lane<double> abs(Lane<double> a) { return Lane<double>(::fabs(a.v)); }
template <class T>
FLAMBEAU_INLINE Lane<T> abs(Lane<T> a) {
  if constexpr (std::is_unsigned_v<T>) return a;
  return a.v < 0 ? -a : a;
}
FLAMBEAU_INLINE Lane<float> copysign(Lane<float> a, Lane<float> b) { return Lane<float>(::copysignf(a.v, b.v)); }
FLAMBEAU_INLINE Lane<double> copysign(Lane<double> a, Lane<double> b) { return Lane<double>(::copysign(a.v, b.v)); }

// Adding and subtracting 2^(mantissa bits) rounds half to even under the default rounding mode; anything larger is
// integral already, and NaN fails the comparison. The integer types are their own rounding.
template <class T>
FLAMBEAU_INLINE Lane<T> round(Lane<T> a) {
  if constexpr (std::is_integral_v<T>) {
    return a;
  } else {
    const Lane<T> limit(sizeof(T) == 4 ? T(8388608) : T(4503599627370496));
    const Lane<T> magnitude = abs(a);
    const Lane<T> rounded = copysign((magnitude + limit) - limit, a);
    return select(magnitude < limit, rounded, a);
  }
}
template <class T>
FLAMBEAU_INLINE Lane<T> floor(Lane<T> a) {
  if constexpr (std::is_integral_v<T>) return a;
  const Lane<T> r = round(a);
  return select(r > a, r - Lane<T>(1), r);
}
template <class T>
FLAMBEAU_INLINE Lane<T> ceil(Lane<T> a) {
  if constexpr (std::is_integral_v<T>) return a;
  return -floor(-a);
}
template <class T>
FLAMBEAU_INLINE Lane<T> trunc(Lane<T> a) {
  if constexpr (std::is_integral_v<T>) return a;
  else return copysign(floor(abs(a)), a);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
