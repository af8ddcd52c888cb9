// The elementwise kernels of bfloat16: those of float32 between a widening and a rounding, a chunk of a run at a time,
// so that the values in between stay in L1. No functor is compiled twice.
#pragma once

#include "elementwise.h"
#include "family.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr size_t kBf16Chunk = 512;

// Whether a list of types makes a kernel for float, and with it one for bfloat16.
template <class... Ts>
constexpr bool has_float = (std::is_same_v<Ts, float> || ...);

FLAMBEAU_INLINE void widen(const BFloat16* x, float* y, size_t n) {
  FLAMBEAU_LOOP
  for (size_t i = 0; i < n; ++i) y[i] = x[i];
}
FLAMBEAU_INLINE void narrow(const float* x, BFloat16* y, size_t n) {
  FLAMBEAU_LOOP
  for (size_t i = 0; i < n; ++i) y[i] = BFloat16(x[i]);
}

// Calls body(first, count) for the chunks of n elements.
template <class Body>
FLAMBEAU_INLINE void for_chunks(size_t n, const Body body) {
  for (size_t i = 0; i < n; i += kBf16Chunk) body(i, n - i < kBf16Chunk ? n - i : kBf16Chunk);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
