// Reductions, arg reductions, scans and softmax over every layout and set of axes, against loops over elements.
#include <cstring>
#include <functional>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::Layout;

namespace {

// Folds x over the axes in `mask`; gives the kept shape too.
std::vector<double> folded(const Tensor& x, int mask, bool keepdim, double start,
                           const std::function<double(double, double)>& f, Dims& shape) {
  shape = Dims();
  for (int i = 0; i < x.rank(); ++i) {
    if (!(mask >> i & 1)) shape.push(x.shape[i]);
    if ((mask >> i & 1) && keepdim) shape.push(1);
  }
  std::vector<double> y(static_cast<size_t>(count(shape)), start);
  for (int64_t i = 0; i < x.numel; ++i) {
    const Dims at = check::coordinates(x.shape, i);
    int64_t out = 0;
    for (int k = 0; k < x.rank(); ++k) {
      if (!(mask >> k & 1)) out = out * x.shape[k] + at[k];
    }
    double& cell = y[static_cast<size_t>(out)];
    cell = f(cell, check::get(x, i));
  }
  return y;
}

void over_axes() {
  const Dims shapes[] = {{}, {5}, {1}, {3, 4}, {2, 3, 4}, {2, 1, 3}, {2, 3, 4, 5}, {0}, {3, 0}, {40, 50}};
  for (DType dtype : check::kNumberDTypes) {
    for (const Dims& shape : shapes) {
      for (Layout layout : check::kLayouts) {
        const Tensor x = check::make(dtype, shape, layout, 0, 2);
        for (int mask = 0; mask < 1 << shape.rank; ++mask) {
          Dims axes;
          for (int i = shape.rank - 1; i >= 0; --i) {
            if (mask >> i & 1) axes.push(i);
          }
          for (bool keepdim : {false, true}) {
            const std::string what = std::string(dtype_name(dtype)) + " " + to_string(shape) + " strides " +
                                     to_string(x.strides) + " axes " + to_string(axes);
            Dims want_shape;
            const auto sums = folded(x, mask, keepdim, 0, std::plus<double>(), want_shape);
            if (dtype != DType::u8 || count(shape) < 100) {
              Tensor y;
              reduce(ReduceKernel::sum, x, axes, keepdim, y);
              check::expect_tensor(y, dtype, want_shape, sums, "sum " + what);
              check::expect(y.is_contiguous(), "sum is contiguous");
              Tensor given = check::make(dtype, want_shape, Layout::sliced);
              reduce(ReduceKernel::sum, x, axes, keepdim, given);
              check::expect_tensor(given, dtype, want_shape, sums, "sum into a strided output " + what);
            }
            if (count(shape) < 100 && dtype == DType::f64) {
              Tensor y;
              reduce(ReduceKernel::prod, x, axes, keepdim, y);
              check::expect_tensor(y, dtype, want_shape,
                                   folded(x, mask, keepdim, 1, std::multiplies<double>(), want_shape), "prod " + what);
            }
            bool empty_axis = false;
            for (int i = 0; i < axes.rank; ++i) empty_axis = empty_axis || shape[static_cast<int>(axes[i])] == 0;
            if (empty_axis) {
              Tensor y;
              check::expect_error("OUT_OF_RANGE", "amax(): Expected reduction dim ",
                                  [&] { reduce(ReduceKernel::amax, x, axes, keepdim, y); });
              continue;
            }
            Tensor high, low;
            reduce(ReduceKernel::amax, x, axes, keepdim, high);
            reduce(ReduceKernel::amin, x, axes, keepdim, low);
            const auto larger = [](double a, double b) { return a > b ? a : b; };
            const auto smaller = [](double a, double b) { return a < b ? a : b; };
            check::expect_tensor(high, dtype, want_shape, folded(x, mask, keepdim, -1e9, larger, want_shape),
                                 "amax " + what);
            check::expect_tensor(low, dtype, want_shape, folded(x, mask, keepdim, 1e9, smaller, want_shape),
                                 "amin " + what);
          }
        }
      }
    }
  }
}

void along_an_axis() {
  const Dims shapes[] = {{}, {6}, {3, 4}, {2, 5, 3}, {3, 0}, {17, 40}};
  for (const Dims& shape : shapes) {
    for (Layout layout : check::kLayouts) {
      const Tensor x = check::make(DType::f64, shape, layout, 0, 4);
      for (int axis = 0; axis < std::max(1, shape.rank); ++axis) {
        const int64_t n = shape.rank ? shape[axis] : 1;
        int64_t inner = 1;
        for (int i = axis + 1; i < shape.rank; ++i) inner *= shape[i];
        const auto v = check::values(x);
        const std::string what = to_string(shape) + " " + to_string(x.strides) + " axis " + std::to_string(axis);
        Tensor soft, log_soft, running, best;
        softmax(SoftmaxKernel::softmax, x, axis, soft);
        softmax(SoftmaxKernel::logSoftmax, x, axis, log_soft);
        scan(ScanKernel::cumsum, x, axis, running);
        std::vector<double> want_soft(v.size()), want_log(v.size()), want_running(v.size()), want_best;
        for (size_t i = 0; i < v.size(); ++i) {
          const int64_t linear = static_cast<int64_t>(i), place = linear / inner % n, first = linear - place * inner;
          double total = 0, before = 0, most = -1;
          int64_t at = 0;
          for (int64_t k = 0; k < n; ++k) {
            const double value = v[static_cast<size_t>(first + k * inner)];
            total += std::exp(value);
            if (k <= place) before += value;
            if (value > most) most = value, at = k;
          }
          want_soft[i] = std::exp(v[i]) / total;
          want_log[i] = v[i] - std::log(total);
          want_running[i] = before;
          if (place == 0) want_best.push_back(static_cast<double>(at));
        }
        check::expect_tensor(soft, DType::f64, shape, want_soft, "softmax " + what, 1e-14);
        check::expect_tensor(log_soft, DType::f64, shape, want_log, "logSoftmax " + what, 1e-14);
        check::expect_tensor(running, DType::f64, shape, want_running, "cumsum " + what);
        Tensor in_place = check::from(DType::f64, shape, v);
        softmax(SoftmaxKernel::softmax, in_place, axis, in_place);
        check::expect_tensor(in_place, DType::f64, shape, want_soft, "softmax in place " + what, 1e-14);
        const Tensor g = check::make(DType::f64, shape, layout);
        Tensor dx;
        softmax_backward(SoftmaxBackwardKernel::softmaxBackward, g, soft, axis, dx);
        std::vector<double> want_dx(v.size());
        for (size_t i = 0; i < v.size(); ++i) {
          const int64_t linear = static_cast<int64_t>(i), first = linear - linear / inner % n * inner;
          double dot = 0;
          for (int64_t k = 0; k < n; ++k) dot += check::get(g, first + k * inner) * check::get(soft, first + k * inner);
          want_dx[i] = (check::get(g, linear) - dot) * check::get(soft, linear);
        }
        check::expect_tensor(dx, DType::f64, shape, want_dx, "softmaxBackward " + what, 1e-13);
        if (n == 0) {
          check::expect_error("OUT_OF_RANGE", "argmax",
                              [&] { arg_reduce(ArgReduceKernel::argmax, x, axis, false, best); });
          continue;
        }
        arg_reduce(ArgReduceKernel::argmax, x, axis, true, best);
        Dims kept = shape;
        if (kept.rank) kept[axis] = 1;
        check::expect_tensor(best, DType::i64, kept, want_best, "argmax " + what);
      }
    }
  }
}

// Rows of a gradient that goes past the caches are those of a small one.
void past_the_caches() {
  const int64_t rows = 4200, n = 1024;
  const Tensor y = check::make(DType::f32, {rows, n}, Layout::contiguous);
  for (const auto kernel : {SoftmaxBackwardKernel::softmaxBackward, SoftmaxBackwardKernel::logSoftmaxBackward}) {
    Tensor all, few;
    softmax_backward(kernel, y, y, 1, all);
    for (const int64_t row : {int64_t(0), rows - 1}) {
      const Tensor one = empty(DType::f32, {1, n});
      std::memcpy(one.data(), y.as<float>() + row * n, n * sizeof(float));
      softmax_backward(kernel, one, one, 1, few);
      check::expect(std::memcmp(few.data(), all.as<float>() + row * n, n * sizeof(float)) == 0,
                    "softmaxBackward: row " + std::to_string(row) + " differs past the caches");
    }
  }
}

// Same bits whatever the number of threads, and right ones.
void blocks_and_threads() {
  const Dims shapes[] = {{1000003}, {3, 200001}, {70000, 7}, {2, 70001, 3}, {300, 1000}};
  for (const Dims& shape : shapes) {
    const Tensor x = empty(DType::f32, shape);
    double total = 0;
    for (int64_t i = 0; i < x.numel; ++i) {
      x.as<float>()[i] = static_cast<float>(check::random_bits() % 1000003) / 997.0f;
      total += x.as<float>()[i];
    }
    x.as<float>()[x.numel - 5] = x.as<float>()[x.numel / 3] = 1e6f;
    total = 0;
    for (int64_t i = 0; i < x.numel; ++i) total += x.as<float>()[i];
    Dims all;
    for (int i = 0; i < shape.rank; ++i) all.push(i);
    std::vector<std::vector<double>> results;
    for (int threads : {1, 2, 3, 5}) {
      set_num_threads(threads);
      Tensor sum, middle, best;
      reduce(ReduceKernel::sum, x, all, false, sum);
      reduce(ReduceKernel::sum, x, {shape.rank > 1 ? 1 : 0}, false, middle);
      arg_reduce(ArgReduceKernel::argmax, x, -1, false, best);
      check::expect_tensor(sum, DType::f32, {}, {total}, "sum " + to_string(shape), 1e-5);
      check::expect_tensor(best, DType::i64, {}, {static_cast<double>(x.numel / 3)}, "the first of equal maxima");
      results.push_back(check::values(middle));
      results.back().push_back(check::get(sum, 0));
      check::expect(results.back() == results.front(), "threads do not change the result " + to_string(shape));
    }
  }
  set_num_threads(2);
  Tensor x = check::make(DType::f32, {200000}), best, high;
  x.as<float>()[150000] = x.as<float>()[170000] = NAN;
  arg_reduce(ArgReduceKernel::argmin, x, -1, false, best);
  check::expect(check::get(best, 0) == 150000, "the first NaN wins across blocks");
  reduce(ReduceKernel::amax, x, {0}, false, high);
  check::expect(std::isnan(check::get(high, 0)), "NaN wins across blocks");
  Tensor y;
  check::expect_error("OUT_OF_RANGE", "argmin(): Expected reduction dim to be specified",
                      [&] { arg_reduce(ArgReduceKernel::argmin, empty(DType::f32, {0}), -1, false, y); });
  check::expect_error("OUT_OF_RANGE", "sum: an axis", [&] { reduce(ReduceKernel::sum, x, {1}, false, y); });
}

}  // namespace

int main() {
  return check::run("reduce", [] {
    over_axes();
    along_an_axis();
    past_the_caches();
    blocks_and_threads();
  });
}
