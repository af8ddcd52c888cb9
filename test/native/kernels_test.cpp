// Every row of kernels.def, with where, casts and optimizers, against plain scalar code in a wider type: all tails from
// 0 to 70 elements, operands used once or repeated, results written over operands, special values, and canaries behind
// every output. Runs under the ISA in force (FLAMBEAU_ISA). How accurate the functions are is math_test's matter.
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
                                                      : DType::boolean;
template <class T>
constexpr int kSlot = static_cast<int>(kDType<T>);
const char* const kDTypeNames[] = {"f32", "f64", "i32", "i64", "u8", "bool"};

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

const double kParameters[2] = {-0.75, 1.5};

Real sigmoid(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Real normal_cdf(Real x) { return (1 + std::erf(x * std::sqrt(0.5L))) / 2; }
const Real kPi = 3.14159265358979323846L;
Real gelu_tanh_inner(Real x) { return std::sqrt(2 / kPi) * (x + 0.044715L * x * x * x); }
Real erfinv_reference(Real x) {
  if (!(std::fabs(x) < 1)) return std::fabs(x) == 1 ? std::copysign(INFINITY, x) : NAN;
  if (std::fabs(x) < 1e-10L) return x * std::sqrt(kPi) / 2;
  Real low = 0, high = 7;  // erf(7) is 1 in long double
  for (int i = 0; i < 120; ++i) {
    const Real middle = (low + high) / 2;
    const Real a = std::fabs(x);
    const bool below = a > 0.5L ? std::erfc(middle) > 1 - a : std::erf(middle) < a;
    (below ? low : high) = middle;
  }
  return std::copysign((low + high) / 2, x);
}

struct UnaryRow {
  const char* name;
  std::function<Real(Real)> reference;
  Tolerance tolerance;
};
Real clamp_to(Real x) {
  return std::isnan(x) ? x : x < kParameters[0] ? kParameters[0] : x > kParameters[1] ? kParameters[1] : x;
}
const UnaryRow kUnary[] = {
    {"neg", [](Real x) { return -x; }, {}},
    {"abs", [](Real x) { return std::fabs(x); }, {}},
    {"sign", [](Real x) { return Real((x > 0) - (x < 0)); }, {}},
    {"square", [](Real x) { return x * x; }, {0.51, 0}},
    {"reciprocal", [](Real x) { return 1 / x; }, {0.51, 0}},
    {"sqrt", [](Real x) { return std::sqrt(x); }, {0.51, 0}},
    {"rsqrt", [](Real x) { return 1 / std::sqrt(x); }, {2, 0}},
    {"exp", [](Real x) { return std::exp(x); }, {2, 1e-37}},
    {"exp2", [](Real x) { return std::exp2(x); }, {2, 1e-37}},
    {"expm1", [](Real x) { return std::expm1(x); }, {3, 0}},
    {"log", [](Real x) { return std::log(x); }, {2, 0}},
    {"log2", [](Real x) { return std::log2(x); }, {2, 0}},
    {"log10", [](Real x) { return std::log10(x); }, {2, 0}},
    {"log1p", [](Real x) { return std::log1p(x); }, {2, 0}},
    {"sin", [](Real x) { return std::sin(x); }, {2, 0}},
    {"cos", [](Real x) { return std::cos(x); }, {2, 0}},
    {"tan", [](Real x) { return std::tan(x); }, {3, 0}},
    {"asin", [](Real x) { return std::asin(x); }, {2, 0}},
    {"acos", [](Real x) { return std::acos(x); }, {2, 0}},
    {"atan", [](Real x) { return std::atan(x); }, {2, 0}},
    {"sinh", [](Real x) { return std::sinh(x); }, {3, 0}},
    {"cosh", [](Real x) { return std::cosh(x); }, {3, 0}},
    {"tanh", [](Real x) { return std::tanh(x); }, {3, 0}},
    {"erf", [](Real x) { return std::erf(x); }, {2, 0}},
    {"erfinv", [](Real x) { return erfinv_reference(x); }, {4, 0}},
    {"sigmoid", sigmoid, {4, 1e-37}},
    {"logSigmoid",
     [](Real x) { return std::fmin(x, Real(0)) - std::log1p(std::exp(-std::fabs(x))) + (x != x ? x : 0); },
     {4, 0}},
    {"relu", [](Real x) { return x > 0 || std::isnan(x) ? x
                                 : x == 0               ? x
                                                        : 0; }, {}},
    {"gelu", [](Real x) { return x * normal_cdf(x); }, {4, 4}},
    {"geluTanh", [](Real x) { return x / 2 * (1 + std::tanh(gelu_tanh_inner(x))); }, {4, 4}},
    {"silu", [](Real x) { return x * sigmoid(x); }, {4, 1e-36}},
    {"softplus",
     [](Real x) {
       const Real z = x * kParameters[0];
       return z > kParameters[1] ? x : std::log1p(std::exp(z)) / kParameters[0];
     },
     {4, 4}},
    {"elu", [](Real x) { return x >= 0 ? x : kParameters[0] * std::expm1(x); }, {4, 0}},
    {"leakyRelu", [](Real x) { return x > 0 ? x : x * kParameters[0]; }, {1, 0}},
    {"clamp", clamp_to, {}},
    {"powScalar", [](Real x) { return std::pow(x, Real(kParameters[0])); }, {2, 1e-37}},
    {"floor", [](Real x) { return std::floor(x); }, {}},
    {"ceil", [](Real x) { return std::ceil(x); }, {}},
    {"round", [](Real x) { return std::nearbyint(x); }, {}},
    {"trunc", [](Real x) { return std::trunc(x); }, {}},
};

// Integer results wrap; the reference computes in long double, which holds every product of what random_value gives
// but those of 64-bit extremes, so integers are compared through the operation on unsigned.
template <class T>
Real integer_unary(const std::string& name, T x) {
  using U = std::make_unsigned_t<T>;
  const U u = static_cast<U>(x);
  if (name == "neg") return static_cast<T>(U(0) - u);
  if (name == "abs") return x < 0 ? static_cast<T>(U(0) - u) : x;
  if (name == "sign") return (x > 0) - (x < 0);
  if (name == "square") return static_cast<T>(static_cast<uint64_t>(u) * static_cast<uint64_t>(u));
  if (name == "relu") return x > 0 ? x : 0;
  if (name == "clamp") return x < 0 ? 0 : x > 1 ? 1 : x;  // kParameters, truncated
  if (name == "bitwiseNot") return static_cast<T>(~u);
  return x;  // the roundings
}

template <class T>
void check_unary() {
  for (int k = 0; k < static_cast<int>(UnaryKernel::count); ++k) {
    const char* const* names;
    kernel_names("unary", &names);
    const UnaryFn kernel = kernels().unary[k][kSlot<T>];
    if (kernel == nullptr) continue;
    const auto row = std::find_if(std::begin(kUnary), std::end(kUnary),
                                  [&](const UnaryRow& r) { return !std::strcmp(r.name, names[k]); });
    // A kernel without a row here has its values compared with PyTorch's in the parity suite; what is checked is that
    // an element's result does not depend on where in a run it stands.
    const bool has_row = row != std::end(kUnary) || std::strcmp(names[k], "bitwiseNot") == 0;
    for (size_t n = 0; n <= 70; ++n) {
      const Values<T> x = random_values<T>(n);
      Output<T> y(n), in_place(n);
      kernel(x.data(), y.data(), n, kParameters);
      std::copy(x.begin(), x.end(), in_place.values.begin());
      kernel(in_place.data(), in_place.data(), n, kParameters);
      y.check_canaries(names[k]);
      in_place.check_canaries(names[k]);
      for (size_t i = 0; i < n; ++i) {
        ++check::checks;
        if (std::memcmp(&y.values[i], &in_place.values[i], sizeof(T)) != 0 && y.values[i] == y.values[i]) {
          check::fail("%s %s n=%zu [%zu]: in place differs", names[k], kDTypeNames[kSlot<T>], n, i);
        }
        if (!has_row) {
          T alone;
          kernel(&x[i], &alone, 1, kParameters);
          expect<T>(names[k], n, i, y.values[i], static_cast<Real>(alone), 0, 0);
          continue;
        }
        if constexpr (std::is_same_v<T, bool>) expect<T>(names[k], n, i, y.values[i], !x[i], 0, 0);
        else if constexpr (std::is_integral_v<T>)
          expect<T>(names[k], n, i, y.values[i], integer_unary<T>(names[k], x[i]), 0, 0);
        else
          expect<T>(names[k], n, i, y.values[i], row->reference(x[i]), row->tolerance.relative * epsilon<T>(),
                    row->tolerance.absolute >= 1 ? row->tolerance.absolute * epsilon<T>() : row->tolerance.absolute);
      }
    }
  }
}

struct BinaryRow {
  const char* name;
  std::function<Real(Real, Real)> reference;
  Tolerance tolerance;
};
Real floor_mod(Real a, Real b) {
  const Real mod = std::fmod(a, b);
  return mod != 0 && (b < 0) != (mod < 0) ? mod + b : mod;
}
Real nan_max(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? NAN : b > a ? b : a; }
Real nan_min(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? NAN : b < a ? b : a; }
const double kP0 = kParameters[0], kP1 = kParameters[1];
// Tolerances with an absolute part are for formulas whose terms cancel.
const BinaryRow kBinary[] = {
    {"add", [](Real a, Real b) { return a + b; }, {0.51, 0}},
    {"sub", [](Real a, Real b) { return a - b; }, {0.51, 0}},
    {"mul", [](Real a, Real b) { return a * b; }, {0.51, 0}},
    {"div", [](Real a, Real b) { return a / b; }, {0.51, 0}},
    {"axpy", [](Real a, Real b) { return a + kP0 * b; }, {2, 8}},
    {"remainder", floor_mod, {1, 0}},
    {"fmod", [](Real a, Real b) { return std::fmod(a, b); }, {}},
    {"pow", [](Real a, Real b) { return std::pow(a, b); }, {2, 1e-37}},
    {"atan2", [](Real a, Real b) { return std::atan2(a, b); }, {3, 1e-37}},
    {"maximum", nan_max, {}},
    {"minimum", nan_min, {}},
    {"sigmoidBackward", [](Real g, Real y) { return g * (1 - y) * y; }, {4, 0}},
    {"tanhBackward", [](Real g, Real y) { return g * (1 - y * y); }, {4, 16}},
    {"reluBackward", [](Real g, Real y) { return y <= 0 ? 0 : g; }, {}},
    {"geluBackward",
     [](Real g, Real x) { return g * (normal_cdf(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * kPi)); },
     {8, 16}},
    {"geluTanhBackward",
     [](Real g, Real x) {
       const Real t = std::tanh(gelu_tanh_inner(x));
       return g * ((1 + t) / 2 + x / 2 * (1 - t * t) * std::sqrt(2 / kPi) * (1 + 3 * 0.044715L * x * x));
     },
     {8, 64}},
    {"siluBackward", [](Real g, Real x) { return g * sigmoid(x) * (1 + x * (1 - sigmoid(x))); }, {8, 16}},
    {"clampBackward", [](Real g, Real x) { return x >= kP0 && x <= kP1 ? g : 0; }, {}},
    {"leakyReluBackward", [](Real g, Real x) { return x > 0 ? g : g * kP0; }, {1, 0}},
    {"eluBackward", [](Real g, Real y) { return y <= 0 ? g * (y + kP0) : g; }, {4, 8}},
    {"softplusBackward", [](Real g, Real x) { return x * kP0 > kP1 ? g : g * sigmoid(x * kP0); }, {4, 1e-36}},
    {"logSigmoidBackward", [](Real g, Real x) { return g * sigmoid(-x); }, {4, 1e-36}},
};

// PyTorch's floor division of floats, in the type itself, since its roundings are part of the result.
template <class T>
T floor_divide(T a, T b) {
  if (b == 0) return a / b;
  const T mod = std::fmod(a, b);
  T quotient = (a - mod) / b;
  if (mod != 0 && (b < 0) != (mod < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(T(0), a / b);
  const T whole = std::floor(quotient);
  return quotient - whole > T(0.5) ? whole + 1 : whole;
}

// Integers hold their wrapped results and, for division, the two cases C++ leaves undefined.
template <class T>
Real integer_binary(const std::string& name, T a, T b) {
  using U = uint64_t;
  const U x = static_cast<U>(a), y = static_cast<U>(b);
  if (name == "add") return static_cast<T>(x + y);
  if (name == "sub") return static_cast<T>(x - y);
  if (name == "mul") return static_cast<T>(x * y);
  if (name == "axpy") return a;  // kParameters[0] truncates to 0
  if (name == "maximum") return a > b ? a : b;
  if (name == "minimum") return a < b ? a : b;
  if (name == "bitwiseAnd") return static_cast<T>(x & y);
  if (name == "bitwiseOr") return static_cast<T>(x | y);
  if (name == "bitwiseXor") return static_cast<T>(x ^ y);
  if (name == "pow") {
    if (b < 0) return a == 1 ? 1 : a == static_cast<T>(-1) ? (y & 1 ? -1 : 1) : 0;
    U result = 1, power = x;
    for (U e = y; e; e >>= 1, power *= power) result *= e & 1 ? power : 1;
    return static_cast<T>(result);
  }
  if (b == 0) return 0;
  const bool overflow = std::is_signed_v<T> && b == static_cast<T>(-1);
  const T quotient = overflow ? static_cast<T>(U(0) - x) : static_cast<T>(a / b);
  const T rest = overflow ? T(0) : static_cast<T>(a % b);
  const bool down = rest != 0 && (rest < 0) != (b < 0);
  if (name == "floorDivide") return down ? quotient - 1 : quotient;
  if (name == "remainder") return down ? rest + b : rest;
  if (name == "fmod") return rest;
  check::fail("kernels_test has no integer reference for %s", name.c_str());
  return 0;
}

template <class T>
Real binary_reference(const char* name, const BinaryRow* row, Stored<T> a, Stored<T> b) {
  const std::string op = name;
  if constexpr (std::is_same_v<T, bool>) {
    if (op == "add" || op == "maximum" || op == "bitwiseOr") return a | b;
    if (op == "mul" || op == "minimum" || op == "bitwiseAnd") return a & b;
    return a ^ b;
  } else if constexpr (std::is_integral_v<T>) {
    return integer_binary<T>(op, a, b);
  } else {
    return op == "floorDivide" ? Real(floor_divide(a, b)) : row->reference(a, b);
  }
}

template <class T>
void check_binary() {
  const char* const* names;
  const int count = kernel_names("binary", &names);
  for (int k = 0; k < count; ++k) {
    const BinaryFn kernel = kernels().binary[k][kSlot<T>];
    if (kernel == nullptr) continue;
    const BinaryRow* row = std::find_if(std::begin(kBinary), std::end(kBinary),
                                        [&](const BinaryRow& r) { return !std::strcmp(r.name, names[k]); });
    if (std::is_floating_point_v<T> && row == std::end(kBinary) && std::strcmp(names[k], "floorDivide") != 0) {
      check::fail("kernels_test has no row for binary %s", names[k]);
      continue;
    }
    // Formulas with an infinite or huge operand overflow at points where the reference, being wider, does not.
    const bool special = !std::strstr(names[k], "Backward") && std::strcmp(names[k], "axpy") != 0;
    const Tolerance tolerance = row == std::end(kBinary) ? Tolerance{} : row->tolerance;
    const double relative = tolerance.relative * epsilon<T>();
    const double absolute = tolerance.absolute >= 1 ? tolerance.absolute * epsilon<T>() : tolerance.absolute;
    for (size_t n = 0; n <= 70; ++n) {
      const Values<T> a = random_values<T>(n + 1, special), b = random_values<T>(n + 1, special);
      for (int steps = 1; steps <= 3; ++steps) {
        const size_t a_step = steps & 1, b_step = steps >> 1;
        Output<T> y(n);
        kernel(a.data(), a_step, b.data(), b_step, y.data(), n, kParameters);
        y.check_canaries(names[k]);
        for (size_t i = 0; i < n; ++i) {
          expect<T>(names[k], n, i, y.values[i], binary_reference<T>(names[k], row, a[i * a_step], b[i * b_step]),
                    relative, absolute);
        }
        for (int over = 0; over < 2; ++over) {  // y == a, y == b
          if ((over ? b_step : a_step) == 0) continue;
          Output<T> in_place(n);
          std::copy_n((over ? b : a).begin(), n, in_place.values.begin());
          kernel(over ? a.data() : in_place.data(), a_step, over ? in_place.data() : b.data(), b_step, in_place.data(),
                 n, kParameters);
          for (size_t i = 0; i < n; ++i) {
            expect<T>(names[k], n, i, in_place.values[i],
                      binary_reference<T>(names[k], row, a[i * a_step], b[i * b_step]), relative, absolute);
          }
        }
      }
    }
  }
}

template <class T>
bool compare_reference(const std::string& name, T a, T b) {
  if (name == "eq") return a == b;
  if (name == "ne") return a != b;
  if (name == "lt") return a < b;
  if (name == "le") return a <= b;
  if (name == "gt") return a > b;
  if (name == "ge") return a >= b;
  if (name == "logicalAnd") return a != 0 && b != 0;
  if (name == "logicalOr") return a != 0 || b != 0;
  if (name == "logicalXor") return (a != 0) != (b != 0);
  if (name == "isnan") return a != a;
  if (name == "isinf")
    return std::isinf(static_cast<double>(a)) && !std::isnan(static_cast<double>(a)) && std::isinf(a);
  if (name == "isfinite") return std::isfinite(a);
  if (name == "logicalNot") return a == 0;
  check::fail("kernels_test has no reference for %s", name.c_str());
  return false;
}

template <class T>
void check_compare() {
  for (size_t n = 0; n <= 70; ++n) {
    Values<T> a = random_values<T>(n + 1), b = random_values<T>(n + 1);
    for (size_t i = 0; i < n; i += 3) b[i] = a[i];
    Values<bool> cond = random_values<bool>(n + 1);
    const char* const* names;
    for (int k = 0, count = kernel_names("predicate", &names); k < count; ++k) {
      const UnaryFn kernel = kernels().predicate[k][kSlot<T>];
      if (kernel == nullptr) continue;
      Output<bool> y(n);
      kernel(a.data(), y.data(), n, kParameters);
      y.check_canaries(names[k]);
      for (size_t i = 0; i < n; ++i)
        expect<bool>(names[k], n, i, y.values[i], compare_reference(names[k], a[i], a[i]), 0, 0);
    }
    for (int k = 0, count = kernel_names("compare", &names); k < count; ++k) {
      for (int steps = 1; steps <= 3; ++steps) {
        const size_t a_step = steps & 1, b_step = steps >> 1;
        Output<bool> y(n);
        kernels().compare[k][kSlot<T>](a.data(), a_step, b.data(), b_step, y.data(), n, kParameters);
        y.check_canaries(names[k]);
        for (size_t i = 0; i < n; ++i) {
          expect<bool>(names[k], n, i, y.values[i], compare_reference(names[k], a[i * a_step], b[i * b_step]), 0, 0);
        }
      }
    }
    for (int steps = 1; steps < 8; ++steps) {
      const size_t cond_step = steps & 1, a_step = (steps >> 1) & 1, b_step = steps >> 2;
      Output<T> y(n);
      kernels().where[kSlot<T>](cond.data(), cond_step, a.data(), a_step, b.data(), b_step, y.data(), n);
      y.check_canaries("where");
      for (size_t i = 0; i < n; ++i)
        expect<T>("where", n, i, y.values[i], cond[i * cond_step] ? a[i * a_step] : b[i * b_step], 0, 0);
    }
  }
}

struct Shape {
  size_t outer, n, inner;
};
const Shape kShapes[] = {{1, 1, 1},     {3, 2, 1}, {2, 7, 1}, {1, 16, 1}, {2, 63, 1},  {1, 300, 1}, {2, 1029, 1},
                         {1, 20011, 1}, {1, 1, 5}, {2, 3, 2}, {3, 17, 9}, {1, 16, 33}, {2, 40, 64}, {1, 5, 131},
                         {1, 1000, 70}, {2, 0, 3}, {0, 5, 3}, {1, 33, 1}, {1, 257, 16}};

template <class T>
void check_reductions() {
  for (const Shape& s : kShapes) {
    const size_t total = s.outer * s.n * s.inner;
    for (const bool special : {false, true}) {
      const Values<T> x = random_values<T>(total, special);
      const auto at = [&](size_t o, size_t k, size_t i) { return x[(o * s.n + k) * s.inner + i]; };
      const char* const* names;
      for (int r = 0, count = kernel_names("reduce", &names); r < count; ++r) {
        const std::string name = names[r];
        const bool extremum = name == "amax" || name == "amin";
        const ReduceFn kernel = kernels().reduce[r][kSlot<T>];
        if (kernel == nullptr || (extremum && s.n == 0) || (!extremum && special && std::is_floating_point_v<T>))
          continue;
        if (std::is_floating_point_v<T> && name == "prod" && s.n > 300) continue;  // under- and overflows on the way
        Output<T> y(s.outer * s.inner);
        kernel(x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            Real want = name == "prod" ? 1 : extremum ? Real(at(o, 0, i)) : 0, size = 0;
            uint64_t wrapped = name == "prod";
            for (size_t k = 0; k < s.n; ++k) {
              const Real v = at(o, k, i);
              size += std::fabs(v);
              want = name == "sum"    ? want + v
                     : name == "prod" ? want * v
                     : name == "amax" ? nan_max(want, v)
                                      : nan_min(want, v);
              if constexpr (!std::is_floating_point_v<T>) {
                wrapped = name == "prod" ? wrapped * static_cast<uint64_t>(at(o, k, i))
                                         : wrapped + static_cast<uint64_t>(at(o, k, i));
              }
            }
            if (!std::is_floating_point_v<T> && !extremum) want = static_cast<T>(wrapped);
            // The bound of pairwise summation: (16 + log2 of the blocks) roundings of the sum of magnitudes.
            const double slack = name == "sum" ? 16 * epsilon<T>() * static_cast<double>(size) : 0;
            const double relative = name == "prod" ? static_cast<double>(s.n) * epsilon<T>() : 0;
            expect<T>(names[r], s.n, o * s.inner + i, y.values[o * s.inner + i], want, relative,
                      name == "prod" ? 1e-36 : slack);
          }
        }
      }
      for (int r = 0, count = kernel_names("argReduce", &names); r < count; ++r) {
        if (s.n == 0) continue;
        const bool max = !std::strcmp(names[r], "argmax");
        Output<int64_t> y(s.outer * s.inner);
        kernels().arg_reduce[r][kSlot<T>](x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            size_t best = 0;
            for (size_t k = 1; k < s.n; ++k) {
              const auto a = at(o, k, i), b = at(o, best, i);
              if (b == b && (a != a || (max ? a > b : a < b))) best = k;
            }
            expect<int64_t>(names[r], s.n, o * s.inner + i, y.values[o * s.inner + i], best, 0, 0);
          }
        }
      }
      for (int r = 0, count = kernel_names("scan", &names); r < count; ++r) {
        const ReduceFn kernel = kernels().scan[r][kSlot<T>];
        if (kernel == nullptr || (special && std::is_floating_point_v<T>)) continue;
        const bool product = !std::strcmp(names[r], "cumprod");
        Output<T> y(total);
        kernel(x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            using Wide = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
            Wide running = product;
            for (size_t k = 0; k < s.n; ++k) {
              const Wide v = static_cast<Wide>(at(o, k, i));
              running = product ? running * v : running + v;
              const size_t index = (o * s.n + k) * s.inner + i;
              expect<T>(names[r], s.n, index, y.values[index], static_cast<T>(running), 0, 0);
            }
          }
        }
      }
    }
  }
}

