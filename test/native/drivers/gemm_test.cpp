// gemm() against a plain double-precision product: every transposition, stride and size class, the epilogues, and the
// promise that the number of threads changes no bit. Runs under the ISA in force (FLAMBEAU_ISA).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <type_traits>
#include <vector>

#include "native/dispatch/dispatch.h"
#include "native/drivers/gemm/gemm.h"
#include "native/error.h"
#include "native/kernels/table.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;

namespace {

int checks = 0, failures = 0;
std::mt19937_64 generator(1);

template <class T>
constexpr DType kDType = sizeof(T) == 4 ? DType::f32 : DType::f64;

// How a matrix lies in memory; `broadcast` repeats one row or column through a stride of 0.
enum class Order { row_major, col_major, padded_rows, padded_cols, scattered, broadcast_rows, broadcast_cols };
constexpr Order kOrders[] = {Order::row_major, Order::col_major,      Order::padded_rows,   Order::padded_cols,
                             Order::scattered, Order::broadcast_rows, Order::broadcast_cols};

template <class T>
struct Matrix {
  std::vector<T> values;
  int64_t row_stride = 0, col_stride = 0;

  Matrix(int64_t rows, int64_t cols, Order order) {
    switch (order) {
      case Order::row_major:
        row_stride = cols, col_stride = 1;
        break;
      case Order::col_major:
        row_stride = 1, col_stride = rows;
        break;
      case Order::padded_rows:
        row_stride = cols + 3, col_stride = 1;
        break;
      case Order::padded_cols:
        row_stride = 1, col_stride = rows + 5;
        break;
      case Order::scattered:
        row_stride = 2 * cols + 1, col_stride = 2;
        break;
      case Order::broadcast_rows:
        row_stride = 0, col_stride = 1;
        break;
      case Order::broadcast_cols:
        row_stride = 1, col_stride = 0;
        break;
    }
    // Exactly as long as the last element reaches, so that a sanitizer sees any read beyond it.
    const int64_t last = rows && cols ? (rows - 1) * row_stride + (cols - 1) * col_stride + 1 : 0;
    values.resize(static_cast<size_t>(last));
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (T& value : values) value = static_cast<T>(uniform(generator));
  }
  double at(int64_t i, int64_t j) const { return static_cast<double>(values[i * row_stride + j * col_stride]); }
  MatrixView view() const { return {values.data(), row_stride, col_stride}; }
};

template <class T>
void fail(const char* what, int64_t m, int64_t n, int64_t k, int64_t i, int64_t j, double want, double got) {
  if (++failures <= 20) {
    std::printf("gemm_test: %s %s m=%lld n=%lld k=%lld [%lld, %lld]: expected %.9g, got %.9g\n",
                sizeof(T) == 4 ? "f32" : "f64", what, (long long)m, (long long)n, (long long)k, (long long)i,
                (long long)j, want, got);
  }
}

// One product without epilogue, compared with the reference; then with bias and each activation, compared bit for bit
// with the standalone kernels applied to that result.
template <class T>
void check_product(int64_t m, int64_t n, int64_t k, Order a_order, Order b_order, int64_t padding, bool epilogues) {
  const Matrix<T> a(m, k, a_order), b(k, n, b_order);
  const int64_t ldc = n + padding;
  const T guard = T(12345);
  std::vector<T> c(static_cast<size_t>(m * ldc), guard);
  gemm(kDType<T>, m, n, k, a.view(), b.view(), c.data(), ldc, nullptr);
  ++checks;
  const double epsilon = sizeof(T) == 4 ? 1.2e-7 : 2.3e-16;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0, magnitude = 0;
      for (int64_t p = 0; p < k; ++p) {
        sum += a.at(i, p) * b.at(p, j);
        magnitude += std::fabs(a.at(i, p) * b.at(p, j));
      }
      const double got = static_cast<double>(c[i * ldc + j]);
      // The textbook bound for any order of summation, with room for the reference's own error in f64.
      if (!(std::fabs(got - sum) <= epsilon * static_cast<double>(k + 2) * magnitude)) {
        return fail<T>("product", m, n, k, i, j, sum, got);
      }
    }
    for (int64_t j = n; j < ldc; ++j) {
      if (c[i * ldc + j] != guard) return fail<T>("wrote beyond a row", m, n, k, i, j, guard, c[i * ldc + j]);
    }
  }
  if (!epilogues) return;

  struct Row {
    Activation activation;
    UnaryKernel kernel;
  };
  constexpr Row kRows[] = {{Activation::none, UnaryKernel::count},      {Activation::relu, UnaryKernel::relu},
                           {Activation::sigmoid, UnaryKernel::sigmoid}, {Activation::tanh, UnaryKernel::tanh},
                           {Activation::gelu, UnaryKernel::gelu},       {Activation::gelu_tanh, UnaryKernel::geluTanh},
                           {Activation::silu, UnaryKernel::silu}};
  const Matrix<T> bias(1, n, Order::row_major);
  for (const Row& row : kRows) {
    for (const bool with_bias : {false, true}) {
      const Epilogue epilogue{with_bias ? bias.values.data() : nullptr, row.activation};
      std::vector<T> fused(c.size(), guard), expected = c;
      gemm(kDType<T>, m, n, k, a.view(), b.view(), fused.data(), ldc, &epilogue);
      for (int64_t i = 0; i < m; ++i) {
        T* const line = expected.data() + i * ldc;
        for (int64_t j = 0; with_bias && j < n; ++j) line[j] += bias.values[j];
        if (row.kernel != UnaryKernel::count) {
          kernels().unary[static_cast<int>(row.kernel)][static_cast<int>(kDType<T>)](line, line, n, nullptr);
        }
      }
      ++checks;
      if (std::memcmp(fused.data(), expected.data(), c.size() * sizeof(T)) != 0) {
        size_t at = 0;
        while (std::memcmp(&fused[at], &expected[at], sizeof(T)) == 0) ++at;
        return fail<T>("epilogue", m, n, k, at / ldc, at % ldc, expected[at], fused[at]);
      }
    }
  }
}

