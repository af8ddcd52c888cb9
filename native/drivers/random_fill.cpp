#include "random_fill.h"

#include <algorithm>
#include <string>

#include "../error.h"
#include "../kernels/elementwise.h"
#include "../tensor/copy.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

// The axes from the widest stride to the narrowest.
Dims memory_order(const Tensor& x) {
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push(i);
  std::stable_sort(axes.v, axes.v + axes.rank, [&](int64_t a, int64_t b) {
    return x.strides[static_cast<int>(a)] > x.strides[static_cast<int>(b)];
  });
  return axes;
}

// Calls fill(pointer, count) on x's elements in memory order as contiguous values of type T: in place where they are
// that, else through a buffer.
template <class T, class Fill>
void fill_as(DType dtype, Tensor& x, const Fill& fill) {
  if (x.numel == 0) return;
  Tensor ordered = permute(x, memory_order(x));
  if (x.dtype == dtype && ordered.is_contiguous()) return fill(ordered.as<T>(), static_cast<size_t>(x.numel));
  Tensor buffer = empty(dtype, ordered.shape);
  fill(buffer.as<T>(), static_cast<size_t>(x.numel));
  copy_into(buffer, ordered);
}

void require_float(const char* op, DType dtype) {
  if (!is_floating(dtype)) {
    throw Error("DTYPE_MISMATCH", std::string(op) + ": a float tensor was expected, got " + dtype_name(dtype));
  }
}

template <class T>
void require_probabilities(const T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    if (p[i] >= 0 && p[i] <= 1) continue;
    throw Error("OUT_OF_RANGE", "bernoulli: probabilities must be in [0, 1], got " + std::to_string(p[i]));
  }
}

template <class T>
void toss(Generator& g, T* y, size_t n, double p, T value) {
  constexpr DType kType = sizeof(T) == sizeof(float) ? DType::f32 : DType::f64;
  const WhereFn where = kernels<ElementwiseTable>().where[static_cast<int>(kType)];
  const T zero{0};
  uint8_t hits[4096];
  for (size_t done = 0; done < n;) {
    const size_t count = std::min(n - done, sizeof hits);
    bernoulli_scalar(g, hits, count, p);
    where(hits, 1, &value, 0, &zero, 0, y + done, count);
    done += count;
  }
}

// Rounding to bf16 may reach the open end.
void keep_open(float* y, size_t n, double from, double to) {
  const float low = BFloat16(static_cast<float>(from)), high = BFloat16(static_cast<float>(to));
  for (size_t i = 0; i < n; ++i) {
    if (BFloat16(y[i]) == high) y[i] = low;
  }
}

}  // namespace

void sample(Generator& g, Distribution distribution, Target x, double a, double b) {
  if (distribution != Distribution::geometric) require_float("sample", x->dtype);
  const auto doubles = [&](auto draw) { fill_as<double>(DType::f64, x, draw); };
  switch (distribution) {
    case Distribution::uniform:
      if (x->dtype == DType::f64) return doubles([&](double* y, size_t n) { uniform_f64(g, y, n, a, b); });
      return fill_as<float>(DType::f32, x, [&](float* y, size_t n) {
        uniform_f32(g, y, n, a, b);
        if (x->dtype == DType::bf16) keep_open(y, n, a, b);
      });
    case Distribution::normal:
      if (!x->is_contiguous()) return doubles([&](double* y, size_t n) { normal_serial(g, y, n, a, b); });
      if (x->dtype == DType::f64) return doubles([&](double* y, size_t n) { normal_f64(g, y, n, a, b); });
      return fill_as<float>(DType::f32, x, [&](float* y, size_t n) {
        x->dtype == DType::bf16 ? normal_bf16(g, y, n, a, b) : normal_f32(g, y, n, a, b);
      });
    case Distribution::exponential:
      return doubles([&](double* y, size_t n) { exponential(g, y, n, a); });
    case Distribution::log_normal:
      return doubles([&](double* y, size_t n) { log_normal(g, y, n, a, b); });
    case Distribution::cauchy:
      return doubles([&](double* y, size_t n) { cauchy(g, y, n, a, b); });
    case Distribution::geometric:
      return doubles([&](double* y, size_t n) { geometric(g, y, n, a); });
  }
}

void fill_from_to(Generator& g, Target x, int64_t low, int64_t high) {
  if (low >= high) throw Error("BAD_ARGUMENT", "random: the range is empty");
  fill_as<int64_t>(DType::i64, x, [&](int64_t* y, size_t n) { random_from_to(g, y, n, low, high); });
}

void fill_full(Generator& g, Target x) {
  fill_as<int64_t>(DType::i64, x, [&](int64_t* y, size_t n) { random_full(g, x->dtype, y, n); });
}

void fill_permutation(Generator& g, Target x) {
  fill_as<int64_t>(DType::i64, x, [&](int64_t* y, size_t n) { randperm(g, y, static_cast<int64_t>(n)); });
}

void fill_bernoulli(Generator& g, Target x, double p, double value) {
  if (x->dtype == DType::f32) {
    return fill_as<float>(DType::f32, x, [&](float* y, size_t n) { toss(g, y, n, p, static_cast<float>(value)); });
  }
  fill_as<double>(DType::f64, x, [&](double* y, size_t n) { toss(g, y, n, p, value); });
}

void fill_bernoulli_by(Generator& g, Target x, const Tensor& p) {
  require_float("bernoulli", p.dtype);
  if (p.dtype == DType::bf16) return fill_bernoulli_by(g, x, widened(p));
  const Tensor ordered = contiguous(permute(broadcast_to(p, x->shape), memory_order(x)));
  if (p.dtype == DType::f32) {
    require_probabilities(ordered.as<float>(), x->numel);
  } else {
    require_probabilities(ordered.as<double>(), x->numel);
  }
  fill_as<uint8_t>(DType::u8, x, [&](uint8_t* y, size_t n) {
    if (p.dtype == DType::f32) return bernoulli_f32(g, ordered.as<float>(), y, n);
    bernoulli_f64(g, ordered.as<double>(), y, n);
  });
}

void multinomial(Generator& g, const Tensor& p, int64_t samples, Out out) {
  require_float("multinomial", p.dtype);
  if (p.rank() != 2 || samples < 1) throw Error("BAD_ARGUMENT", "multinomial: weights must be [rows, categories]");
  if (p.dtype == DType::bf16) return multinomial(g, widened(p), samples, out);
  make_or_check("multinomial", out, DType::i64, {p.shape[0], samples});
  const Tensor weights = contiguous(p);
  const auto rows = static_cast<size_t>(p.shape[0]), categories = static_cast<size_t>(p.shape[1]);
  if (out->numel == 0) return;
  Output y = Output::contiguous(out, {&weights});
  if (p.dtype == DType::f32) {
    multinomial_f32(g, weights.as<float>(), y->as<int64_t>(), rows, categories, static_cast<size_t>(samples));
  } else {
    multinomial_f64(g, weights.as<double>(), y->as<int64_t>(), rows, categories, static_cast<size_t>(samples));
  }
  y.commit();
}

}  // namespace flambeau
