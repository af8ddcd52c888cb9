// The accuracy of the elementary functions: f32 kernels over a stride of all bit patterns, f64 and two-operand kernels
// over random operands, against libm in a wider type.
//
//   math_test [stride]    every stride-th float (default 1009); prints each function's largest error when it is given
#include <cstdlib>
#include <random>
#include <vector>

#include "../check.h"

using namespace flambeau;

namespace {

bool verbose = false;
uint32_t stride = 1009;

struct Function {
  const char* name;
  double (*exact)(double);
  long double (*exact_wide)(long double);
  double limit, limit_without_fma;  // ulp of f32
};

double exact_sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
long double wide_sigmoid(long double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

// Through erfc, which has all its digits where x is far below 0.
double exact_gelu(double x) { return x * (0.5 * std::erfc(-x * 0.70710678118654752440)); }
long double wide_gelu(long double x) { return x * (0.5L * std::erfc(-x * 0.70710678118654752440L)); }

// Newton's method on erf and, where erf is flat, on erfc.
long double wide_erfinv(long double x) {
  const long double a = std::fabs(x), root_pi_half = 0.886226925452758013649L;
  if (!(a < 1)) return a == 1 ? std::copysign(INFINITY, x) : NAN;
  if (a == 0) return x;
  const long double l = std::log1p(-a * a), t = 2 / (3.14159265358979323846L * 0.147L) + l / 2;
  long double y = std::sqrt(std::sqrt(t * t - l / 0.147L) - t);
  for (int i = 0; i < 6; ++i) {
    const long double excess = a > 0.5L ? (1 - a) - std::erfc(y) : std::erf(y) - a;
    y -= excess * root_pi_half * std::exp(y * y);
  }
  return std::copysign(y, x);
}
double exact_erfinv(double x) { return static_cast<double>(wide_erfinv(x)); }

#define LIBM(name) #name, [](double x) { return std::name(x); }, [](long double x) { return std::name(x); }
const Function kFunctions[] = {
    {LIBM(exp), 1.1, 1.5},
    {LIBM(exp2), 1.0, 1.5},
    {LIBM(expm1), 2.0, 2.0},
    {LIBM(log), 1.0, 1.5},
    {LIBM(log2), 2.0, 2.0},
    {LIBM(log10), 2.0, 2.0},
    {LIBM(log1p), 2.0, 2.0},
    {LIBM(sin), 1.0, 1.5},
    {LIBM(cos), 1.0, 1.5},
    {LIBM(tan), 2.0, 2.5},
    {LIBM(asin), 2.0, 2.0},
    {LIBM(acos), 2.0, 2.0},
    {LIBM(atan), 2.0, 2.0},
    {LIBM(sinh), 2.0, 2.0},
    {LIBM(cosh), 2.0, 2.0},
    {LIBM(tanh), 2.0, 2.5},
    {LIBM(erf), 1.5, 1.5},
    {"erfinv", exact_erfinv, wide_erfinv, 0.6, 0.6},
    {"sigmoid", exact_sigmoid, wide_sigmoid, 2.5, 2.5},
    {"gelu", exact_gelu, wide_gelu, 3.0, 3.0},
};

bool is_baseline() { return std::strcmp(kernels().isa, "baseline") == 0; }

void report(const char* name, const char* dtype, double worst, double at, double limit) {
  ++check::checks;
  if (verbose) std::printf("  %-8s %s %8.3f ulp at %.9g (limit %.1f)\n", name, dtype, worst, at, limit);
  if (!(worst <= limit)) check::fail("%s %s: %.3f ulp at %.9g, limit %.1f", name, dtype, worst, at, limit);
}

void sweep(const Function& function) {
  const UnaryFn kernel = kernels().unary[check::index_of("unary", function.name)][static_cast<int>(DType::f32)];
  constexpr size_t kBatch = 4096;
  // erfinv's reference is slow and its domain is a quarter of all floats.
  const uint64_t step = function.exact == exact_erfinv ? uint64_t(stride) * 64 : stride;
  std::vector<float> x(kBatch), y(kBatch);
  double worst = 0, at = 0;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32);) {
    size_t count = 0;
    for (; count < kBatch && bits < (uint64_t(1) << 32); bits += step) {
      const uint32_t pattern = static_cast<uint32_t>(bits);
      std::memcpy(&x[count++], &pattern, sizeof pattern);
    }
    kernel(x.data(), y.data(), count, nullptr);
    for (size_t i = 0; i < count; ++i) {
      const double error = check::ulps(y[i], static_cast<long double>(function.exact(x[i])));
      if (!(error <= worst)) worst = error, at = x[i];
    }
  }
  report(function.name, "f32", worst, at, is_baseline() ? function.limit_without_fma : function.limit);
}

