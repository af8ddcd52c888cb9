// Conversions between every two dtypes.
#include "elementwise.h"
#include "family.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

using EVERY = Types<float, double, int32_t, int64_t, uint8_t, int8_t, bool, BFloat16>;

// What C++ leaves undefined is given the value that PyTorch shows on x86, on every ISA: a float outside the integer's
// range, or NaN, becomes the lowest integer; towards 8 bits it goes through a wider integer and wraps. From and to
// bfloat16 everything goes through float.
template <class To, class From>
FLAMBEAU_INLINE To convert(From x) {
  if constexpr (std::is_same_v<From, BFloat16>) {
    return convert<To>(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if constexpr (sizeof(To) == 1) {
      // A float of 2^31 or more is a multiple of 256, so 32 bits are enough for it.
      using Wide = std::conditional_t<std::is_same_v<From, float>, int32_t, int64_t>;
      const Wide wide = convert<Wide>(x);
      return static_cast<To>(wide);
    } else {
      constexpr From kLimit = sizeof(To) == 4 ? From(2147483648.0) : From(9223372036854775808.0);
      // int32's lowest value minus a fraction still truncates into range, which only double can say.
      constexpr bool kFraction = sizeof(To) == 4 && sizeof(From) == 8;
      const bool fits = (x < kLimit) & (kFraction ? x > -kLimit - From(1) : x >= -kLimit);
      const From safe = fits ? x : -kLimit;
      return static_cast<To>(safe);
    }
  } else {
    return static_cast<To>(x);
  }
}

template <class From, class To>
void cast(const void* x, void* y, size_t n) {
  const From* from = static_cast<const From*>(x);
  To* to = static_cast<To*>(y);
  FLAMBEAU_LOOP
  for (size_t i = 0; i < n; ++i) to[i] = convert<To>(from[i]);
}

template <class From, class... Ts>
void fill_from(CastFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, cast<From, Ts>), ...);
}
template <class... Ts>
void fill(CastFn (&rows)[kDTypeCount][kDTypeCount], Types<Ts...>) {
  (fill_from<Ts>(rows[static_cast<int>(dtype_of<Ts>)], EVERY()), ...);
}

}  // namespace

void fill_cast(ElementwiseTable& table) { fill(table.cast, EVERY()); }

}  // namespace flambeau::FLAMBEAU_ISA
