// matmul: every mix of layouts, batches, bias and activation against the triple loop. gemm_test has the sizes.
#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::Layout;

namespace {

std::vector<double> product(const Tensor& a, const Tensor& b, const Tensor* bias, bool relu, Dims& shape) {
  Dims a_batch = a.shape, b_batch = b.shape;
  a_batch.rank -= 2;
  b_batch.rank -= 2;
  const Dims batch = broadcast_shapes("test", a_batch, b_batch);
  const int64_t m = a.shape[a.rank() - 2], k = a.shape[a.rank() - 1], n = b.shape[b.rank() - 1];
  Dims a_shape = batch, b_shape = batch;
  shape = batch;
  shape.push(m), shape.push(n), a_shape.push(m), a_shape.push(k), b_shape.push(k), b_shape.push(n);
  const auto va = check::values(broadcast_to(a, a_shape)), vb = check::values(broadcast_to(b, b_shape));
  std::vector<double> c;
  for (int64_t s = 0; s < count(batch); ++s) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l) {
          sum += va[static_cast<size_t>((s * m + i) * k + l)] * vb[static_cast<size_t>((s * k + l) * n + j)];
        }
        if (bias) sum += check::get(*bias, j);
        c.push_back(relu && sum < 0 ? 0 : sum);
      }
    }
  }
  return c;
}

void all_mixes() {
  const std::pair<Dims, Dims> shapes[] = {{{2, 3}, {3, 4}},          {{1, 10}, {10, 50}},    {{1, 1}, {1, 1}},
                                          {{5, 0}, {0, 3}},          {{0, 3}, {3, 2}},       {{2, 3}, {3, 0}},
                                          {{4, 2, 3}, {3, 5}},       {{2, 2, 2, 3}, {3, 5}}, {{4, 2, 3}, {4, 3, 5}},
                                          {{2, 1, 2, 3}, {4, 3, 2}}, {{2, 3}, {6, 3, 4}},    {{0, 2, 3}, {3, 4}},
                                          {{4, 1, 3}, {3, 5}},       {{1, 4, 3}, {1, 3, 5}}, {{3, 1, 1, 3}, {1, 3, 2}},
                                          {{7, 33, 20}, {20, 35}},   {{64, 64}, {64, 64}},   {{2, 1, 3}, {1, 3, 1}}};
  for (DType dtype : check::kNumberDTypes) {
    const bool floats = dtype == DType::f32 || dtype == DType::f64;
    const int64_t high = dtype == DType::u8 ? 1 : 4;  // sums stay below 256
    const int64_t low = floats ? -4 : 0;
    for (const auto& [sa, sb] : shapes) {
      for (Layout la : check::kLayouts) {
        for (Layout lb : check::kLayouts) {
          const Tensor a = check::make(dtype, sa, la, low, high), b = check::make(dtype, sb, lb, low, high);
          const Tensor bias = check::make(dtype, {sb[sb.rank - 1]}, lb, low, high);
          const std::string what = std::string("matmul ") + dtype_name(dtype) + " " + to_string(sa) +
                                   to_string(a.strides) + " " + to_string(sb) + to_string(b.strides);
          Dims shape;
          Tensor y, z;
          const auto want = product(a, b, nullptr, false, shape);
          matmul(a, b, nullptr, Activation::none, y);
          check::expect_tensor(y, dtype, shape, want, what);
          matmul(a, b, &bias, floats ? Activation::relu : Activation::none, z);
          check::expect_tensor(z, dtype, shape, product(a, b, &bias, floats, shape), what + " with bias and relu");
          Tensor given = check::make(dtype, shape, Layout::sliced);
          matmul(a, b, nullptr, Activation::none, given);
          check::expect_tensor(given, dtype, shape, want, what + " into a strided output");
        }
      }
    }
  }
}

