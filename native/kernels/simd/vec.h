// The Vec types of the ISA this source is being built for, as its compiler flags say.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "vec_avx512.h"
#elif defined(__AVX2__)
#include "vec_avx2.h"
#elif defined(__aarch64__) || defined(_M_ARM64)
#include "vec_neon.h"
#else
#include "vec_scalar.h"
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

// True for the types that Vec holds more than one of.
template <class V>
constexpr bool is_float = std::is_floating_point_v<typename V::Elem>;

// NaN wins over any number; for integers these are plain min and max. Of +0 and -0 the first is kept.
template <class V>
FLAMBEAU_INLINE V maximum(V a, V b) {
  if constexpr (is_float<V>) return select(b != b, b, max(b, a));
  else return max(a, b);
}
template <class V>
FLAMBEAU_INLINE V minimum(V a, V b) {
  if constexpr (is_float<V>) return select(b != b, b, min(b, a));
  else return min(a, b);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
