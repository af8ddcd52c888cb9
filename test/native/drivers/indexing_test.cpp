// Indexing, joining, sorting, losses and optimizer steps against loops over elements.
#include <algorithm>
#include <functional>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::coordinates;
using check::Layout;

namespace {

// Position of an element in row-major order from its coordinates.
int64_t linear_of(const Dims& shape, const Dims& at) {
  int64_t linear = 0;
  for (int i = 0; i < shape.rank; ++i) linear = linear * shape[i] + at[i];
  return linear;
}
size_t place(int64_t i) { return static_cast<size_t>(i); }

void along_lists() {
  for (DType dtype : check::kAllDTypes) {
    for (const Dims& shape : {Dims{7}, Dims{4, 5}, Dims{3, 4, 5}, Dims{6, 40}, Dims{2, 0, 3}}) {
      for (Layout layout : check::kLayouts) {
        for (int axis = 0; axis < shape.rank; ++axis) {
          if (shape[axis] == 0) continue;
          const Tensor x = check::make(dtype, shape, layout, 0, 3);
          const Tensor index =
              check::make(DType::i64, {9}, layout == Layout::transposed ? Layout::sliced : layout, 0, shape[axis] - 1);
          const std::string what = std::string(dtype_name(dtype)) + " " + to_string(shape) + to_string(x.strides) +
                                   " axis " + std::to_string(axis);
          Dims chosen = shape;
          chosen[axis] = 9;
          std::vector<double> want(place(count(chosen)));
          for (int64_t i = 0; i < count(chosen); ++i) {
            Dims at = coordinates(chosen, i);
            at[axis] = static_cast<int64_t>(check::get(index, at[axis]));
            want[place(i)] = check::get(x, linear_of(shape, at));
          }
          Tensor y;
          index_select(x, axis, index, y);
          check::expect_tensor(y, dtype, chosen, want, "indexSelect " + what);

          const Tensor source = check::make(dtype, chosen, layout, 0, 3);
          std::vector<double> sums = check::values(x);
          for (int64_t i = 0; i < count(chosen); ++i) {
            Dims at = coordinates(chosen, i);
            at[axis] = static_cast<int64_t>(check::get(index, at[axis]));
            double& sum = sums[place(linear_of(shape, at))];
            sum += check::get(source, i);
            if (dtype == DType::boolean) sum = sum != 0;
          }
          Tensor target = x;
          index_add(target, axis, index, source);
          check::expect_tensor(target, dtype, shape, sums, "indexAdd " + what);
        }
      }
    }
  }
  // Larger than a thread's share, both ways of cutting.
  for (const Dims& shape : {Dims{1000, 64}, Dims{50, 30, 20}}) {
    std::vector<double> first;
    for (int threads : {1, 3}) {
      set_num_threads(threads);
      const int axis = shape.rank - 2;
      Tensor target = empty(DType::f32, shape), index = empty(DType::i64, {5000});
      fill(target, 0);
      for (int64_t i = 0; i < 5000; ++i) index.as<int64_t>()[i] = i * i % shape[axis];
      Dims wide = shape;
      wide[axis] = 5000;
      Tensor source = empty(DType::f32, wide);
      arange(0.5, 1e-3, source);
      index_add(target, axis, index, source);
      if (threads == 1) first = check::values(target);
      check::expect(check::values(target) == first, "indexAdd does not depend on threads");
      Tensor y;
      index_select(target, axis, index, y);
      bool right = true;
      for (int64_t i = 0; i < y.numel; i += 37) {
        Dims at = coordinates(wide, i);
        at[axis] = check::get(index, at[axis]);
        right = right && check::get(y, i) == check::get(target, linear_of(shape, at));
      }
      check::expect(right, "a large indexSelect");
    }
  }
  set_num_threads(2);
}

void element_by_element() {
  for (DType dtype : check::kAllDTypes) {
    for (Layout layout : check::kLayouts) {
      for (int axis = 0; axis < 3; ++axis) {
        const Dims shape{4, 5, 6};
        Dims part{3, 4, 5};  // smaller along the other axes
        part[axis] = 8;
        const Tensor x = check::make(dtype, shape, layout, 0, 3);
        const Tensor index = check::make(DType::i64, part, layout, 0, shape[axis] - 1);
        std::vector<double> want(place(count(part)));
        for (int64_t i = 0; i < count(part); ++i) {
          Dims at = coordinates(part, i);
          at[axis] = static_cast<int64_t>(check::get(index, i));
          want[place(i)] = check::get(x, linear_of(shape, at));
        }
        Tensor y;
        gather(x, axis, index, y);
        check::expect_tensor(y, dtype, part, want, "gather");

        Dims large = part;
        for (int i = 0; i < 3; ++i) large[i] += 1;
        const Tensor source = check::make(dtype, large, layout, 0, 3);
        std::vector<double> put = check::values(x), sums = put;
        for (int64_t i = 0; i < count(part); ++i) {
          Dims at = coordinates(part, i);
          const double value = check::get(source, linear_of(large, at));
          at[axis] = static_cast<int64_t>(check::get(index, i));
          put[place(linear_of(shape, at))] = value;
          double& sum = sums[place(linear_of(shape, at))];
          sum += value;
          if (dtype == DType::boolean) sum = sum != 0;
        }
        Tensor a, b = check::make(dtype, shape, layout);
        cast(x, dtype, a);
        copy_into(x, b);
        scatter(a, axis, index, source);
        check::expect_tensor(a, dtype, shape, put, "scatter");
        scatter_add(b, axis, index, source);
        check::expect_tensor(b, dtype, shape, sums, "scatterAdd");
      }
    }
  }
  Tensor scalar = check::from(DType::f32, {}, {3}), y;
  gather(scalar, 0, check::from(DType::i64, {}, {0}), y);
  check::expect_tensor(y, DType::f32, {}, {3}, "gather from a scalar");
  // The source lies in the target.
  Tensor line = check::from(DType::f32, {4}, {1, 2, 3, 4});
  scatter(line, 0, check::from(DType::i64, {4}, {1, 2, 3, 0}), line);
  check::expect_tensor(line, DType::f32, {4}, {4, 1, 2, 3}, "scatter of a tensor into itself");
}

void bad_indices() {
  const Tensor x = check::make(DType::f32, {2, 3});
  Tensor target = check::from(DType::f32, {2, 3}, std::vector<double>(6, 7)), y;
  for (double bad : {-1.0, 3.0, 9e15, -9e15}) {
    const Tensor list = check::from(DType::i64, {3}, {0, 1, bad}), grid = check::from(DType::i64, {1, 3}, {0, 1, bad});
    const std::string text =
        "index " + std::to_string(static_cast<int64_t>(bad)) + " is out of range for axis 1 with size 3";
    check::expect_error("INDEX_OUT_OF_RANGE", ("indexSelect: " + text).c_str(), [&] { index_select(x, 1, list, y); });
    check::expect_error("INDEX_OUT_OF_RANGE", ("indexAdd: " + text).c_str(), [&] { index_add(target, 1, list, x); });
    check::expect_error("INDEX_OUT_OF_RANGE", ("gather: " + text).c_str(), [&] { gather(x, 1, grid, y); });
    check::expect_error("INDEX_OUT_OF_RANGE", ("scatter: " + text).c_str(), [&] { scatter(target, 1, grid, x); });
    check::expect_error("INDEX_OUT_OF_RANGE", ("scatterAdd: " + text).c_str(),
                        [&] { scatter_add(target, 1, grid, x); });
  }
  check::expect_tensor(target, DType::f32, {2, 3}, std::vector<double>(6, 7), "nothing is written before the refusal");
  const Tensor wide = check::make(DType::i64, {3, 1}, Layout::contiguous, 0, 0);
  check::expect_error("SHAPE_MISMATCH", "gather: ", [&] { gather(x, 1, wide, y); });
  check::expect_error("SHAPE_MISMATCH", "scatter: ", [&] { scatter(target, 1, wide, x); });
  check::expect_error("SHAPE_MISMATCH", "indexSelect: ", [&] { index_select(x, 1, wide, y); });
  check::expect_error("SHAPE_MISMATCH",
                      "indexAdd: ", [&] { index_add(target, 1, check::from(DType::i64, {2}, {0, 1}), x); });
  check::expect_error("DTYPE_MISMATCH", "int64", [&] { gather(x, 1, x, y); });
  check::expect_error("OUT_OF_RANGE", "axis", [&] { gather(x, 2, wide, y); });
  check::expect_error("INDEX_OUT_OF_RANGE", "size 0",
                      [&] { index_select(check::make(DType::f32, {0}), 0, check::from(DType::i64, {1}, {0}), y); });
}

void joining_and_cutting() {
  for (DType dtype : check::kAllDTypes) {
    for (Layout layout : check::kLayouts) {
      const Tensor a = check::make(dtype, {2, 3}, layout), b = check::make(dtype, {2, 1}, layout),
                   c = check::make(dtype, {2, 0}), nothing = check::make(dtype, {0});
      std::vector<double> want;
      for (int64_t row = 0; row < 2; ++row) {
        for (int64_t j = 0; j < 3; ++j) want.push_back(check::get(a, row * 3 + j));
        want.push_back(check::get(b, row));
      }
      const Tensor* inputs[] = {&nothing, &a, &c, &b};
      Tensor y, given = check::make(dtype, {2, 4}, layout);
      concat({inputs, 4}, 1, y);
      check::expect_tensor(y, dtype, {2, 4}, want, "cat");
      concat({inputs, 4}, 1, given);
      check::expect_tensor(given, dtype, {2, 4}, want, "cat into a strided output");

      const Tensor x = check::make(dtype, {2, 4, 5}, layout, 1, 9);
      for (int64_t diagonal : {INT64_MIN, int64_t{-5}, int64_t{-2}, int64_t{0}, int64_t{1}, int64_t{6}, INT64_MAX}) {
        std::vector<double> lower = check::values(x), upper = lower;
        for (int64_t i = 0; i < x.numel; ++i) {
          const int64_t across = i % 5 - i / 5 % 4;
          (across > diagonal ? lower : upper)[place(i)] = 0;
          if (across == diagonal) upper[place(i)] = check::get(x, i);
        }
        Tensor l, u;
        triangle(x, diagonal, false, l);
        triangle(x, diagonal, true, u);
        check::expect_tensor(l, dtype, x.shape, lower, "tril " + std::to_string(diagonal));
        check::expect_tensor(u, dtype, x.shape, upper, "triu " + std::to_string(diagonal));
      }

      for (int mask = 0; mask < 8; ++mask) {
        Dims axes;
        std::vector<double> turned(place(x.numel));
        for (int i = 0; i < 3; ++i) {
          if (mask >> i & 1) axes.push(i);
        }
        for (int64_t i = 0; i < x.numel; ++i) {
          Dims at = coordinates(x.shape, i);
          for (int k = 0; k < 3; ++k) at[k] = mask >> k & 1 ? x.shape[k] - 1 - at[k] : at[k];
          turned[place(i)] = check::get(x, linear_of(x.shape, at));
        }
        Tensor f;
        flip(x, axes, f);
        check::expect_tensor(f, dtype, x.shape, turned, "flip " + to_string(axes));
      }

      const Tensor sparse = check::make(dtype, {3, 4}, layout, 0, 1);
      std::vector<double> places;
      for (int64_t i = 0; i < 12; ++i) {
        if (check::get(sparse, i) == 0) continue;
        places.push_back(static_cast<double>(i / 4));
        places.push_back(static_cast<double>(i % 4));
      }
      Tensor found;
      nonzero(sparse, found);
      check::expect_tensor(found, DType::i64, {static_cast<int64_t>(places.size() / 2), 2}, places, "nonzero");
    }
  }
  const Tensor a = check::make(DType::f32, {2, 3}), b = check::make(DType::f32, {3, 3});
  const Tensor* inputs[] = {&a, &b};
  Tensor y, f;
  check::expect_error("SHAPE_MISMATCH", "cat: ", [&] { concat({inputs, 2}, 1, y); });
  flip(check::from(DType::f32, {2}, {1, 2}), {0}, f);
  Tensor line = check::from(DType::f32, {4}, {1, 2, 3, 4});
  flip(line, {0}, line);
  check::expect_tensor(line, DType::f32, {4}, {4, 3, 2, 1}, "flip in place");
  nonzero(check::from(DType::f32, {}, {5}), f = Tensor());
  check::expect_tensor(f, DType::i64, {1, 0}, {}, "nonzero of a scalar");
  nonzero(check::from(DType::f32, {3}, {NAN, -0.0, 2}), f = Tensor());
  check::expect_tensor(f, DType::i64, {2, 1}, {0, 2}, "NaN is not zero, -0 is");
}

void ordering() {
  for (DType dtype : check::kAllDTypes) {
    for (Layout layout : check::kLayouts) {
      for (int axis = 0; axis < 2; ++axis) {
        const Dims shape{30, 70};
        const Tensor x = check::make(dtype, shape, layout, 0, 9);
        if (dtype == DType::f32 || dtype == DType::f64) {
          for (int64_t i = 0; i < x.numel; i += 11) check::set(x, i, i % 2 ? NAN : -INFINITY);
        }
        const int64_t n = shape[axis], inner = axis == 0 ? 70 : 1;
        for (bool descending : {false, true}) {
          const auto before = [&](double a, double b) {
            const bool less = a < b || (a == a && b != b), more = b < a || (b == b && a != a);
            return descending ? more : less;
          };
          std::vector<double> sorted(place(x.numel)), origin(place(x.numel));
          for (int64_t line = 0; line < x.numel / n; ++line) {
            const int64_t first = line / inner * n * inner + line % inner;
            std::vector<int64_t> order(place(n));
            for (int64_t i = 0; i < n; ++i) order[place(i)] = i;
            std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
              return before(check::get(x, first + a * inner), check::get(x, first + b * inner));
            });
            for (int64_t i = 0; i < n; ++i) {
              sorted[place(first + i * inner)] = check::get(x, first + order[place(i)] * inner);
              origin[place(first + i * inner)] = static_cast<double>(order[place(i)]);
            }
          }
          Tensor values, indices;
          sort(x, axis, descending, values, indices);
          check::expect_tensor(values, dtype, shape, sorted, "sort");
          check::expect_tensor(indices, DType::i64, shape, origin, "sort's indices");
          for (int64_t k : {int64_t{0}, int64_t{1}, int64_t{5}, n}) {
            Dims part = shape;
            part[axis] = k;
            std::vector<double> top, at;
            for (int64_t i = 0; i < count(part); ++i) {
              const int64_t from = linear_of(shape, coordinates(part, i));
              top.push_back(sorted[place(from)]);
              at.push_back(origin[place(from)]);
            }
            Tensor best, places;
            topk(x, axis, k, descending, best, places);
            check::expect_tensor(best, dtype, part, top, "topk");
            check::expect_tensor(places, DType::i64, part, at, "topk's indices");
          }
        }
      }
    }
  }
  Tensor v, i;
  check::expect_error("OUT_OF_RANGE", "topk: ", [&] { topk(check::make(DType::f32, {3}), 0, 4, true, v, i); });
  check::expect_error("OUT_OF_RANGE", "topk: ", [&] { topk(check::make(DType::f32, {3}), 0, -1, true, v, i); });
  sort(check::from(DType::f32, {}, {4}), 0, true, v, i);
  check::expect_tensor(i, DType::i64, {}, {0}, "sort of a scalar");
}