void special_operands() {
  // Transposed and expanded batches, which do not merge into one product.
  const Tensor x = check::make(DType::f32, {5, 4, 3}, Layout::contiguous, -3, 3), w = check::make(DType::f32, {3, 6});
  for (const Tensor& a :
       {permute(x, {1, 0, 2}), permute(x, {2, 1, 0}), broadcast_to(check::make(DType::f32, {4, 3}), {5, 4, 3}),
        broadcast_to(check::make(DType::f32, {5, 1, 3}), {5, 4, 3})}) {
    const Tensor b = check::make(DType::f32, {a.shape[2], 6});
    Dims shape;
    const auto want = product(a, b, nullptr, false, shape);
    Tensor y;
    matmul(a, b, nullptr, Activation::none, y);
    check::expect_tensor(y, DType::f32, shape, want, "matmul of a permuted or expanded batch");
  }
  // The output is an operand.
  Tensor square = check::make(DType::f32, {8, 8}, Layout::contiguous, -3, 3);
  Dims shape;
  const auto want = product(square, square, nullptr, false, shape);
  matmul(square, square, nullptr, Activation::none, square);
  check::expect_tensor(square, DType::f32, {8, 8}, want, "matmul over its operand");
  // Integers wrap.
  const Tensor big = check::from(DType::i32, {1, 2}, {2147483647, 2147483647}),
               ones = check::from(DType::i32, {2, 1}, {1, 1});
  Tensor y;
  matmul(big, ones, nullptr, Activation::none, y);
  check::expect(check::get(y, 0) == -2, "int32 wraps");
}

void threads() {
  const Tensor a = check::make(DType::f32, {9, 40, 70}), b = check::make(DType::f32, {9, 70, 50});
  for (int64_t i = 0; i < a.numel; ++i) a.as<float>()[i] /= 7;
  for (int64_t i = 0; i < b.numel; ++i) b.as<float>()[i] /= 3;
  std::vector<double> first;
  for (int n : {1, 2, 3, 6}) {
    set_num_threads(n);
    Tensor y;
    matmul(a, b, nullptr, Activation::gelu, y);
    if (n == 1) first = check::values(y);
    check::expect(check::values(y) == first, "threads do not change the product");
  }
  set_num_threads(2);
}

void errors() {
  Tensor y;
  const auto call = [&](const Dims& sa, const Dims& sb, DType da, DType db, Activation activation) {
    matmul(check::make(da, sa), check::make(db, sb), nullptr, activation, y);
  };
  const DType f = DType::f32;
  check::expect_error("SHAPE_MISMATCH", "matmul: inner dimensions differ, [2,3] × [4,5]",
                      [&] { call({2, 3}, {4, 5}, f, f, Activation::none); });
  check::expect_error("SHAPE_MISMATCH", "matmul: ", [&] { call({2, 2, 3}, {3, 3, 5}, f, f, Activation::none); });
  check::expect_error("SHAPE_MISMATCH", "[3] × [3,5]", [&] { call({3}, {3, 5}, f, f, Activation::none); });
  check::expect_error("DTYPE_MISMATCH", "float64", [&] { call({2, 3}, {3, 5}, f, DType::f64, Activation::none); });
  check::expect_error("DTYPE_MISMATCH", "bool",
                      [&] { call({2, 3}, {3, 5}, DType::boolean, DType::boolean, Activation::none); });
  check::expect_error("DTYPE_MISMATCH", "activation",
                      [&] { call({2, 3}, {3, 5}, DType::i32, DType::i32, Activation::relu); });
  const Tensor a = check::make(f, {2, 3}), b = check::make(f, {3, 4}), bias = check::make(f, {3});
  check::expect_error("SHAPE_MISMATCH", "bias of shape [4]", [&] { matmul(a, b, &bias, Activation::none, y); });
}

}  // namespace

int main() {
  return check::run("matmul", [] {
    all_mixes();
    special_operands();
    threads();
    errors();
  });
}
