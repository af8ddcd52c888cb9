// The products of bf16 and of 8-bit integers. bf16 against float64 on the same (rounded) operands; integers exactly,
// through sums that a scale of 1 leaves whole; every transposition, odd sizes, epilogues, packed operands, and the
// promise that the number of threads changes no bit. Runs under the ISA in force (FLAMBEAU_ISA).
#include <random>
#include <vector>

#include "../check.h"
#include "native/drivers/gemm/gemm_words.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;

namespace {

std::mt19937 generator(1);

struct Bf16Matrix {
  std::vector<BFloat16> values;
  int64_t row_stride, col_stride;
  Bf16Matrix(int64_t rows, int64_t cols, int64_t row, int64_t col) : row_stride(row), col_stride(col) {
    // Exactly as long as the last element reaches, so that a sanitizer sees any read beyond it.
    values.resize(rows && cols ? static_cast<size_t>((rows - 1) * row + (cols - 1) * col + 1) : 0);
    std::normal_distribution<float> normal;
    for (BFloat16& value : values) value = BFloat16(normal(generator));
  }
  MatrixView view() const { return {values.data(), row_stride, col_stride}; }
  double at(int64_t i, int64_t j) const {
    return static_cast<float>(values[static_cast<size_t>(i * row_stride + j * col_stride)]);
  }
};

enum class Order { rows, columns, padded_rows, padded_columns, scattered };
Bf16Matrix matrix(int64_t rows, int64_t cols, Order order) {
  switch (order) {
    case Order::rows:
      return {rows, cols, cols, 1};
    case Order::columns:
      return {rows, cols, 1, rows};
    case Order::padded_rows:
      return {rows, cols, cols + 3, 1};
    case Order::padded_columns:
      return {rows, cols, 1, rows + 5};
    default:
      return {rows, cols, 2 * cols + 1, 2};
  }
}

uint16_t canary() { return 0x1234; }

void check_bf16(int64_t m, int64_t n, int64_t k, Order a_order, Order b_order, bool with_bias) {
  const Bf16Matrix a = matrix(m, k, a_order), b = matrix(k, n, b_order);
  std::vector<float> bias(static_cast<size_t>(n));
  for (float& x : bias) x = static_cast<float>(generator() % 100) / 10;
  WordEpilogue epilogue;
  if (with_bias) epilogue.bias = bias.data(), epilogue.activation = Activation::relu;
  const int64_t ldc = n + 3;
  const auto run = [&](const void* packed) {
    std::vector<uint16_t> c(static_cast<size_t>(m * ldc), canary());
    gemm_bf16(m, n, k, a.view(), b.view(), c.data(), ldc, epilogue, packed);
    return c;
  };
  const std::vector<uint16_t> c = run(nullptr);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < ldc; ++j) {
      BFloat16 got;
      got.bits = c[static_cast<size_t>(i * ldc + j)];
      ++check::checks;
      if (j >= n) {
        if (got.bits != canary())
          return check::fail("bf16 %lldx%lldx%lld: wrote past a row", (long long)m, (long long)n, (long long)k);
        continue;
      }
      double want = 0, magnitude = 0;
      for (int64_t p = 0; p < k; ++p) {
        want += a.at(i, p) * b.at(p, j);
        magnitude += std::fabs(a.at(i, p) * b.at(p, j));
      }
      if (with_bias) want = std::fmax(want + static_cast<double>(bias[static_cast<size_t>(j)]), 0.0);
      // Half an ulp of bf16 for the one rounding, and float's error of the sum in its worst order.
      const double bound = std::fabs(want) * 0x1p-8 + magnitude * 0x1p-23 * static_cast<double>(k / 2 + 2);
      if (std::fabs(static_cast<double>(got) - want) <= bound + 1e-30) continue;
      return check::fail("bf16 %lldx%lldx%lld [%lld, %lld]: expected %.9g, got %.9g", (long long)m, (long long)n,
                         (long long)k, (long long)i, (long long)j, want, static_cast<double>(got));
    }
  }
  std::vector<char> packed(packed_bf16_b_bytes(n, k));
  pack_bf16_b(n, k, b.view(), packed.data());
  ++check::checks;
  if (run(packed.data()) != c)
    check::fail("bf16 %lldx%lldx%lld: differs with packed panels", (long long)m, (long long)n, (long long)k);
  const int before = num_threads();
  for (const int threads : {1, 2, 64}) {
    set_num_threads(threads);
    ++check::checks;
    if (run(nullptr) != c)
      check::fail("bf16 %lldx%lldx%lld: differs with %d threads", (long long)m, (long long)n, (long long)k, threads);
  }
  set_num_threads(before);
}