// A sum whose terms grow it far beyond each of them: naive accumulation in f32 loses 4 digits here.
void check_sum_accuracy() {
  const size_t n = size_t(1) << 22;
  std::vector<float> x(n, 0.1f);
  const Real want = Real(0.1f) * n;
  float y = 0;
  const ReduceFn sum = kernels().reduce[static_cast<int>(ReduceKernel::sum)][kSlot<float>];
  sum(x.data(), &y, 1, n, 1);
  expect<float>("sum of 2^22 tenths", n, 0, y, want, 4 * epsilon<float>(), 0);
  std::vector<float> columns(8);
  sum(x.data(), columns.data(), 1, n / 8, 8);
  for (size_t i = 0; i < 8; ++i)
    expect<float>("sum of 2^19 tenths, columns", n / 8, i, columns[i], want / 8, 4 * epsilon<float>(), 0);
}

template <class T>
void check_softmax() {
  const auto softmax = kernels().softmax[static_cast<int>(SoftmaxKernel::softmax)][kSlot<T>];
  const auto log_softmax = kernels().softmax[static_cast<int>(SoftmaxKernel::logSoftmax)][kSlot<T>];
  const auto backward = kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::softmaxBackward)][kSlot<T>];
  const auto log_backward =
      kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::logSoftmaxBackward)][kSlot<T>];
  for (const Shape& s : kShapes) {
    const size_t total = s.outer * s.n * s.inner;
    Values<T> x = random_values<T>(total, false);
    const Values<T> g = random_values<T>(total, false);
    for (size_t i = 0; i < total; i += 11) x[i] = -std::numeric_limits<T>::infinity();
    for (size_t i = 5; i < total; i += 501) x[i] = 1000;  // would overflow without the shift
    Output<T> y(total), logs(total), dx(total), dlogs(total);
    softmax(x.data(), y.data(), s.outer, s.n, s.inner);
    log_softmax(x.data(), logs.data(), s.outer, s.n, s.inner);
    backward(g.data(), y.data(), dx.data(), s.outer, s.n, s.inner);
    log_backward(g.data(), logs.data(), dlogs.data(), s.outer, s.n, s.inner);
    for (const auto* output : {&y, &logs, &dx, &dlogs}) output->check_canaries("softmax");
    Output<T> in_place(total);
    std::copy(x.begin(), x.end(), in_place.values.begin());
    softmax(in_place.data(), in_place.data(), s.outer, s.n, s.inner);
    for (size_t o = 0; o < s.outer; ++o) {
      for (size_t i = 0; i < s.inner; ++i) {
        const auto index = [&](size_t k) { return (o * s.n + k) * s.inner + i; };
        Real top = -INFINITY, sum = 0, dot = 0, grad_sum = 0;
        for (size_t k = 0; k < s.n; ++k) top = std::fmax(top, Real(x[index(k)]));
        for (size_t k = 0; k < s.n; ++k) sum += std::exp(x[index(k)] - top);
        for (size_t k = 0; k < s.n; ++k) dot += Real(g[index(k)]) * y.values[index(k)], grad_sum += g[index(k)];
        // The shifted input is rounded before exp, which costs half an ulp of it.
        const double e = epsilon<T>();
        for (size_t k = 0; k < s.n; ++k) {
          const size_t at = index(k);
          const Real shifted = x[at] - top, p = std::exp(shifted) / sum;
          const double slack = std::isfinite(shifted) ? 16 * e + static_cast<double>(std::fabs(shifted)) * e : 16 * e;
          expect<T>("softmax", s.n, at, y.values[at], p, slack, 1e-37);
          expect<T>("softmax in place", s.n, at, in_place.values[at], p, slack, 1e-37);
          expect<T>("logSoftmax", s.n, at, logs.values[at], shifted - std::log(sum), slack, 16 * e);
          if (std::isnan(p)) continue;
          const double grads =
              1e-36 + 64 * e * static_cast<double>(1 + std::fabs(dot) + std::fabs(grad_sum) + std::fabs(g[at]));
          expect<T>("softmaxBackward", s.n, at, dx.values[at], (g[at] - dot) * y.values[at], 16 * e, grads);
          expect<T>("logSoftmaxBackward", s.n, at, dlogs.values[at], g[at] - std::exp(Real(logs.values[at])) * grad_sum,
                    16 * e, grads + 1000 * e * static_cast<double>(p));
        }
      }
    }
  }
}