// The rest of the epilogue, accumulation and packed panels: each against the plain product, bit for bit where only the
// order of writing differs, else within a rounding of each term.
template <class T>
void check_options(int64_t m, int64_t n, int64_t k, Order a_order, Order b_order) {
  const Matrix<T> a(m, k, a_order), b(k, n, b_order), residual(m, n, Order::padded_rows), start(m, n, Order::row_major);
  const Matrix<T> row_bias(1, n, Order::row_major), col_bias(m, 1, Order::row_major);
  const size_t size = static_cast<size_t>(m * n);
  const auto product = [&](const Epilogue* epilogue, const GemmOptions& options) {
    std::vector<T> c = start.values;
    c.resize(size);
    gemm(kDType<T>, m, n, k, a.view(), b.view(), c.data(), n, epilogue, options);
    return c;
  };
  const auto compare = [&](const char* what, const std::vector<T>& got, auto&& want) {
    ++checks;
    for (size_t at = 0; at < size; ++at) {
      const T expected = want(static_cast<int64_t>(at) / n, static_cast<int64_t>(at) % n, at);
      if (std::memcmp(&got[at], &expected, sizeof(T)) == 0) continue;
      return fail<T>(what, m, n, k, static_cast<int64_t>(at) / n, static_cast<int64_t>(at) % n, expected, got[at]);
    }
  };
  const std::vector<T> plain = product(nullptr, {});

  std::vector<char> packed(packed_gemm_b_bytes(kDType<T>, n, k) + 64);
  char* const panels = packed.data() + (64 - reinterpret_cast<uintptr_t>(packed.data()) % 64) % 64;
  pack_gemm_b(kDType<T>, n, k, b.view(), panels);
  compare("packed panels", product(nullptr, {false, panels}), [&](int64_t, int64_t, size_t at) { return plain[at]; });

  const Matrix<T> row_scale(1, n, Order::row_major), col_scale(m, 1, Order::row_major);
  Epilogue all;
  all.row_scale = row_scale.values.data();
  all.col_scale = col_scale.values.data();
  all.row_bias = row_bias.values.data();
  all.col_bias = col_bias.values.data();
  all.activation = Activation::relu;
  all.residual = residual.values.data();
  all.residual_stride = residual.row_stride;
  const auto finish = [&](T sum, int64_t i, int64_t j) {
    const T biased = sum * row_scale.values[j] * col_scale.values[i] + row_bias.values[j] + col_bias.values[i];
    const T whole = biased + residual.values[i * residual.row_stride + j];
    return whole < 0 ? T(0) : whole;
  };
  compare("whole epilogue", product(&all, {}),
          [&](int64_t i, int64_t j, size_t at) { return finish(plain[at], i, j); });

  // How the former value enters the sum (first, or after the k blocks of one panel) is the path's choice.
  const std::vector<T> sum = product(nullptr, {true, panels});
  ++checks;
  const double epsilon = sizeof(T) == 4 ? 1.2e-7 : 2.3e-16;
  for (size_t at = 0; at < size; ++at) {
    const double want = static_cast<double>(start.values[at]) + static_cast<double>(plain[at]);
    if (!(std::fabs(static_cast<double>(sum[at]) - want) <= epsilon * static_cast<double>(k + 3) * (k + 1))) {
      return fail<T>("accumulate", m, n, k, static_cast<int64_t>(at) / n, static_cast<int64_t>(at) % n, want, sum[at]);
    }
  }
  compare("accumulate, then epilogue", product(&all, {true, nullptr}),
          [&](int64_t i, int64_t j, size_t at) { return finish(sum[at], i, j); });
}

