// Sums of squared deviations, which variances are made of.
#include "reduce.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../kernels/norm.h"
#include "../parallel/thread_pool.h"
#include "../tensor/element.h"
#include "../tensor/integers.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

constexpr const char* kOp = "var";
// Elements worth a thread, and about those of a block: the shape alone decides how rows are cut.
constexpr int64_t kBlock = 32 * 1024;
constexpr int64_t kFewRows = 16;

struct Moments {
  double count = 0, mean = 0, m2 = 0;

  // Of the union of two sets (Chan, Golub, LeVeque, 1983).
  void merge(const Moments& other) {
    const double delta = other.mean - mean, total = count + other.count;
    mean += delta * (other.count / total);
    m2 += other.m2 + delta * delta * (count * other.count / total);
    count = total;
  }
};

// In two passes in double, from the first element on: exact where all are equal.
template <class T>
double careful(const T* x, int64_t stride, int64_t n) {
  const double first = x[0];
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i * stride] - first;
  const double mean = sum / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    const double d = (x[i * stride] - first) - mean;
    squares += d * d;
  }
  return squares;
}

// Kernels work in T: what lies below its rounding, or beyond the squares that it holds, is computed again with care.
template <class T>
bool is_sound(const Moments& m) {
  constexpr bool kSingle = sizeof(T) == sizeof(float);
  constexpr double kLeast = kSingle ? 1e-30 : 1e-290, kMost = kSingle ? 1e37 : 1e300, kNoise = kSingle ? 1e-11 : 1e-28;
  return m.m2 > kLeast && m.m2 < kMost && m.m2 > kNoise * m.count * m.mean * m.mean;
}

template <class T>
class Deviations {
 public:
  Deviations(MomentsFn fn, const T* x, const Extents& extents, double* to) : fn_(fn), x_(x), e_(extents), to_(to) {}

  void run() const {
    // Rows are summed block by block in the kernel, columns one after the other: many of these would cost digits.
    const int64_t block = e_.inner == 1 ? kBlock : std::clamp<int64_t>(kBlock / e_.inner, 64, 1024);
    const bool enough_rows = e_.inner == 1 && (e_.outer >= kFewRows || e_.n < 2 * kBlock);
    if (enough_rows || e_.n <= block) return run_whole();
    const int64_t blocks = ceil_div(e_.n, block);
    std::vector<Moments> parts(static_cast<size_t>(e_.outer * blocks * e_.inner));
    parallel_for(e_.outer * blocks, 1, [&](int64_t begin, int64_t end) {
      std::vector<double> sums(static_cast<size_t>(2 * e_.inner));
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t first = unit % blocks * block;
        measure(unit / blocks * e_.n + first, std::min(block, e_.n - first), sums.data(), &parts[at(unit)]);
      }
    });
    for (int64_t o = 0; o < e_.outer; ++o) {
      for (int64_t i = 0; i < e_.inner; ++i) {
        Moments all = parts[at(o * blocks) + static_cast<size_t>(i)];
        for (int64_t b = 1; b < blocks; ++b) all.merge(parts[at(o * blocks + b) + static_cast<size_t>(i)]);
        store(o, i, all);
      }
    }
  }

 private:
  size_t at(int64_t unit) const { return static_cast<size_t>(unit * e_.inner); }

  void run_whole() const {
    parallel_for(e_.outer, std::max<int64_t>(1, kBlock / (e_.n * e_.inner)), [&](int64_t begin, int64_t end) {
      std::vector<double> sums(static_cast<size_t>(2 * e_.inner));
      std::vector<Moments> moments(static_cast<size_t>(e_.inner));
      for (int64_t o = begin; o < end; ++o) {
        measure(o * e_.n, e_.n, sums.data(), moments.data());
        for (int64_t i = 0; i < e_.inner; ++i) store(o, i, moments[static_cast<size_t>(i)]);
      }
    });
  }

  // Those of n rows of `inner` columns from a row on.
  void measure(int64_t row, int64_t n, double* sums, Moments* to) const {
    double* const m2 = sums + e_.inner;
    fn_(x_ + row * e_.inner, sums, m2, 1, static_cast<size_t>(n), static_cast<size_t>(e_.inner));
    for (int64_t i = 0; i < e_.inner; ++i) to[i] = {static_cast<double>(n), sums[i], m2[i]};
  }

  void store(int64_t o, int64_t i, const Moments& m) const {
    to_[o * e_.inner + i] = is_sound<T>(m) ? m.m2 : careful(x_ + o * e_.n * e_.inner + i, e_.inner, e_.n);
  }

  const MomentsFn fn_;
  const T* const x_;
  const Extents e_;
  double* const to_;
};

}  // namespace

void squared_deviations(const Tensor& x, const Dims& axes, bool keepdim, Out out) {
  bool reduced[kMaxRank] = {};
  for (int i = 0; i < axes.rank; ++i) {
    check_axis(kOp, x, axes[i]);
    reduced[axes[i]] = true;
  }
  const MomentsFn fn = kernels<NormTable>().moments[static_cast<int>(x.dtype)];
  if (!fn) throw_no_kernel(kOp, x.dtype);
  Dims shape, order;
  Extents e;  // axes that are not one run are brought to the end
  int first = -1, last = -1;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) order.push(i);
    if (!reduced[i] || keepdim) shape.push(reduced[i] ? 1 : x.shape[i]);
    if (reduced[i]) {
      if (first < 0) first = i;
      last = i;
    }
  }
  const bool one_run = first < 0 || last - first + 1 == x.rank() - order.rank;
  for (int i = 0; i < x.rank(); ++i) {
    if (reduced[i]) order.push(i);
    int64_t& side = reduced[i] ? e.n : one_run && first >= 0 && i > last ? e.inner : e.outer;
    side *= x.shape[i];
  }
  make_or_check(kOp, out, DType::f64, shape);
  const Tensor dense = contiguous(one_run ? x : permute(x, order));
  Output y = Output::contiguous(out, {&dense});
  double* const to = y->template as<double>();
  if (e.n == 0) {
    std::fill_n(to, y->numel, 0.0);
  } else if (y->numel > 0 && x.dtype == DType::f32) {
    Deviations<float>(fn, dense.as<float>(), e, to).run();
  } else if (y->numel > 0) {
    Deviations<double>(fn, dense.as<double>(), e, to).run();
  }
  y.commit();
}

}  // namespace flambeau
