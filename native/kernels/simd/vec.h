// The Vec types of the ISA this source is being built for, as its compiler flags say.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include "vec_avx512.h"
#define FLAMBEAU_VECTOR_FLOATS
#elif defined(__AVX2__)
#include "vec_avx2.h"
#define FLAMBEAU_VECTOR_FLOATS
#elif defined(__aarch64__) || defined(_M_ARM64)
#include "vec_neon.h"
#define FLAMBEAU_VECTOR_FLOATS
#else
#include "vec_scalar.h"
#endif

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
struct VecOf {
  using type = Lane<T>;
};
#ifdef FLAMBEAU_VECTOR_FLOATS
template <>
struct VecOf<float> {
  using type = VecF32;
};
template <>
struct VecOf<double> {
  using type = VecF64;
};
#endif
template <class T>
using Vec = typename VecOf<T>::type;

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