// Where the functions change course, and their edges, all of which a stride may miss.
void edges(const Function& function) {
  const int index = check::index_of("unary", function.name);
  std::vector<float> x;
  const float points[] = {0,
                          1e-45f,
                          1.17549435e-38f,
                          1e-20f,
                          0.125f,
                          0.25f,
                          0.34657359f,
                          0.41421356f,
                          0.5f,
                          0.625f,
                          0.7071067811865476f,
                          0.78539816f,
                          1,
                          1.41421356f,
                          1.5f,
                          1.57079633f,
                          2,
                          2.35619449f,
                          3.14159265f,
                          3.92f,
                          3.95f,
                          8.66f,
                          9.1f,
                          10,
                          16.6f,
                          17.3f,
                          22,
                          87.3f,
                          88.02969f,
                          88.37626f,
                          88.72284f,
                          89,
                          89.4159851f,
                          90,
                          103.27893f,
                          103.97208f,
                          126,
                          127,
                          128,
                          149,
                          150,
                          12000,
                          12867,
                          1e5f,
                          8388608,
                          16777216,
                          1e10f,
                          1e20f,
                          3.40282347e38f,
                          INFINITY,
                          NAN};
  for (const float point : points) {
    float up = point, down = point;
    for (int i = 0; i < 40; ++i) {
      for (const float value : {up, -up, down, -down}) x.push_back(value);
      up = std::nextafter(up, INFINITY);
      down = std::nextafter(down, -INFINITY);
    }
  }
  std::vector<float> y(x.size());
  kernels().unary[index][static_cast<int>(DType::f32)](x.data(), y.data(), x.size(), nullptr);
  double worst = 0, at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double error = check::ulps(y[i], static_cast<long double>(function.exact(x[i])));
    if (!(error <= worst)) worst = error, at = x[i];
  }
  report(function.name, "f32 edges", worst, at, is_baseline() ? function.limit_without_fma : function.limit);

  // In double gelu is made of erf, whose error is absolute where the result is small.
  if (function.exact == exact_gelu) return;
  std::vector<double> wide(x.begin(), x.end()), z(x.size());
  std::mt19937_64 generator(7);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 20000; ++i) wide.push_back(normal(generator) * std::exp(2 * normal(generator)));
  z.resize(wide.size());
  kernels().unary[index][static_cast<int>(DType::f64)](wide.data(), z.data(), wide.size(), nullptr);
  worst = at = 0;
  for (size_t i = 0; i < wide.size(); ++i) {
    const double error = check::ulps(z[i], function.exact_wide(wide[i]));
    if (!(error <= worst)) worst = error, at = wide[i];
  }
  report(function.name, "f64", worst, at, 4.0);
}

template <class T>
void two_operands(const char* name, long double (*exact)(long double, long double), double limit) {
  std::mt19937_64 generator(11);
  std::normal_distribution<double> normal;
  const T specials[] = {0, -T(0), 1, -1, T(0.5), 2, -3, T(1e-40), T(1e30), T(-1e30), T(INFINITY), -T(INFINITY), T(NAN)};
  std::vector<T> a, b;
  for (const T x : specials) {
    for (const T y : specials) a.push_back(x), b.push_back(y);
  }
  for (int i = 0; i < 200000; ++i) {
    const double magnitude = i % 2 ? 1 : std::exp(4 * normal(generator));
    a.push_back(static_cast<T>(normal(generator) * magnitude));
    b.push_back(static_cast<T>(normal(generator) * (i % 3 ? 1 : 10)));
  }
  if (std::strcmp(name, "pow") == 0) {
    for (size_t i = 400; i < a.size(); ++i) a[i] = std::fabs(a[i]);  // NaN for nearly every exponent otherwise
  }
  std::vector<T> y(a.size());
  const DType dtype = sizeof(T) == 4 ? DType::f32 : DType::f64;
  kernels().binary[check::index_of("binary", name)][static_cast<int>(dtype)](a.data(), 1, b.data(), 1, y.data(),
                                                                             a.size(), nullptr);
  double worst = 0, at = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = check::ulps(y[i], exact(a[i], b[i]));
    if (!(error <= worst)) worst = error, at = a[i];
  }
  report(name, sizeof(T) == 4 ? "f32" : "f64", worst, at, limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    verbose = true;
    stride = static_cast<uint32_t>(std::atoi(argv[1]));
    if (stride == 0) stride = 1;
  }
  return check::run("math_test", [] {
    for (const Function& function : kFunctions) {
      sweep(function);
      edges(function);
    }
    two_operands<float>("atan2", [](long double a, long double b) { return std::atan2(a, b); }, 2.5);
    two_operands<double>("atan2", [](long double a, long double b) { return std::atan2(a, b); }, 2.0);
    two_operands<float>("pow", [](long double a, long double b) { return std::pow(a, b); }, 1.5);
    two_operands<double>("pow", [](long double a, long double b) { return std::pow(a, b); }, 2.0);
  });
}
