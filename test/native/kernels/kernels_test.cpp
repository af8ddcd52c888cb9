// The elementwise rows of kernels.def, and where, against plain scalar code in a wider type: all tails from 0 to 70
// elements, operands used once or repeated, results written over operands, special values, and canaries behind every
// output. Runs under the ISA in force (FLAMBEAU_ISA). How accurate the functions are is math_test's matter.
#include "../kernel_values.h"

namespace {

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
    {"elu", [](Real x) { return x >= 0 ? x : kParameters[0] * std::expm1(x * kParameters[1]); }, {4, 1e-36}},
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
    {"eluBackward", [](Real g, Real x) { return x <= 0 ? g * kP0 * kP1 * std::exp(x * kP1) : g; }, {8, 1e-36}},
    {"seluBackward",
     [](Real g, Real x) { return g * 1.0507009873554805L * (x <= 0 ? 1.6732632423543772L * std::exp(x) : 1); },
     {4, 1e-36}},
    {"mishBackward",
     [](Real g, Real x) {
       const Real t = std::tanh(std::log1p(std::exp(x)));
       return g * (t + x * sigmoid(x) * (1 - t * t));
     },
     {8, 16}},
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

// Slots hold exactly the dtypes that kernels.def names.
void check_slots() {
  constexpr unsigned FLOATS = 0b00000011, INTS = 0b10011100, BITS = 0b10111100;
  constexpr unsigned NUMBERS = FLOATS | INTS, ALL = FLOATS | BITS, EVERY = 0b11111111;
  const auto or_bf16 = [](unsigned dtypes) {
    return dtypes & FLOATS ? dtypes | 1u << static_cast<int>(DType::bf16) : dtypes;
  };
  const auto check_row = [](const char* name, const auto& row, unsigned dtypes) {
    for (int dtype = 0; dtype < kDTypeCount; ++dtype) {
      ++check::checks;
      if ((row[dtype] != nullptr) != ((dtypes >> dtype) & 1))
        check::fail("%s: slot %s is %s", name, kDTypeNames[dtype], row[dtype] ? "filled" : "empty");
    }
  };
  (void)INTS;
#define UNARY(name, dtypes, cost) \
  check_row(#name, kernels().unary[static_cast<int>(UnaryKernel::name)], or_bf16(dtypes));
#define PREDICATE(name, dtypes) \
  check_row(#name, kernels().predicate[static_cast<int>(PredicateKernel::name)], or_bf16(dtypes));
#define BINARY(name, dtypes, cost) \
  check_row(#name, kernels().binary[static_cast<int>(BinaryKernel::name)], or_bf16(dtypes));
#define COMPARE(name, dtypes) \
  check_row(#name, kernels().compare[static_cast<int>(CompareKernel::name)], or_bf16(dtypes));
#define REDUCE(name, dtypes) check_row(#name, kernels().reduce[static_cast<int>(ReduceKernel::name)], dtypes);
#define ARG_REDUCE(name, dtypes) \
  check_row(#name, kernels().arg_reduce[static_cast<int>(ArgReduceKernel::name)], dtypes);
#define SCAN(name, dtypes) check_row(#name, kernels().scan[static_cast<int>(ScanKernel::name)], dtypes);
#define SOFTMAX(name, dtypes) check_row(#name, kernels().softmax[static_cast<int>(SoftmaxKernel::name)], dtypes);
#define SOFTMAX_BACKWARD(name, dtypes) \
  check_row(#name, kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::name)], dtypes);
#include "native/kernels/families.inc"
  check_row("where", kernels().where, EVERY);
  for (const auto& row : kernels().cast) check_row("cast", row, EVERY);
  check_row("sgd", kernels().sgd, FLOATS);
  check_row("adam", kernels().adam, FLOATS);
}

template <class T>
void check_every() {
  if constexpr (!std::is_same_v<T, bool>) check_unary<T>();
  check_binary<T>();
  check_compare<T>();
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
    check_every<int8_t>();
    check_every<bool>();
  });
}
