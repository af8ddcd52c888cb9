// Elementwise drivers: broadcasting, layouts, outputs, overlaps, errors. The kernels' own numbers are math_test's.
#include <functional>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::Layout;

namespace {

const double kNone[2] = {0, 0};

std::string describe(const char* op, DType dtype, const Tensor& a, const Tensor& b) {
  return std::string(op) + " " + dtype_name(dtype) + " " + to_string(a.shape) + " " + to_string(a.strides) + " and " +
         to_string(b.shape) + " " + to_string(b.strides);
}

std::vector<double> combined(const Tensor& a, const Tensor& b, const std::function<double(double, double)>& f) {
  const Dims shape = broadcast_shapes("test", a.shape, b.shape);
  const std::vector<double> va = check::values(broadcast_to(a, shape)), vb = check::values(broadcast_to(b, shape));
  std::vector<double> want(va.size());
  for (size_t i = 0; i < va.size(); ++i) want[i] = f(va[i], vb[i]);
  return want;
}

void binary_over_layouts() {
  const std::pair<Dims, Dims> shapes[] = {{{}, {}},
                                          {{1}, {}},
                                          {{0}, {1}},
                                          {{5}, {5}},
                                          {{3, 4}, {4}},
                                          {{3, 1}, {1, 4}},
                                          {{1, 1}, {3}},
                                          {{2, 0}, {1, 1}},
                                          {{70, 33}, {33}},
                                          {{2, 3, 4, 5}, {3, 1, 5}},
                                          {{4, 1000}, {4, 1}},
                                          {{1, 70}, {70, 70}},
                                          {{1}, {1, 1, 1}},
                                          {{3, 200}, {3, 200}}};
  for (DType dtype : check::kNumberDTypes) {
    for (const auto& [sa, sb] : shapes) {
      for (Layout la : check::kLayouts) {
        for (Layout lb : check::kLayouts) {
          const Tensor a = check::make(dtype, sa, la), b = check::make(dtype, sb, lb);
          const Dims shape = broadcast_shapes("test", sa, sb);
          const std::string what = describe("add", dtype, a, b);
          const auto want = combined(a, b, [](double x, double y) { return x + y; });
          Tensor fresh;
          binary(BinaryKernel::add, a, b, kNone, fresh);
          check::expect(fresh.is_contiguous(), what + " is contiguous");
          check::expect_tensor(fresh, dtype, shape, want, what);
          Tensor given = check::make(dtype, shape, la == Layout::contiguous ? Layout::sliced : la);
          binary(BinaryKernel::add, a, b, kNone, given);
          check::expect_tensor(given, dtype, shape, want, what + " into a strided output");
          Tensor flags;
          compare(CompareKernel::lt, a, b, flags);
          check::expect_tensor(flags, DType::boolean, shape, combined(a, b, [](double x, double y) { return x < y; }),
                               describe("lt", dtype, a, b));
        }
      }
    }
  }
}

void large_and_parallel() {
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    for (Layout la : check::kLayouts) {
      for (Layout lb : check::kLayouts) {
        const Tensor a = check::make(DType::f32, {300, 301}, la), b = check::make(DType::f32, {300, 301}, lb);
        Tensor y, copy;
        binary(BinaryKernel::mul, a, b, kNone, y);
        check::expect_tensor(y, DType::f32, a.shape, combined(a, b, std::multiplies<double>()),
                             describe("mul", DType::f32, a, b));
        copy = check::make(DType::f32, {300, 301}, lb);
        copy_into(a, copy);
        check::expect_tensor(copy, DType::f32, a.shape, check::values(a), describe("copy", DType::f32, a, copy));
      }
    }
    const Tensor x = check::make(DType::f64, {40, 50, 60}, Layout::transposed);
    Tensor y;
    unary(UnaryKernel::neg, x, kNone, y);
    std::vector<double> want = check::values(x);
    for (double& v : want) v = -v;
    check::expect_tensor(y, DType::f64, x.shape, want, "neg of a transposed cube");
    // An inner axis turned outwards, with outer axes around it.
    const Tensor p = permute(check::make(DType::i32, {3, 40, 50, 11}), {2, 0, 3, 1});
    check::expect_tensor(contiguous(p), DType::i32, p.shape, check::values(p), "contiguous of a permutation");
  }
  set_num_threads(2);
}

