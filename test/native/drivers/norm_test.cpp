// Norms against plain sums in float64 (long double for f64), over shapes that reach every path: whole vectors and
// tails, several blocks, rows in groups of four, columns. Errors are bounded in units of the type's epsilon. Results
// must not depend on the number of threads.
#include <cstring>
#include <functional>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;

namespace {

using check::expect_tensor;
using check::from;
using Real = long double;

Tensor uniform(DType dtype, const Dims& shape, double offset = 0) {
  const Tensor t = empty(dtype, shape);
  for (int64_t i = 0; i < t.numel; ++i) {
    check::set(t, i, offset + static_cast<double>(check::random_bits() % 2001) / 500 - 2);
  }
  return t;
}

struct Reference {
  std::vector<double> y, dx, dweight, dbias, mean, rstd;
};

// Groups of elements share statistics, channels a weight and a bias; both are named by element.
Reference reference(const Tensor& x, const Tensor& g, const Tensor& weight, const Tensor& bias, int64_t groups,
                    const std::function<int64_t(int64_t)>& group_of, int64_t channels,
                    const std::function<int64_t(int64_t)>& channel_of, double eps, bool centred) {
  const size_t n = static_cast<size_t>(x.numel);
  std::vector<Real> sum(groups), square(groups), count(groups), sums(groups), dots(groups), dw(channels), db(channels);
  for (int64_t i = 0; i < x.numel; ++i) {
    sum[group_of(i)] += check::get(x, i);
    count[group_of(i)] += 1;
  }
  std::vector<Real> mean(groups), rstd(groups);
  for (int64_t k = 0; k < groups; ++k) mean[k] = centred ? sum[k] / count[k] : 0;
  for (int64_t i = 0; i < x.numel; ++i) {
    const Real d = check::get(x, i) - mean[group_of(i)];
    square[group_of(i)] += d * d;
  }
  for (int64_t k = 0; k < groups; ++k) rstd[k] = 1 / std::sqrt(square[k] / count[k] + eps);
  Reference r{std::vector<double>(n), std::vector<double>(n), {}, {}, {}, {}};
  for (int64_t i = 0; i < x.numel; ++i) {
    const int64_t k = group_of(i), c = channel_of(i);
    const Real normal = (check::get(x, i) - mean[k]) * rstd[k], grad = check::get(g, i);
    r.y[i] = static_cast<double>(normal * check::get(weight, c) + check::get(bias, c));
    dw[c] += grad * normal;
    db[c] += grad;
    sums[k] += grad * check::get(weight, c);
    dots[k] += grad * check::get(weight, c) * normal;
  }
  for (int64_t i = 0; i < x.numel; ++i) {
    const int64_t k = group_of(i);
    const Real normal = (check::get(x, i) - mean[k]) * rstd[k];
    const Real inner = check::get(g, i) * check::get(weight, channel_of(i)) - (centred ? sums[k] / count[k] : 0);
    r.dx[i] = static_cast<double>(rstd[k] * (inner - normal * dots[k] / count[k]));
  }
  for (const Real v : dw) r.dweight.push_back(static_cast<double>(v));
  for (const Real v : db) r.dbias.push_back(static_cast<double>(v));
  for (const Real v : mean) r.mean.push_back(static_cast<double>(v));
  for (const Real v : rstd) r.rstd.push_back(static_cast<double>(v));
  return r;
}

double eps_of(DType dtype) { return dtype == DType::f32 ? 1.2e-7 : 2.3e-16; }

void check_same(const Tensor& a, const Tensor& b, const std::string& what) {
  check::expect(std::memcmp(a.data(), b.data(), static_cast<size_t>(a.numel) * item_size(a.dtype)) == 0,
                what + ": two ways give different bits");
}

struct Results {
  Tensor y, dx, dweight, dbias, mean, rstd;
};

// Runs with one thread and with two, compares the bits, and then with the reference.
void check_norm(const std::string& what, DType dtype, const Reference& want, const std::function<Results()>& run) {
  set_num_threads(1);
  const Results one = run();
  set_num_threads(2);
  const Results two = run();
  check_same(one.y, two.y, what);
  check_same(one.dx, two.dx, what + " dx");
  check_same(one.dweight, two.dweight, what + " dweight");
  check_same(one.dbias, two.dbias, what + " dbias");
  const double e = eps_of(dtype);
  // Sums over thousands of terms of size 1 stay within 64 roundings of the largest of them.
  expect_tensor(one.y, dtype, one.y.shape, want.y, what, 16 * e);
  expect_tensor(one.dx, dtype, one.dx.shape, want.dx, what + " dx", 64 * e);
  expect_tensor(one.dweight, dtype, one.dweight.shape, want.dweight, what + " dweight", 256 * e);
  expect_tensor(one.dbias, dtype, one.dbias.shape, want.dbias, what + " dbias", 256 * e);
  if (one.mean.storage) expect_tensor(one.mean, dtype, one.mean.shape, want.mean, what + " mean", 4 * e);
  expect_tensor(one.rstd, dtype, one.rstd.shape, want.rstd, what + " rstd", 16 * e);
}

void check_rows(DType dtype) {
  const int64_t shapes[][2] = {{1, 1},   {3, 2},    {5, 15},   {4, 16},   {9, 33},   {7, 64},
                               {6, 100}, {2, 4097}, {3, 9000}, {700, 17}, {64, 1024}};
  for (const auto& s : shapes) {
    const int64_t rows = s[0], n = s[1];
    const std::string what = " [" + std::to_string(rows) + "," + std::to_string(n) + "]";
    const Tensor x = uniform(dtype, {rows, n}), g = uniform(dtype, {rows, n});
    const Tensor weight = uniform(dtype, {n}), bias = uniform(dtype, {n}),
                 none = from(dtype, {n}, std::vector<double>(n, 0));
    for (const RowNorm kind : {RowNorm::layer, RowNorm::rms}) {
      const bool centred = kind == RowNorm::layer;
      if (centred && n == 1) continue;  // x - mean is 0, and the gradient is what rounding leaves
      const Reference want = reference(
          x, g, weight, centred ? bias : none, rows, [=](int64_t i) { return i / n; }, n,
          [=](int64_t i) { return i % n; }, 1e-2, centred);
      check_norm((centred ? "layerNorm" : "rmsNorm") + what, dtype, want, [&] {
        Results r{{}, empty(dtype, {rows, n}), empty(dtype, {n}), empty(dtype, {n}), {}, empty(dtype, {rows})};
        if (centred) r.mean = empty(dtype, {rows});
        Tensor* const mean = centred ? &r.mean : nullptr;
        row_norm(kind, x, &weight, centred ? &bias : nullptr, 1, 1e-2, mean, &r.rstd, r.y);
        row_norm_backward(kind, g, x, &weight, mean, r.rstd, 1, &r.dx, &r.dweight, &r.dbias);
        return r;
      });
    }
  }
}

void check_channels(DType dtype) {
  const Dims shapes[] = {{2, 3, 5},     {4, 3, 1}, {300, 17, 1}, {3, 2, 16}, {2, 4, 7, 7},
                         {1, 2, 40000}, {5, 1, 1}, {70, 1, 3},   {2, 6, 130}};
  for (const Dims& shape : shapes) {
    const Tensor x = uniform(dtype, shape), g = uniform(dtype, shape);
    const int64_t samples = shape[0], channels = shape[1], inner = x.numel / (samples * channels);
    const Tensor weight = uniform(dtype, {channels}), bias = uniform(dtype, {channels});
    const auto channel_of = [=](int64_t i) { return i / inner % channels; };
    const Reference want = reference(x, g, weight, bias, channels, channel_of, channels, channel_of, 1e-2, true);
    check_norm("batchNorm " + to_string(shape), dtype, want, [&] {
      Results r{{},
                empty(dtype, shape),
                empty(dtype, {channels}),
                empty(dtype, {channels}),
                empty(dtype, {channels}),
                empty(dtype, {channels})};
      batch_norm(x, &weight, &bias, nullptr, nullptr, true, 0, 1e-2, &r.mean, &r.rstd, r.y);
      batch_norm_backward(g, x, &weight, r.mean, r.rstd, true, &r.dx, &r.dweight, &r.dbias);
      return r;
    });
    for (const int64_t groups : {int64_t(1), channels}) {
      if (channels / groups * inner == 1) continue;
      const int64_t size = channels / groups * inner;
      const Reference expected = reference(
          x, g, weight, bias, samples * groups, [=](int64_t i) { return i / size; }, channels, channel_of, 1e-2, true);
      check_norm("groupNorm " + std::to_string(groups) + " " + to_string(shape), dtype, expected, [&] {
        Results r{{},
                  empty(dtype, shape),
                  empty(dtype, {channels}),
                  empty(dtype, {channels}),
                  empty(dtype, {samples * groups}),
                  empty(dtype, {samples * groups})};
        group_norm(x, groups, &weight, &bias, 1e-2, &r.mean, &r.rstd, r.y);
        group_norm_backward(g, x, groups, &weight, r.mean, r.rstd, &r.dx, &r.dweight, &r.dbias);
        return r;
      });
    }
  }
}

// With σ = 1 around 1000, f32 keeps the mean to 3e-5: no more may be lost.
void check_offset() {
  const int64_t n = 5000;
  const Tensor x = uniform(DType::f32, {2, n}, 1000);
  const Tensor ones = from(DType::f32, {n}, std::vector<double>(n, 1)),
               zeros = from(DType::f32, {n}, std::vector<double>(n, 0));
  const Reference want = reference(
      x, x, ones, zeros, 2, [=](int64_t i) { return i / n; }, n, [=](int64_t i) { return i % n; }, 1e-5, true);
  Tensor y;
  row_norm(RowNorm::layer, x, nullptr, nullptr, 1, 1e-5, nullptr, nullptr, y);
  expect_tensor(y, DType::f32, y.shape, want.y, "layerNorm around 1000", 1e-4);
}

// Rows of a result that goes past the caches are those of a small one.
void check_past_caches() {
  const int64_t rows = 4200, n = 1024, count = 3, last = rows - count;
  const Tensor x = uniform(DType::f32, {rows, n}), g = uniform(DType::f32, {rows, n});
  const Tensor weight = uniform(DType::f32, {n}), bias = uniform(DType::f32, {n});
  const auto part = [&](const Tensor& t, int64_t first) {
    const Tensor p = empty(t.dtype, {count, n});
    std::memcpy(p.data(), t.as<float>() + first * n, static_cast<size_t>(count * n) * sizeof(float));
    return p;
  };
  const auto run = [&](const Tensor& from, const Tensor& grad) {
    const int64_t size = from.shape[0];
    Results r{{},
              empty(DType::f32, from.shape),
              empty(DType::f32, {n}),
              empty(DType::f32, {n}),
              empty(DType::f32, {size}),
              empty(DType::f32, {size})};
    row_norm(RowNorm::layer, from, &weight, &bias, 1, 1e-5, &r.mean, &r.rstd, r.y);
    row_norm_backward(RowNorm::layer, grad, from, &weight, &r.mean, r.rstd, 1, &r.dx, &r.dweight, &r.dbias);
    return r;
  };
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    const Results all = run(x, g);
    for (const int64_t first : {int64_t(0), last}) {
      const Results few = run(part(x, first), part(g, first));
      check_same(part(all.y, first), few.y, "layerNorm past the caches");
      check_same(part(all.dx, first), few.dx, "layerNorm past the caches, dx");
    }
  }
}

