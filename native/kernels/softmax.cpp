// Softmax and log-softmax along one axis, with their backwards. A slice that is all -inf gives NaN.
//
// A slice whose elements are neighbours is worked on while it is in L1 or L2. Across rows, kColumns columns advance
// together, row by row, so that memory is read in runs; sums go through blocks of rows, so that their error grows with
// n / 16 + 16 roundings at most.
#include "family.h"
#include "reduce.h"
#include "simd/math.h"
#include "simd/reduce.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// ---- one row of n neighbours

template <class V>
struct Rows {
  using T = typename V::Elem;

  // What goes past the caches is not read again: the exponentials wait elsewhere.
  static void softmax(const T* x, T* y, size_t n, bool streams) {
    constexpr size_t kWaiting = 4096;
    T waiting[kWaiting];
    streams = streams && n <= kWaiting;
    T* const shares = streams ? waiting : y;
    const V top = fold<Top, V>(n, [=](auto at) { return at.load(x); });
    const V total = fold<Add, V>(n, [=](auto at) {
      const V e = math::exp_share(at.load(x) - top);
      at.store(shares, e);
      return e;
    });
    const V scale = V(1) / total;
    for_row<V>(n, streams, [=](auto at) {
      at.fetch(x + n);
      at.write(y, at.load(shares) * scale);
    });
  }
  static void log_softmax(const T* x, T* y, size_t n, bool streams) {
    const V top = fold<Top, V>(n, [=](auto at) { return at.load(x); });
    const V log_total = math::log(fold<Add, V>(n, [=](auto at) { return math::exp_share(at.load(x) - top); }));
    // In this order: top + log_total may round where x - top does not.
    for_row<V>(n, streams, [=](auto at) {
      at.fetch(x + n);
      at.write(y, at.load(x) - top - log_total);
    });
  }
  static void softmax_backward(const T* g, const T* y, T* dx, size_t n, bool streams) {
    const V dot = fold<Add, V>(n, [=](auto at) { return at.load(g) * at.load(y); });
    for_row<V>(n, streams, [=](auto at) {
      at.fetch(g + n);
      at.fetch(y + n);
      at.write(dx, (at.load(g) - dot) * at.load(y));
    });
  }
  static void log_softmax_backward(const T* g, const T* y, T* dx, size_t n, bool streams) {
    const V total = fold<Add, V>(n, [=](auto at) { return at.load(g); });
    for_row<V>(n, streams, [=](auto at) {
      at.fetch(g + n);
      at.fetch(y + n);
      at.write(dx, at.load(g) - math::exp(at.load(y)) * total);
    });
  }
};

// ---- `width` neighbouring slices whose elements are `stride` apart

constexpr size_t kColumns = 256;

// One value for each column.
template <class V>
struct Line {
  using T = typename V::Elem;
  alignas(64) T v[kColumns];
};

template <class V, class F>
FLAMBEAU_INLINE void for_rows(size_t n, size_t width, const F f) {
  for (size_t k = 0; k < n; ++k) for_each<V>(width, [&](auto at) { f(k, at); });
}

// sums[j] = the sum over k of f(k, j)
template <class V, class F>
FLAMBEAU_INLINE void sum_rows(size_t n, size_t width, Line<V>& sums, const F f) {
  constexpr size_t kBlock = 16;
  Line<V> block;
  for_each<V>(width, [&](auto at) { at.store(sums.v, V(0)); });
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t stop = first + kBlock < n ? first + kBlock : n;
    for_each<V>(width, [&](auto at) { at.store(block.v, f(first, at)); });
    for (size_t k = first + 1; k < stop; ++k) {
      for_each<V>(width, [&](auto at) { at.store(block.v, at.load(block.v) + f(k, at)); });
    }
    for_each<V>(width, [&](auto at) { at.store(sums.v, at.load(sums.v) + at.load(block.v)); });
  }
}

template <class V>
struct Columns {
  using T = typename V::Elem;