// What PyTorch gives on x86, also where C++ leaves the conversion undefined.
template <class From, class To>
Real cast_reference(Stored<From> x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != 0;
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Wide = std::conditional_t<std::is_same_v<To, int32_t>, int32_t, int64_t>;
    const Real truncated = std::trunc(static_cast<Real>(x));
    const bool fits = truncated >= std::numeric_limits<Wide>::min() &&
                      truncated < -static_cast<Real>(std::numeric_limits<Wide>::min());
    return static_cast<To>(fits ? static_cast<Wide>(truncated) : std::numeric_limits<Wide>::min());
  } else {
    return static_cast<Real>(static_cast<To>(x));
  }
}
template <class From, class To>
void check_cast() {
  for (size_t n = 0; n <= 70; ++n) {
    Values<From> x = random_values<From>(n);
    if constexpr (std::is_floating_point_v<From>) {
      const From kEdges[] = {From(2147483647.5), From(2147483648.0), From(-2147483648.5), From(-2147483649.0),
                             From(9.3e18),       From(-9.3e18),      From(256.5),         From(-1.5),
                             From(-300),         From(4294967297.0), From(1e15 + 3)};
      for (size_t i = 0; i < n; i += 2) x[i] = kEdges[(i / 2 + n) % 11];
    }
    Output<To> y(n);
    kernels().cast[kSlot<From>][kSlot<To>](x.data(), y.data(), n);
    y.check_canaries("cast");
    for (size_t i = 0; i < n; ++i) {
      const Real want = cast_reference<From, To>(x[i]);
      ++check::checks;
      if (!close<Stored<To>>(y.values[i], want, 0, 0)) {
        check::fail("cast %s to %s of %.12Lg: expected %.12Lg, got %.12Lg", kDTypeNames[kSlot<From>],
                    kDTypeNames[kSlot<To>], static_cast<Real>(x[i]), want, static_cast<Real>(y.values[i]));
      }
    }
  }
}
template <class From>
void check_casts() {
  check_cast<From, float>();
  check_cast<From, double>();
  check_cast<From, int32_t>();
  check_cast<From, int64_t>();
  check_cast<From, uint8_t>();
  check_cast<From, bool>();
}

