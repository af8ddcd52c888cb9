// What the kernel tests share: values to try, outputs with canaries, comparisons with a reference in a wider type.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "check.h"

using namespace flambeau;

namespace {

std::mt19937_64 generator(1);
using Real = long double;

template <class T>
constexpr DType kDType = std::is_same_v<T, float>     ? DType::f32
                         : std::is_same_v<T, double>  ? DType::f64
                         : std::is_same_v<T, int32_t> ? DType::i32
                         : std::is_same_v<T, int64_t> ? DType::i64
                         : std::is_same_v<T, uint8_t> ? DType::u8
                         : std::is_same_v<T, int8_t>  ? DType::i8
                                                      : DType::boolean;
template <class T>
constexpr int kSlot = static_cast<int>(kDType<T>);
const char* const kDTypeNames[] = {"f32", "f64", "i32", "i64", "u8", "bool", "bf16", "i8"};

// std::vector<bool> has no elements to point at.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;
template <class T>
using Values = std::vector<Stored<T>>;

// Mostly ordinary values, now and then a special one.
template <class T>
Stored<T> random_value(bool special = true) {
  const auto pick = generator();
  if constexpr (std::is_same_v<T, bool>) {
    return pick & 1;
  } else if constexpr (std::is_floating_point_v<T>) {
    using Limits = std::numeric_limits<T>;
    static const T kSpecial[] = {0,
                                 -T(0),
                                 1,
                                 -1,
                                 Limits::infinity(),
                                 -Limits::infinity(),
                                 Limits::quiet_NaN(),
                                 Limits::denorm_min(),
                                 -Limits::denorm_min(),
                                 Limits::max(),
                                 Limits::lowest(),
                                 Limits::min(),
                                 T(0.5),
                                 T(-1.5),
                                 T(2.5)};
    if (special && pick % 8 == 0) return kSpecial[(pick >> 8) % (sizeof kSpecial / sizeof *kSpecial)];
    return static_cast<T>(std::normal_distribution<double>(0, 2)(generator));
  } else {
    static const T kSpecial[] = {0, 1, static_cast<T>(-1), std::numeric_limits<T>::max(), std::numeric_limits<T>::min(),
                                 2};
    if (special && pick % 4 == 0) return kSpecial[(pick >> 8) % 6];
    return static_cast<T>(pick >> 32) % T(100);
  }
}
template <class T>
Values<T> random_values(size_t n, bool special = true) {
  Values<T> values(n);
  for (auto& value : values) value = random_value<T>(special);
  return values;
}

// An output with a canary behind its end.
template <class T>
struct Output {
  static constexpr size_t kCanaries = 64;
  Values<T> values;
  size_t n;
  explicit Output(size_t size) : values(size + kCanaries, Stored<T>(77)), n(size) {}
  void* data() { return values.data(); }
  void check_canaries(const char* kernel) const {
    ++check::checks;
    for (size_t i = n; i < values.size(); ++i) {
      if (values[i] != Stored<T>(77))
        return check::fail("%s %s n=%zu: wrote past the end", kernel, kDTypeNames[kSlot<T>], n);
    }
  }
};

// Equal for integers; for floats within a relative and an absolute tolerance, both NaN, or the same infinity.
template <class T>
bool close(T got, Real want, double relative, double absolute) {
  if constexpr (!std::is_floating_point_v<T>) return static_cast<Real>(got) == want;
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  const T rounded = static_cast<T>(want);
  if (got == rounded) return got != 0 || std::signbit(got) == std::signbit(rounded) || absolute > 0;
  if (std::isinf(want)) return false;
  if (std::isinf(got) || std::isinf(rounded)) return std::fabs(want) > std::numeric_limits<T>::max() * (1 - relative);
  return std::fabs(got - want) <= relative * std::fabs(want) + absolute;
}
template <class T>
void expect(const char* kernel, size_t n, size_t i, Stored<T> got, Real want, double relative, double absolute) {
  ++check::checks;
  if (!close<Stored<T>>(got, want, relative, absolute)) {
    check::fail("%s %s n=%zu [%zu]: expected %.12Lg, got %.12Lg", kernel, kDTypeNames[kSlot<T>], n, i, want,
                static_cast<Real>(got));
  }
}

// How far a result may be off, in units of the type's epsilon, relative to the value and absolutely. 0, 0 is exact;
// 0.51 is correct rounding, but for the ties that a reference rounded twice may break the other way.
struct Tolerance {
  double relative = 0, absolute = 0;
};
template <class T>
constexpr double epsilon() {
  return std::is_floating_point_v<T> ? std::numeric_limits<T>::epsilon() : 0;
}

// NaN wins, as in PyTorch.
[[maybe_unused]] Real nan_max(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? NAN : b > a ? b : a; }
[[maybe_unused]] Real nan_min(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? NAN : b < a ? b : a; }

const double kParameters[2] = {-0.75, 1.5};

}  // namespace