// The same bits for every number of threads.
template <class T>
void check_threads(int64_t m, int64_t n, int64_t k, Order a_order, Order b_order) {
  const Matrix<T> a(m, k, a_order), b(k, n, b_order), bias(1, n, Order::row_major);
  const Epilogue epilogue{bias.values.data(), Activation::relu};
  std::vector<T> one(static_cast<size_t>(m * n)), many(one.size());
  const int before = num_threads();
  std::vector<char> packed(packed_gemm_b_bytes(kDType<T>, n, k) + 64);
  char* const panels = packed.data() + (64 - reinterpret_cast<uintptr_t>(packed.data()) % 64) % 64;
  pack_gemm_b(kDType<T>, n, k, b.view(), panels);
  for (const bool avoids_dots : {false, true}) {
    set_num_threads(1);
    gemm(kDType<T>, m, n, k, a.view(), b.view(), one.data(), n, &epilogue, {false, nullptr, avoids_dots});
    for (const int threads : {2, 7, 64}) {
      set_num_threads(threads);
      for (const void* const packed_b : {static_cast<const void*>(nullptr), static_cast<const void*>(panels)}) {
        std::fill(many.begin(), many.end(), T(-1));
        gemm(kDType<T>, m, n, k, a.view(), b.view(), many.data(), n, &epilogue, {false, packed_b, avoids_dots});
        ++checks;
        if (std::memcmp(one.data(), many.data(), one.size() * sizeof(T)) != 0) {
          fail<T>("differs between thread counts", m, n, k, threads, 0, 0, 0);
        }
      }
    }
  }
  set_num_threads(before);
}

template <class T>
void check_all() {
  constexpr int64_t kSmall[] = {0, 1, 2, 3, 4, 5, 7, 8, 13, 17, 33};
  for (const int64_t m : kSmall) {
    for (const int64_t n : kSmall) {
      for (const int64_t k : kSmall) {
        for (const Order a : {Order::row_major, Order::col_major}) {
          for (const Order b : {Order::row_major, Order::col_major}) check_product<T>(m, n, k, a, b, 0, false);
        }
      }
    }
  }
  constexpr int64_t kShapes[][3] = {{1, 50, 10},    {8, 50, 10},    {8, 2, 50},    {1, 2, 50},    {1, 257, 300},
                                    {2, 129, 65},   {3, 100, 31},   {4, 67, 129},  {300, 1, 257}, {67, 2, 100},
                                    {65, 3, 64},    {200, 1, 1},    {31, 31, 31},  {64, 64, 64},  {97, 101, 103},
                                    {15, 200, 390}, {11, 130, 390}, {350, 33, 40}, {5, 1, 1000},  {29, 65, 800},
                                    {16, 512, 100}, {1, 1, 1000},   {40, 40, 1},   {7, 9, 2}};
  for (const auto& [m, n, k] : kShapes) {
    for (const Order a : kOrders) {
      for (const Order b : kOrders) check_product<T>(m, n, k, a, b, (m + n) % 3, a < Order::padded_rows);
    }
  }
  check_product<T>(3, 5, 0, Order::row_major, Order::row_major, 2, true);
  check_product<T>(40, 70, 0, Order::row_major, Order::col_major, 0, true);
  check_product<T>(1, 9, 0, Order::row_major, Order::col_major, 0, true);

  check_product<T>(1, 300001, 0, Order::row_major, Order::row_major, 0, false);
  // Past what the kernels for few rows take from cache.
  check_product<T>(1, 1003, 603, Order::row_major, Order::row_major, 0, false);
  check_product<T>(4, 517, 1201, Order::col_major, Order::padded_rows, 0, false);
  check_product<T>(517, 1, 1201, Order::col_major, Order::row_major, 1, false);
  // A C that no L2 holds, of little depth: B's columns are turned.
  check_product<T>(1100, 1003, 5, Order::row_major, Order::col_major, 1, false);
  check_product<T>(1100, 1003, 16, Order::row_major, Order::col_major, 0, true);

  // Many rows of A in place: few columns of B in place or turned, and a shallow product of many columns.
  for (const Order b : kOrders) {
    check_product<T>(1030, 45, 70, Order::row_major, b, 1, true);
    check_product<T>(600, 64, 33, Order::padded_rows, b, 0, false);
    check_product<T>(700, 150, 20, Order::row_major, b, 0, false);
  }

  constexpr int64_t kOptions[][3] = {{1, 50, 10},    {3, 131, 65},  {1, 1003, 603}, {4, 517, 1201}, {5, 3, 70},
                                     {200, 1, 90},   {31, 33, 400}, {150, 67, 900}, {70, 21, 17},   {2, 3, 5},
                                     {130, 4500, 7}, {64, 64, 64},  {9, 40, 0},     {530, 50, 80},  {530, 100, 9}};
  for (const auto& [m, n, k] : kOptions) {
    for (const Order a : {Order::row_major, Order::col_major}) {
      for (const Order b : {Order::row_major, Order::col_major, Order::scattered}) check_options<T>(m, n, k, a, b);
    }
  }

  constexpr int64_t kThreaded[][3] = {{97, 150, 600}, {200, 130, 900}, {1, 3000, 700}, {3000, 1, 700}, {33, 700, 300},
                                      {700, 33, 300}, {3, 2000, 600},  {2000, 3, 600}, {16, 500, 600}, {20, 65, 900},
                                      {65, 20, 900},  {17, 17, 4096},  {5, 128, 4096}, {8, 20, 9000},  {600, 60, 300},
                                      {900, 130, 30}, {300, 400, 800}, {700, 300, 400}};
  for (const auto& [m, n, k] : kThreaded) {
    for (const Order a : {Order::row_major, Order::col_major}) {
      for (const Order b : {Order::row_major, Order::col_major}) check_threads<T>(m, n, k, a, b);
    }
  }
}