template <class T>
void check_optimizers() {
  for (size_t n = 0; n <= 70; n += 7) {
    for (int variant = 0; variant < 32; ++variant) {
      const bool maximize = variant & 1, flag = variant & 2, decay = variant & 4, momentum = variant & 8,
                 first = variant & 16;
      const Values<T> w0 = random_values<T>(n, false), g = random_values<T>(n, false), b0 = random_values<T>(n, false);
      Values<T> positive = random_values<T>(n, false), largest = random_values<T>(n, false);
      for (auto& v : positive) v = std::fabs(v);
      for (auto& v : largest) v = std::fabs(v);

      SgdArgs sgd = {0.1, momentum ? 0.9 : 0, 0.2, decay ? 0.01 : 0, momentum && flag, maximize, first};
      Output<T> w(n), buffer(n);
      std::copy(w0.begin(), w0.end(), w.values.begin());
      std::copy(b0.begin(), b0.end(), buffer.values.begin());
      kernels().sgd[kSlot<T>](&sgd, w.data(), g.data(), buffer.data(), n);
      w.check_canaries("sgd");
      buffer.check_canaries("sgd");
      for (size_t i = 0; i < n; ++i) {
        Real d = (maximize ? -1 : 1) * Real(g[i]) + sgd.weight_decay * w0[i];
        Real m = b0[i];
        if (momentum) {
          m = first ? d : m * sgd.momentum + (1 - sgd.dampening) * d;
          d = sgd.nesterov ? d + sgd.momentum * m : m;
        }
        expect<T>("sgd buffer", n, i, buffer.values[i], m, 4 * epsilon<T>(), 8 * epsilon<T>());
        expect<T>("sgd", n, i, w.values[i], w0[i] - sgd.lr * d, 4 * epsilon<T>(), 8 * epsilon<T>());
      }

      AdamArgs adam = {0.1,   flag ? 0.3 : 0.9, 0.999,    1e-8,  decay ? 0.1 : 0,
                       0.271, 0.002997001,      momentum, first, maximize};
      Output<T> p(n), average(n), square(n), peak(n);
      std::copy(w0.begin(), w0.end(), p.values.begin());
      std::copy(b0.begin(), b0.end(), average.values.begin());
      std::copy(positive.begin(), positive.end(), square.values.begin());
      std::copy(largest.begin(), largest.end(), peak.values.begin());
      kernels().adam[kSlot<T>](&adam, p.data(), g.data(), average.data(), square.data(), peak.data(), n);
      for (const auto* output : {&p, &average, &square, &peak}) output->check_canaries("adam");
      for (size_t i = 0; i < n; ++i) {
        Real d = (maximize ? -1 : 1) * Real(g[i]), x = w0[i];
        if (adam.decoupled) x *= 1 - adam.lr * adam.weight_decay;
        else d += adam.weight_decay * w0[i];
        const Real m = adam.beta1 * b0[i] + (1 - adam.beta1) * d;
        const Real v = adam.beta2 * positive[i] + (1 - adam.beta2) * d * d;
        const Real top = adam.amsgrad ? std::fmax(Real(largest[i]), v) : v;
        const Real step =
            adam.lr / adam.bias_correction1 * m / (std::sqrt(top) / std::sqrt(Real(adam.bias_correction2)) + adam.eps);
        const double e = epsilon<T>();
        expect<T>("adam average", n, i, average.values[i], m, 8 * e, 16 * e);
        expect<T>("adam square", n, i, square.values[i], v, 8 * e, 16 * e);
        expect<T>("adam peak", n, i, peak.values[i], adam.amsgrad ? top : largest[i], 8 * e, 16 * e);
        expect<T>("adam", n, i, p.values[i], x - step, 8 * e,
                  16 * e + 16 * e * static_cast<double>(std::fabs(step) + std::fabs(x)));
      }
    }
  }
}