void outputs_and_overlaps() {
  for (DType dtype : {DType::f32, DType::i64, DType::u8}) {
    // x += x and x = x + y in place, over every layout.
    for (Layout layout : check::kLayouts) {
      Tensor x = check::make(dtype, {37, 41}, layout);
      const Tensor y = check::make(dtype, {41}, layout);
      const auto want = combined(x, y, std::plus<double>());
      binary(BinaryKernel::add, x, y, kNone, x);
      check::expect_tensor(x, dtype, x.shape, want, "in place");
    }
    // y[1:] = y[:-1] + y[:-1]: the output overlaps its inputs out of step.
    Tensor base = check::make(dtype, {101});
    const Tensor head = as_strided(base, {100}, {1}, 0);
    Tensor tail = as_strided(base, {100}, {1}, 1);
    const auto want = combined(head, head, std::plus<double>());
    binary(BinaryKernel::add, head, head, kNone, tail);
    check::expect_tensor(tail, dtype, {100}, want, "overlapping output");
    // Transposing in place.
    Tensor square = check::make(dtype, {9, 9});
    const Tensor turned = permute(square, {1, 0});
    const auto turned_values = check::values(turned);
    copy_into(turned, square);
    check::expect_tensor(square, dtype, {9, 9}, turned_values, "transposition in place");
    // A scalar that lies inside the output.
    Tensor column = check::make(dtype, {50}, Layout::contiguous, 1, 3);
    const Tensor first = as_strided(column, {}, {}, 0);
    const auto scaled = combined(column, first, std::multiplies<double>());
    binary(BinaryKernel::mul, column, first, kNone, column);
    check::expect_tensor(column, dtype, {50}, scaled, "scalar inside the output");
  }
  // A bool output over the same bytes as its u8 input.
  Tensor bytes = check::make(DType::f32, {64});
  Tensor flags = bytes;
  flags.dtype = DType::boolean;
  const auto positive = combined(bytes, bytes, [](double x, double) { return x > 4; });
  compare_scalar(CompareKernel::gt, bytes, 4, flags);
  check::expect_tensor(flags, DType::boolean, {64}, positive, "narrower output over its input");

  Tensor wrong = empty(DType::f32, {3});
  const Tensor x = check::make(DType::f32, {4});
  check::expect_error("SHAPE_MISMATCH", "add: ", [&] { binary(BinaryKernel::add, x, x, kNone, wrong); });
  check::expect_error("DTYPE_MISMATCH", "lt: ", [&] {
    Tensor y = empty(DType::f32, {4});
    compare(CompareKernel::lt, x, x, y);
  });
}

void scalars_and_division() {
  for (DType dtype : check::kNumberDTypes) {
    for (Layout layout : check::kLayouts) {
      const Tensor x = check::make(dtype, {6, 7}, layout, 1, 9);
      Tensor y, z;
      const Tensor twenty = check::from(dtype, {}, {20});
      binary_scalar(BinaryKernel::sub, x, 1, false, 0, y);
      check::expect_tensor(y, dtype, x.shape, combined(x, twenty, [](double v, double) { return v - 1; }), "x - 1");
      binary_scalar(BinaryKernel::sub, x, 20, true, 0, z);
      check::expect_tensor(z, dtype, x.shape, combined(x, twenty, [](double v, double s) { return s - v; }), "20 - x");
    }
  }
  for (DType dtype : {DType::i32, DType::i64, DType::u8}) {
    for (BinaryKernel kernel : {BinaryKernel::floorDivide, BinaryKernel::remainder, BinaryKernel::fmod}) {
      const Tensor x = check::make(dtype, {5, 3}, Layout::contiguous, 1, 9);
      const Tensor divisor = check::make(dtype, {5, 3}, Layout::transposed, 1, 3);
      Tensor y;
      binary(kernel, x, divisor, kNone, y);
      check::set(divisor, 7, 0);
      Tensor kept = check::from(dtype, {5, 3}, std::vector<double>(15, 77));
      check::expect_error("ZERO_DIVISION", "ZeroDivisionError", [&] { binary(kernel, x, divisor, kNone, kept); });
      check::expect_error("ZERO_DIVISION", "zero", [&] { binary_scalar(kernel, x, 0, false, 0, kept); });
      check::expect_error("ZERO_DIVISION", "zero", [&] { binary_scalar(kernel, divisor, 5, true, 0, kept); });
      check::expect_tensor(kept, dtype, {5, 3}, std::vector<double>(15, 77), "nothing is written before the refusal");
    }
  }
  const Tensor f = check::from(DType::f32, {1}, {1}), zero = check::from(DType::f32, {1}, {0});
  Tensor y;
  binary(BinaryKernel::floorDivide, f, zero, kNone, y);
  check::expect(std::isinf(check::get(y, 0)), "floats divide by zero");
}