// Groups of a tensor that no L2 holds are those of each sample alone, a few planes or part of a plane at a time.
void check_many_groups() {
  for (const int64_t inner : {int64_t(5000), int64_t(20001)}) {
    const int64_t samples = 12, channels = 12, groups = 3, size = channels * inner;
    const Tensor x = uniform(DType::f32, {samples, channels, inner});
    const Tensor weight = uniform(DType::f32, {channels}), bias = uniform(DType::f32, {channels});
    const auto sample = [&](const Tensor& t, int64_t i) {
      const Tensor one = empty(t.dtype, {1, channels, inner});
      std::memcpy(one.data(), t.as<float>() + i * size, static_cast<size_t>(size) * sizeof(float));
      return one;
    };
    for (const int threads : {1, 3}) {
      set_num_threads(threads);
      Tensor all;
      group_norm(x, groups, &weight, &bias, 1e-5, nullptr, nullptr, all);
      for (int64_t i = 0; i < samples; ++i) {
        Tensor one;
        group_norm(sample(x, i), groups, &weight, &bias, 1e-5, nullptr, nullptr, one);
        check_same(sample(all, i), one, "groupNorm of many groups");
      }
    }
  }
}

void check_refusals() {
  const Tensor x = uniform(DType::f32, {2, 3}), two = uniform(DType::f32, {2}), three = uniform(DType::f32, {3});
  Tensor y, ints = empty(DType::i64, {2, 3}), gaps = permute(empty(DType::f32, {3, 2}), {1, 0});
  check::expect_error("SHAPE_MISMATCH", "a weight of 3 elements",
                      [&] { row_norm(RowNorm::layer, x, &two, nullptr, 1, 0, nullptr, nullptr, y); });
  check::expect_error("SHAPE_MISMATCH", "at least 3 axes",
                      [&] { row_norm(RowNorm::rms, x, nullptr, nullptr, 3, 0, nullptr, nullptr, y); });
  check::expect_error("DTYPE_MISMATCH", "int64",
                      [&] { row_norm(RowNorm::layer, ints, nullptr, nullptr, 1, 0, nullptr, nullptr, y); });
  Tensor small = empty(DType::f32, {1});
  check::expect_error("BAD_ARGUMENT", "a contiguous result of 2",
                      [&] { row_norm(RowNorm::layer, x, nullptr, nullptr, 1, 0, &small, nullptr, y); });
  check::expect_error("BAD_ARGUMENT", "a contiguous result of 6", [&] {
    row_norm_backward(RowNorm::rms, x, x, nullptr, nullptr, two, 1, &gaps, nullptr, nullptr);
  });
  check::expect_error("SHAPE_MISMATCH", "[samples, channels",
                      [&] { batch_norm(three, nullptr, nullptr, nullptr, nullptr, true, 0, 0, nullptr, nullptr, y); });
  check::expect_error("BAD_ARGUMENT", "running statistics",
                      [&] { batch_norm(x, nullptr, nullptr, nullptr, nullptr, false, 0, 0, nullptr, nullptr, y); });
  check::expect_error("BAD_ARGUMENT", "groups that divides",
                      [&] { group_norm(x, 2, nullptr, nullptr, 0, nullptr, nullptr, y); });
}

}  // namespace

int main() {
  return check::run("norm_test", [] {
    for (const DType dtype : {DType::f32, DType::f64}) {
      check_rows(dtype);
      check_channels(dtype);
    }
    check_offset();
    check_past_caches();
    check_many_groups();
    check_refusals();
  });
}