void losses() {
  for (DType dtype : {DType::f32, DType::f64}) {
    for (Layout layout : check::kLayouts) {
      const Tensor x = check::make(dtype, {6, 4}, layout), weight = check::make(dtype, {4}, layout, 1, 5);
      const Tensor target = check::from(DType::i64, {6}, {0, 3, -100, 1, 2, 3});
      for (const Tensor* w : {static_cast<const Tensor*>(nullptr), &weight}) {
        Tensor loss, scale, dx;
        nll(x, target, w, -100, loss, scale);
        const Tensor g = check::make(dtype, {6}, layout);
        nll_backward(g, target, scale, 4, -100, dx);
        std::vector<double> want_loss, want_scale, want_dx(24, 0.0);
        for (int64_t i = 0; i < 6; ++i) {
          const int64_t t = target.as<int64_t>()[i];
          const double s = t < 0 ? 0 : w ? check::get(*w, t) : 1;
          want_scale.push_back(s);
          want_loss.push_back(t < 0 ? 0 : -s * check::get(x, i * 4 + t));
          if (t >= 0) want_dx[place(i * 4 + t)] = -check::get(g, i) * s;
        }
        check::expect_tensor(loss, dtype, {6}, want_loss, "nllLoss");
        check::expect_tensor(scale, dtype, {6}, want_scale, "nllLoss weights");
        check::expect_tensor(dx, dtype, {6, 4}, want_dx, "nllLoss backward");
      }
    }
  }
  const Tensor x = check::make(DType::f32, {2, 3});
  Tensor a, b;
  for (double bad : {3.0, -1.0}) {
    check::expect_error("INDEX_OUT_OF_RANGE", "for 3 classes",
                        [&] { nll(x, check::from(DType::i64, {2}, {0, bad}), nullptr, -100, a, b); });
  }
  check::expect_error("SHAPE_MISMATCH", "[2]",
                      [&] { nll(x, check::from(DType::i64, {3}, {0, 0, 0}), nullptr, -100, a, b); });
}