void where_and_casts() {
  for (Layout layout : check::kLayouts) {
    for (const auto& [sc, sa, sb] : {std::tuple<Dims, Dims, Dims>{{4, 5}, {5}, {4, 1}},
                                     {{}, {2, 3}, {3}},
                                     {{3, 1}, {}, {}},
                                     {{80, 90}, {80, 90}, {}},
                                     {{0, 3}, {3}, {1}}}) {
      const Tensor c = check::make(DType::boolean, sc, layout, 0, 1);
      const Tensor a = check::make(DType::f64, sa, layout), b = check::make(DType::f64, sb, layout);
      const Dims shape = broadcast_shapes("", broadcast_shapes("", sc, sa), sb);
      const auto vc = check::values(broadcast_to(c, shape)), va = check::values(broadcast_to(a, shape));
      auto want = check::values(broadcast_to(b, shape));
      for (size_t i = 0; i < want.size(); ++i) want[i] = vc[i] != 0 ? va[i] : want[i];
      Tensor y;
      where(c, a, b, y);
      check::expect_tensor(y, DType::f64, shape, want, "where " + to_string(shape));
    }
    for (DType from : check::kAllDTypes) {
      for (DType to : check::kAllDTypes) {
        const Tensor x = check::make(from, {13, 7}, layout);
        auto want = check::values(x);
        for (double& v : want) v = to == DType::boolean ? v != 0 : v;
        Tensor y, target = check::make(to, {2, 13, 7}, layout);
        cast(x, to, y);
        check::expect_tensor(y, to, x.shape, want, "cast");
        copy_into(x, target);
        want.insert(want.end(), want.begin(), want.begin() + 91);
        check::expect_tensor(target, to, target.shape, want, "copy_into broadcasts and casts");
      }
    }
  }
  check::expect_error("DTYPE_MISMATCH", "where: ", [] {
    const Tensor x = check::make(DType::f32, {1});
    Tensor y;
    where(x, x, x, y);
  });
  check::expect_error("DTYPE_MISMATCH", "add: ", [] {
    Tensor y;
    binary(BinaryKernel::add, empty(DType::f32, {1}), empty(DType::f64, {1}), kNone, y);
  });
  check::expect_error("DTYPE_MISMATCH", "exp: ", [] {
    Tensor y;
    unary(UnaryKernel::exp, empty(DType::i32, {1}), kNone, y);
  });
  check::expect_error("SHAPE_MISMATCH", "add: ", [] {
    Tensor y;
    binary(BinaryKernel::add, empty(DType::f32, {2}), empty(DType::f32, {3}), kNone, y);
  });
}

void fills() {
  for (DType dtype : check::kAllDTypes) {
    for (Layout layout : check::kLayouts) {
      Tensor x = check::make(dtype, {5, 6}, layout);
      fill(x, 3);
      check::expect_tensor(x, dtype, {5, 6}, std::vector<double>(30, dtype == DType::boolean ? 1 : 3), "fill");
      if (dtype == DType::boolean) continue;
      Tensor r = check::make(dtype, {700}, layout == Layout::transposed ? Layout::sliced : layout);
      arange(2, 0.25, r);
      std::vector<double> want;
      for (int i = 0; i < 700; ++i) {
        const double v = 2 + i * 0.25;
        const auto single = static_cast<float>(v);
        want.push_back(dtype == DType::bf16 ? static_cast<float>(BFloat16(single))
                       : dtype == DType::i8 ? static_cast<int8_t>(static_cast<int>(v))
                       : is_floating(dtype) ? v
                                            : std::floor(v));
      }
      check::expect_tensor(r, dtype, {700}, want, "arange");
    }
  }
  Tensor exact = empty(DType::i64, {2});
  fill_i64(exact, INT64_MAX - 1);
  check::expect(exact.as<int64_t>()[1] == INT64_MAX - 1, "fill_i64 is exact past 2^53");
  Tensor expanded = broadcast_to(check::make(DType::f32, {1}), {4, 1});
  Tensor y;
  unary(UnaryKernel::relu, expanded, kNone, y);
  check::expect_tensor(y, DType::f32, {4, 1}, check::values(expanded), "an operand of repeated elements");
  binary(BinaryKernel::add, expanded, expanded, kNone, y);
}

}  // namespace

int main() {
  return check::run("elementwise", [] {
    binary_over_layouts();
    large_and_parallel();
    outputs_and_overlaps();
    scalars_and_division();
    where_and_casts();
    fills();
  });
}