// Whole activations of scale 1 quantise to themselves, so that what comes back is the exact sum, while float holds it.
void check_int8(int64_t m, int64_t n, int64_t k, int32_t zero_point, bool extreme) {
  std::vector<float> x(static_cast<size_t>(m * k)), column_scales(static_cast<size_t>(n), 1),
      bias(column_scales.size());
  std::vector<int8_t> weight(static_cast<size_t>(n * k));
  std::vector<int32_t> column_sums(column_scales.size());
  for (float& value : x) {
    const int32_t q = extreme ? 255 : static_cast<int32_t>(generator() % 256);
    value = static_cast<float>(q - zero_point);
  }
  for (int8_t& value : weight) value = static_cast<int8_t>(extreme ? (generator() % 8 ? 127 : -128) : generator());
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t p = 0; p < k; ++p) column_sums[static_cast<size_t>(j)] += weight[static_cast<size_t>(j * k + p)];
    bias[static_cast<size_t>(j)] = static_cast<float>(j % 7);
  }
  std::vector<char> packed(packed_int8_b_bytes(n, k));
  pack_int8_b(n, k, weight.data(), packed.data());
  WordEpilogue epilogue;
  epilogue.bias = bias.data();
  epilogue.zero_point = zero_point;
  epilogue.column_sums = column_sums.data();
  epilogue.column_scales = column_scales.data();
  const QuantizedRows rows{x.data(), k, 1, zero_point, 255};
  const int64_t ldc = n + 2;
  const auto run = [&] {
    std::vector<float> c(static_cast<size_t>(m * ldc), -77);
    gemm_int8(m, n, k, rows, packed.data(), c.data(), ldc, epilogue);
    return c;
  };
  const std::vector<float> c = run();
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < ldc; ++j) {
      int64_t sum = 0;
      for (int64_t p = 0; j < n && p < k; ++p) {
        sum += static_cast<int64_t>(x[static_cast<size_t>(i * k + p)]) * weight[static_cast<size_t>(j * k + p)];
      }
      const float want = j < n ? static_cast<float>(sum) + bias[static_cast<size_t>(j)] : -77;
      const float got = c[static_cast<size_t>(i * ldc + j)];
      ++check::checks;
      if (got != want) {
        return check::fail("int8 %lldx%lldx%lld [%lld, %lld]: expected %.9g, got %.9g", (long long)m, (long long)n,
                           (long long)k, (long long)i, (long long)j, static_cast<double>(want),
                           static_cast<double>(got));
      }
    }
  }
  const int before = num_threads();
  for (const int threads : {1, 2, 64}) {
    set_num_threads(threads);
    ++check::checks;
    if (run() != c)
      check::fail("int8 %lldx%lldx%lld: differs with %d threads", (long long)m, (long long)n, (long long)k, threads);
  }
  set_num_threads(before);
}

// Rounding to the nearest level, half to even, and clamping.
void check_quantize() {
  std::vector<float> x;
  for (int i = -2000; i <= 2000; ++i) x.push_back(static_cast<float>(i) / 8);
  x.push_back(1e30f);
  x.push_back(-1e30f);
  for (size_t n : {x.size(), size_t{1}, size_t{0}, size_t{517}}) {
    for (const float zero : {0.0f, 40.0f, 127.0f}) {
      std::vector<uint8_t> q(n + 1, 99);
      kernels().quantize(x.data(), q.data(), n, 0.5f, zero, 127);
      for (size_t i = 0; i < n; ++i) {
        const double want =
            std::fmin(std::fmax(std::nearbyint(static_cast<double>(x[i]) / 2) + static_cast<double>(zero), 0), 127);
        ++check::checks;
        if (q[i] != want) return check::fail("quantize %g: expected %g, got %d", static_cast<double>(x[i]), want, q[i]);
      }
      if (q[n] != 99) check::fail("quantize: wrote past the end");
    }
  }
}

}  // namespace

int main() {
  return check::run("gemm_words_test", [] {
    constexpr int64_t kShapes[][3] = {{1, 1, 1},    {2, 3, 4},      {1, 40, 129},   {3, 33, 64},   {5, 7, 33},
                                      {14, 32, 16}, {15, 33, 17},   {29, 65, 255},  {64, 31, 130}, {33, 100, 7},
                                      {4, 4, 0},    {100, 30, 200}, {211, 97, 301}, {70, 5, 1000}, {17, 1, 300}};
    constexpr Order kOrders[] = {Order::rows, Order::columns, Order::padded_rows, Order::padded_columns,
                                 Order::scattered};
    check_quantize();
    for (const auto& [m, n, k] : kShapes) {
      for (const int32_t zero : {0, 3, 255}) check_int8(m, n, k, zero, false);
      check_int8(m, n, k, 128, true);
      if (!has_bf16_gemm()) continue;
      for (const Order a : kOrders) {
        for (const Order b : kOrders) check_bf16(m, n, k, a, b, (m + n) % 2 == 0);
      }
    }
    // So deep that the rows of A are packed in several blocks, and so wide that threads share the panels.
    check_int8(40, 70, 4099, 17, false);
    check_int8(20, 9, 2100, 17, false);
    if (has_bf16_gemm()) {
      check_bf16(180, 70, 4099, Order::rows, Order::columns, true);
      check_bf16(90, 300, 700, Order::columns, Order::rows, false);
    }
  });
}