  static void find_top(const T* x, size_t n, size_t width, size_t stride, Line<V>& top) {
    for_each<V>(width, [&](auto at) { at.store(top.v, Top<V>::identity()); });
    for_rows<V>(n, width,
                [&](size_t k, auto at) { at.store(top.v, Top<V>()(at.load(top.v), at.load(x + k * stride))); });
  }
  static void softmax(const T* x, T* y, size_t n, size_t width, size_t stride) {
    Line<V> top, total;
    find_top(x, n, width, stride, top);
    sum_rows<V>(n, width, total, [&](size_t k, auto at) {
      const V e = math::exp_share(at.load(x + k * stride) - at.load(top.v));
      at.store(y + k * stride, e);
      return e;
    });
    for_each<V>(width, [&](auto at) { at.store(total.v, V(1) / at.load(total.v)); });
    for_rows<V>(n, width,
                [&](size_t k, auto at) { at.store(y + k * stride, at.load(y + k * stride) * at.load(total.v)); });
  }
  static void log_softmax(const T* x, T* y, size_t n, size_t width, size_t stride) {
    Line<V> top, total;
    find_top(x, n, width, stride, top);
    sum_rows<V>(n, width, total,
                [&](size_t k, auto at) { return math::exp_share(at.load(x + k * stride) - at.load(top.v)); });
    for_each<V>(width, [&](auto at) { at.store(total.v, math::log(at.load(total.v))); });
    for_rows<V>(n, width, [&](size_t k, auto at) {
      at.store(y + k * stride, at.load(x + k * stride) - at.load(top.v) - at.load(total.v));
    });
  }
  static void softmax_backward(const T* g, const T* y, T* dx, size_t n, size_t width, size_t stride) {
    Line<V> dot;
    sum_rows<V>(n, width, dot, [&](size_t k, auto at) { return at.load(g + k * stride) * at.load(y + k * stride); });
    for_rows<V>(n, width, [&](size_t k, auto at) {
      at.store(dx + k * stride, (at.load(g + k * stride) - at.load(dot.v)) * at.load(y + k * stride));
    });
  }
  static void log_softmax_backward(const T* g, const T* y, T* dx, size_t n, size_t width, size_t stride) {
    Line<V> total;
    sum_rows<V>(n, width, total, [&](size_t k, auto at) { return at.load(g + k * stride); });
    for_rows<V>(n, width, [&](size_t k, auto at) {
      at.store(dx + k * stride, at.load(g + k * stride) - math::exp(at.load(y + k * stride)) * at.load(total.v));
    });
  }
};

// Calls row(offset), or columns(offset, width), for all slices of [outer, n, inner].
template <class Row, class Wide>
FLAMBEAU_INLINE void for_slices(size_t outer, size_t n, size_t inner, size_t stride, const Row row,
                                const Wide columns) {
  for (size_t o = 0; o < outer; ++o) {
    const size_t offset = o * n * stride;
    if (stride == 1) {
      row(offset);
      continue;
    }
    for (size_t i = 0; i < inner; i += kColumns) columns(offset + i, inner - i < kColumns ? inner - i : kColumns);
  }
}

template <class T, void (*row)(const T*, T*, size_t, bool), void (*columns)(const T*, T*, size_t, size_t, size_t)>
void forward(const void* x, void* y, size_t outer, size_t n, size_t inner, size_t stride) {
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(y);
  const bool streams = stride == 1 && x != y && streams_rows<Vec<T>>(y, n, outer * n * sizeof(T));
  for_slices(
      outer, n, inner, stride, [=](size_t offset) { row(from + offset, to + offset, n, streams); },
      [=](size_t offset, size_t width) { columns(from + offset, to + offset, n, width, stride); });
  if (streams) stream_fence();
}

template <class T, void (*row)(const T*, const T*, T*, size_t, bool),
          void (*columns)(const T*, const T*, T*, size_t, size_t, size_t)>
void backward(const void* g, const void* y, void* dx, size_t outer, size_t n, size_t inner, size_t stride) {
  const T *grad = static_cast<const T*>(g), *out = static_cast<const T*>(y);
  T* to = static_cast<T*>(dx);
  const bool streams = stride == 1 && streams_rows<Vec<T>>(dx, n, outer * n * sizeof(T));
  for_slices(
      outer, n, inner, stride, [=](size_t offset) { row(grad + offset, out + offset, to + offset, n, streams); },
      [=](size_t offset, size_t width) { columns(grad + offset, out + offset, to + offset, n, width, stride); });
  if (streams) stream_fence();
}

// Under the names of kernels.def.
namespace ops {
template <class T>
constexpr SoftmaxFn softmax = forward<T, Rows<Vec<T>>::softmax, Columns<Vec<T>>::softmax>;
template <class T>
constexpr SoftmaxFn logSoftmax = forward<T, Rows<Vec<T>>::log_softmax, Columns<Vec<T>>::log_softmax>;
template <class T>
constexpr SoftmaxBackwardFn softmaxBackward =
    backward<T, Rows<Vec<T>>::softmax_backward, Columns<Vec<T>>::softmax_backward>;
template <class T>
constexpr SoftmaxBackwardFn logSoftmaxBackward =
    backward<T, Rows<Vec<T>>::log_softmax_backward, Columns<Vec<T>>::log_softmax_backward>;
}  // namespace ops

template <class Fn, class... Ts, class... Fns>
void fill(Fn (&row)[kDTypeCount], Types<Ts...>, Fns... fns) {
  (set<Ts>(row, fns), ...);
}

}  // namespace

void fill_softmax(ReduceTable& table) {
#define SOFTMAX(name, dtypes) \
  fill(table.softmax[static_cast<int>(SoftmaxKernel::name)], FLOATS(), ops::name<float>, ops::name<double>);
#define SOFTMAX_BACKWARD(name, dtypes)                                                                    \
  fill(table.softmax_backward[static_cast<int>(SoftmaxBackwardKernel::name)], FLOATS(), ops::name<float>, \
       ops::name<double>);
#include "families.inc"
}

}  // namespace flambeau::FLAMBEAU_ISA