// How large the error is, not only that it is allowed: below kMostError epsilon · sqrt(k · sum of squared products).
// For random operands the partial sums are a random walk, each rounded by up to half an epsilon of itself.
constexpr double kMostError = 3.0;
template <class T>
void check_error() {
  constexpr int64_t kShapes[][3] = {{33, 65, 16},   {64, 64, 64},  {100, 100, 100}, {128, 96, 256}, {37, 70, 1000},
                                    {15, 40, 4096}, {1, 50, 4096}, {50, 1, 4096},   {4, 40, 2048},  {400, 40, 1100}};
  const double epsilon = sizeof(T) == 4 ? 0x1p-23 : 0x1p-52;
  double worst = 0;
  for (const auto& [m, n, k] : kShapes) {
    for (const Order a_order : {Order::row_major, Order::col_major}) {
      for (const Order b_order : {Order::row_major, Order::col_major}) {
        const Matrix<T> a(m, k, a_order), b(k, n, b_order);
        std::vector<T> c(static_cast<size_t>(m * n));
        gemm(kDType<T>, m, n, k, a.view(), b.view(), c.data(), n, nullptr);
        double largest = 0;
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            long double sum = 0, squares = 0;
            for (int64_t p = 0; p < k; ++p) {
              const long double term = static_cast<long double>(a.at(i, p)) * b.at(p, j);
              sum += term;
              squares += term * term;
            }
            const double error = static_cast<double>(std::fabs(static_cast<long double>(c[i * n + j]) - sum));
            largest = std::max(largest, error / (epsilon * static_cast<double>(std::sqrt(squares * k))));
          }
        }
        ++checks;
        worst = std::max(worst, largest);
        if (!(largest < kMostError)) fail<T>("error in units", m, n, k, 0, 0, kMostError, largest);
      }
    }
  }
  std::printf("gemm_test %s: largest error %.2f epsilon * sqrt(k * sum of squared products)\n",
              sizeof(T) == 4 ? "f32" : "f64", worst);
}

// Infinities and NaN travel as IEEE says; zero padding must not meet them.
template <class T>
void check_special_values() {
  for (const int64_t m : {1, 5, 40}) {
    for (const Order b_order : {Order::row_major, Order::col_major}) {
      const int64_t n = 37, k = 11;
      Matrix<T> a(m, k, Order::row_major), b(k, n, b_order);
      b.values[0] = static_cast<T>(INFINITY);  // column 0
      a.values[k - 1] = static_cast<T>(NAN);   // row 0
      std::vector<T> c(static_cast<size_t>(m * n));
      gemm(kDType<T>, m, n, k, a.view(), b.view(), c.data(), n, nullptr);
      for (int64_t i = 0; i < m; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          const double got = static_cast<double>(c[i * n + j]);
          ++checks;
          const bool right = i == 0 ? std::isnan(got) : j == 0 ? std::isinf(got) : std::isfinite(got);
          if (!right) fail<T>("special values", m, n, k, i, j, 0, got);
        }
      }
    }
  }
}

}  // namespace

int main() {
  try {
    kernels();
  } catch (const Error& error) {
    std::printf("gemm_test: %s\n", error.what());
    return std::strcmp(error.code(), "UNSUPPORTED_CPU") == 0 ? 77 : 1;
  }
  check_all<float>();
  check_all<double>();
  check_error<float>();
  check_error<double>();
  check_special_values<float>();
  check_special_values<double>();
  std::printf("gemm_test [%s]: %d checks, %d failures\n", kernels().isa, checks, failures);
  return failures != 0;
}
