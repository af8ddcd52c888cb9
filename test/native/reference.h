// What drivers are checked against: tensors of every layout, read element by element through their strides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check.h"
#include "native/ops/table.h"
#include "native/tensor/element.h"

namespace check {

using flambeau::Dims;
using flambeau::DType;
using flambeau::Tensor;

constexpr DType kAllDTypes[] = {DType::f32, DType::f64, DType::i32,  DType::i64,
                                DType::u8,  DType::i8,  DType::bf16, DType::boolean};
constexpr DType kNumberDTypes[] = {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8};

inline uint32_t random_bits() {
  static uint64_t state = 0x9E3779B97F4A7C15u;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state >> 33);
}

// Of the element at this position in row-major order.
inline Dims coordinates(const Dims& shape, int64_t linear) {
  Dims at = shape;
  for (int i = shape.rank - 1; i >= 0; --i) {
    at[i] = linear % shape[i];
    linear /= shape[i];
  }
  return at;
}

inline int64_t position(const Tensor& t, int64_t linear) {
  int64_t at = 0;
  for (int i = t.rank() - 1; i >= 0; --i) {
    at += linear % t.shape[i] * t.strides[i];
    linear /= t.shape[i];
  }
  return at;
}

inline double get(const Tensor& t, int64_t linear) {
  const int64_t at = position(t, linear);
  double value = 0;
  flambeau::with_dtype(t.dtype, [&](auto zero) { value = static_cast<double>(t.as<decltype(zero)>()[at]); });
  return value;
}

inline void set(const Tensor& t, int64_t linear, double value) {
  const int64_t at = position(t, linear);
  flambeau::with_dtype(t.dtype, [&](auto zero) {
    using T = decltype(zero);
    t.as<T>()[at] = static_cast<T>(value);
  });
}

inline std::vector<double> values(const Tensor& t) {
  std::vector<double> v(static_cast<size_t>(t.numel));
  for (int64_t i = 0; i < t.numel; ++i) v[static_cast<size_t>(i)] = get(t, i);
  return v;
}

// Small whole numbers, so that every dtype computes with them exactly.
inline void randomize(const Tensor& t, int64_t low = 0, int64_t high = 9) {
  for (int64_t i = 0; i < t.numel; ++i) set(t, i, static_cast<double>(low + random_bits() % (high - low + 1)));
}

enum class Layout { contiguous, transposed, sliced, offset };
constexpr Layout kLayouts[] = {Layout::contiguous, Layout::transposed, Layout::sliced, Layout::offset};

inline Tensor make(DType dtype, const Dims& shape, Layout layout = Layout::contiguous, int64_t low = 0,
                   int64_t high = 9) {
  Tensor t;
  Dims axes, reversed, wide = shape;
  switch (layout) {
    case Layout::contiguous:
      t = flambeau::empty(dtype, shape);
      break;
    case Layout::transposed:
      for (int i = shape.rank - 1; i >= 0; --i) {
        axes.push(i);
        reversed.push(shape[i]);
      }
      t = flambeau::permute(flambeau::empty(dtype, reversed), axes);
      break;
    case Layout::sliced: {  // every second element of the last axis, inside gaps of every axis
      for (int i = 0; i < wide.rank; ++i) wide[i] = wide[i] * 2 + 1;
      const Tensor base = flambeau::empty(dtype, wide);
      Dims strides = base.strides;
      if (strides.rank > 0) strides[strides.rank - 1] *= 2;
      t = flambeau::as_strided(base, shape, strides, shape.rank > 0 ? 1 : 0);
      break;
    }
    case Layout::offset: {  // rows with a gap, the first element past the start
      if (wide.rank > 0) wide[wide.rank - 1] += 3;
      const Tensor base = flambeau::empty(dtype, wide);
      t = flambeau::as_strided(base, shape, base.strides, base.numel > 1 ? 1 : 0);
      break;
    }
  }
  randomize(t, low, high);
  return t;
}

// Elements given in row-major order.
inline Tensor from(DType dtype, const Dims& shape, const std::vector<double>& elements) {
  const Tensor t = flambeau::empty(dtype, shape);
  for (int64_t i = 0; i < t.numel; ++i) set(t, i, elements[static_cast<size_t>(i)]);
  return t;
}

inline void expect(bool right, const std::string& what) {
  ++checks;
  if (!right) fail("%s", what.c_str());
}

inline bool same(double a, double b) { return a == b || (a != a && b != b); }

inline void expect_tensor(const Tensor& got, DType dtype, const Dims& shape, const std::vector<double>& want,
                          const std::string& what, double tolerance = 0) {
  ++checks;
  if (got.dtype != dtype || !(got.shape == shape)) {
    return fail("%s: got %s %s, want %s %s", what.c_str(), flambeau::dtype_name(got.dtype),
                flambeau::to_string(got.shape).c_str(), flambeau::dtype_name(dtype),
                flambeau::to_string(shape).c_str());
  }
  for (int64_t i = 0; i < got.numel; ++i) {
    const double g = get(got, i), w = want[static_cast<size_t>(i)];
    if (same(g, w) || std::fabs(g - w) <= tolerance * std::fmax(1.0, std::fabs(w))) continue;
    return fail("%s: element %lld is %.17g, want %.17g", what.c_str(), static_cast<long long>(i), g, w);
  }
}

template <class F>
void expect_error(const char* code, const char* fragment, F&& f) {
  ++checks;
  try {
    f();
  } catch (const flambeau::Error& error) {
    if (std::string(error.code()) != code || std::string(error.what()).find(fragment) == std::string::npos) {
      fail("expected %s with \"%s\", got %s: %s", code, fragment, error.code(), error.what());
    }
    return;
  }
  fail("expected %s with \"%s\", nothing was thrown", code, fragment);
}

}  // namespace check