// Slots hold exactly the dtypes that kernels.def names.
void check_slots() {
  constexpr unsigned FLOATS = 0b000011, INTS = 0b011100, NUMBERS = 0b011111, BITS = 0b111100, ALL = 0b111111;
  const auto check_row = [](const char* name, const auto& row, unsigned dtypes) {
    for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
      ++check::checks;
      if ((row[dtype] != nullptr) != ((dtypes >> dtype) & 1))
        check::fail("%s: slot %s is %s", name, kDTypeNames[dtype], row[dtype] ? "filled" : "empty");
    }
  };
  (void)INTS;
#define UNARY(name, dtypes) check_row(#name, kernels().unary[static_cast<int>(UnaryKernel::name)], dtypes);
#define PREDICATE(name, dtypes) check_row(#name, kernels().predicate[static_cast<int>(PredicateKernel::name)], dtypes);
#define BINARY(name, dtypes) check_row(#name, kernels().binary[static_cast<int>(BinaryKernel::name)], dtypes);
#define COMPARE(name, dtypes) check_row(#name, kernels().compare[static_cast<int>(CompareKernel::name)], dtypes);
#define REDUCE(name, dtypes) check_row(#name, kernels().reduce[static_cast<int>(ReduceKernel::name)], dtypes);
#define ARG_REDUCE(name, dtypes) \
  check_row(#name, kernels().arg_reduce[static_cast<int>(ArgReduceKernel::name)], dtypes);
#define SCAN(name, dtypes) check_row(#name, kernels().scan[static_cast<int>(ScanKernel::name)], dtypes);
#define SOFTMAX(name, dtypes) check_row(#name, kernels().softmax[static_cast<int>(SoftmaxKernel::name)], dtypes);
#define SOFTMAX_BACKWARD(name, dtypes) \
  check_row(#name, kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::name)], dtypes);
#include "native/kernels/families.inc"
  check_row("where", kernels().where, ALL);
  for (const auto& row : kernels().cast) check_row("cast", row, ALL);
  check_row("sgd", kernels().sgd, FLOATS);
  check_row("adam", kernels().adam, FLOATS);
}

template <class T>
void check_every() {
  if constexpr (!std::is_same_v<T, bool>) check_unary<T>();
  check_binary<T>();
  check_compare<T>();
  check_reductions<T>();
  check_casts<T>();
  if constexpr (std::is_floating_point_v<T>) {
    check_softmax<T>();
    check_optimizers<T>();
  }
}

}  // namespace

int main() {
  return check::run("kernels_test", [] {
    check_slots();
    check_every<float>();
    check_every<double>();
    check_every<int32_t>();
    check_every<int64_t>();
    check_every<uint8_t>();
    check_every<bool>();
    check_sum_accuracy();
  });
}