void optimizers() {
  for (Layout layout : check::kLayouts) {
    Tensor p = check::make(DType::f64, {50, 7}, layout), m = check::make(DType::f64, {50, 7}, layout);
    Tensor g = check::make(DType::f64, {50, 7}, layout);
    std::vector<double> vp = check::values(p), vm = check::values(m);
    for (int64_t i = 0; i < p.numel; ++i) {
      const double d = check::get(g, i) + 0.5 * vp[place(i)];
      vm[place(i)] = 0.75 * vm[place(i)] + 0.5 * d;
      vp[place(i)] -= 0.25 * (d + 0.75 * vm[place(i)]);
    }
    Tensor* const params[] = {&p};
    const Tensor* const grads[] = {&g};
    Tensor* const momentum[] = {&m};
    sgd({0.25, 0.75, 0.5, 0.5, true, false, false}, {params, 1}, {grads, 1}, {momentum, 1});
    check::expect_tensor(p, DType::f64, p.shape, vp, "sgd", 1e-14);
    check::expect_tensor(m, DType::f64, m.shape, vm, "sgd's momentum", 1e-14);

    Tensor e1 = check::make(DType::f64, {50, 7}, layout), e2 = check::make(DType::f64, {50, 7}, layout),
           top = check::make(DType::f64, {50, 7}, layout);
    vp = check::values(p);
    std::vector<double> v1 = check::values(e1), v2 = check::values(e2), vt = check::values(top);
    for (int64_t i = 0; i < p.numel; ++i) {
      const double d = check::get(g, i);
      double& w = vp[place(i)];
      w -= 0.1 * 0.25 * w;
      v1[place(i)] = 0.5 * v1[place(i)] + 0.5 * d;
      v2[place(i)] = 0.75 * v2[place(i)] + 0.25 * d * d;
      vt[place(i)] = std::max(vt[place(i)], v2[place(i)]);
      w -= 0.1 / 0.5 * v1[place(i)] / (std::sqrt(vt[place(i)]) / std::sqrt(0.25) + 1e-8);
    }
    Tensor* const means[] = {&e1};
    Tensor* const squares[] = {&e2};
    Tensor* const maxima[] = {&top};
    adam({0.1, 0.5, 0.75, 1e-8, 0.25, 0.5, 0.25, true, true, false}, {params, 1}, {grads, 1}, {means, 1}, {squares, 1},
         {maxima, 1});
    check::expect_tensor(p, DType::f64, p.shape, vp, "adamw", 1e-12);
    check::expect_tensor(e1, DType::f64, p.shape, v1, "adamw's mean", 1e-14);
    check::expect_tensor(e2, DType::f64, p.shape, v2, "adamw's square", 1e-14);
    check::expect_tensor(top, DType::f64, p.shape, vt, "adamw's maximum", 1e-14);
  }
  Tensor p = check::make(DType::f32, {3});
  const Tensor right = check::make(DType::f32, {3}), other = check::make(DType::f32, {4});
  Tensor* const params[] = {&p};
  Tensor* const none[] = {nullptr};
  const auto step = [&](double momentum, const Tensor* grad, int buffers) {
    sgd({0.1, momentum, 0, 0, false, false, false}, {params, 1}, {&grad, 1}, {none, buffers});
  };
  check::expect_error("SHAPE_MISMATCH", "sgd: ", [&] { step(0, &other, 1); });
  check::expect_error("BAD_ARGUMENT", "momentum", [&] { step(0.9, &right, 1); });
  check::expect_error("BAD_ARGUMENT", "one length", [&] { step(0, &right, 0); });
}

}  // namespace

int main() {
  return check::run("indexing", [] {
    along_lists();
    element_by_element();
    bad_indices();
    joining_and_cutting();
    ordering();
    losses();
    optimizers();
  });
}
