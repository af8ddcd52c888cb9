// Reductions, arg reductions and scans over the middle axis of [outer, n, inner].
#include "reduce.h"
#include "family.h"
#include "gemm_vec.h"
#include "simd/reduce.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

namespace ops {

template <class V>
struct sum {
  static V identity() { return V(0); }
  V operator()(V a, V b) const { return a + b; }
};
template <class V>
struct prod {
  static V identity() { return V(1); }
  V operator()(V a, V b) const { return a * b; }
};
template <class V>
struct amax {
  static V identity() { return V(parameter<typename V::Elem>(-INFINITY)); }
  V operator()(V a, V b) const { return maximum(a, b); }
};
template <class V>
struct amin {
  static V identity() { return V(parameter<typename V::Elem>(INFINITY)); }
  V operator()(V a, V b) const { return minimum(a, b); }
};

}  // namespace ops

// Sums of rows of a few vectors, whose lanes are added up four rows at a time.
template <class T>
void sum_short_rows(const T* x, T* y, size_t outer, size_t n) {
  using V = Lanes<T>;
  constexpr size_t kRows = 4;
  for (size_t o = 0; o < outer; o += kRows) {
    const size_t rows = outer - o < kRows ? outer - o : kRows;
    V sums[kRows];
    FLAMBEAU_UNROLL
    for (size_t r = 0; r < kRows; ++r) {
      const T* const row = x + (o + (r < rows ? r : 0)) * n;
      size_t i = 0;
      sums[r] = V(T(0));
      for (; i + V::size <= n; i += V::size) sums[r] = sums[r] + V::load(row + i);
      if (i < n) sums[r] = sums[r] + V::load_partial(row + i, n - i);
    }
    T results[kRows];
    sum4(sums[0], sums[1], sums[2], sums[3], results);
    for (size_t r = 0; r < rows; ++r) y[o + r] = results[r];
  }
}

template <template <class> class Op, class T>
void reduce_rows(const T* x, T* y, size_t outer, size_t n) {
  using V = Vec<T>;
  if constexpr (std::is_same_v<Op<V>, ops::sum<V>> && std::is_floating_point_v<T>) {
    if (n < strip_width<V> * V::size) return sum_short_rows(x, y, outer, n);
  }
  for (size_t o = 0; o < outer; ++o, x += n) {
    y[o] = fold_row<Op, V>(
        n, [x](size_t i) { return V::load(x + i); },
        [x](size_t i, size_t count) { return V::load_partial(x + i, count); });
  }
}

template <template <class> class Op, class T>
void reduce_columns(const T* x, T* y, size_t n, size_t inner) {
  using V = Vec<T>;
  constexpr int kWidth = strip_width<V>;
  size_t i = 0;
  for (; i + kWidth * V::size <= inner; i += kWidth * V::size) {
    const auto strip = fold_strips<Op, V, kWidth>(n, [=](size_t k) {
      Strip<V, kWidth> s;
      for (int j = 0; j < kWidth; ++j) s.v[j] = V::load(x + k * inner + i + j * V::size);
      return s;
    });
    for (int j = 0; j < kWidth; ++j) strip.v[j].store(y + i + j * V::size);
  }
  for (; i + V::size <= inner; i += V::size) {
    fold_strips<Op, V, 1>(n, [=](size_t k) { return Strip<V, 1>{{V::load(x + k * inner + i)}}; }).v[0].store(y + i);
  }
  if (i < inner) {
    const size_t rest = inner - i;
    fold_strips<Op, V, 1>(n, [=](size_t k) { return Strip<V, 1>{{V::load_partial(x + k * inner + i, rest)}}; })
        .v[0]
        .store_partial(y + i, rest);
  }
}

template <template <class> class Op, class T>
void reduce(const void* x, void* y, size_t outer, size_t n, size_t inner) {
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(y);
  if (inner == 1) return reduce_rows<Op>(from, to, outer, n);
  for (size_t o = 0; o < outer; ++o) reduce_columns<Op>(from + o * n * inner, to + o * inner, n, inner);
}

namespace arg_ops {

// better(a, b): a takes the place of b, which comes before it.
template <class T>
struct argmax {
  template <class V>
  using Fold = ops::amax<V>;
  static bool better(T a, T b) { return (a > b) | ((a != a) & (b == b)); }
};
template <class T>
struct argmin {
  template <class V>
  using Fold = ops::amin<V>;
  static bool better(T a, T b) { return (a < b) | ((a != a) & (b == b)); }
};

}  // namespace arg_ops

// The extremum first, then where it is: both passes are vector code, and the second stops early.
template <class T>
int64_t first_index(const T* x, size_t n, T value) {
  constexpr size_t kBlock = 64;
  const bool is_nan = value != value;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    bool found = false;
    for (size_t j = 0; j < kBlock; ++j) found |= (x[i + j] == value) | (is_nan & (x[i + j] != x[i + j]));
    if (found) break;
  }
  while (i + 1 < n && !(x[i] == value || (is_nan && x[i] != x[i]))) ++i;
  return static_cast<int64_t>(i);
}

template <template <class> class Op, class T>
void arg_columns(const T* x, int64_t* y, size_t n, size_t inner) {
  constexpr size_t kColumns = 64;
  T best[kColumns];
  int64_t index[kColumns];
  for (size_t i = 0; i < inner; i += kColumns) {
    const size_t count = inner - i < kColumns ? inner - i : kColumns;
    for (size_t j = 0; j < count; ++j) {
      best[j] = x[i + j];
      index[j] = 0;
    }
    for (size_t k = 1; k < n; ++k) {
      const T* row = x + k * inner + i;
      for (size_t j = 0; j < count; ++j) {
        const bool better = Op<T>::better(row[j], best[j]);
        best[j] = better ? row[j] : best[j];
        index[j] = better ? static_cast<int64_t>(k) : index[j];
      }
    }
    for (size_t j = 0; j < count; ++j) y[i + j] = index[j];
  }
}

template <template <class> class Op, class T>
void arg_reduce(const void* x, void* y, size_t outer, size_t n, size_t inner) {
  const T* from = static_cast<const T*>(x);
  int64_t* to = static_cast<int64_t*>(y);
  for (size_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    if (inner == 1) {
      T extremum;
      reduce_rows<Op<T>::template Fold>(from, &extremum, 1, n);
      *to = first_index(from, n, extremum);
    } else {
      arg_columns<Op>(from, to, n, inner);
    }
  }
}

namespace scan_ops {

template <class V>
using cumsum = ops::sum<V>;
template <class V>
using cumprod = ops::prod<V>;

}  // namespace scan_ops

// Floats accumulate in double, as PyTorch's do.
template <template <class> class Op, class T>
void scan(const void* x, void* y, size_t outer, size_t n, size_t inner) {
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, T>;
  using L = Lane<Wide>;
  constexpr size_t kColumns = 64;
  const T* from = static_cast<const T*>(x);
  T* to = static_cast<T*>(y);
  for (size_t o = 0; o < outer; ++o, from += n * inner, to += n * inner) {
    for (size_t i = 0; i < inner; i += kColumns) {
      const size_t count = inner - i < kColumns ? inner - i : kColumns;
      L acc[kColumns];
      for (size_t j = 0; j < count; ++j) acc[j] = Op<L>::identity();
      for (size_t k = 0; k < n; ++k) {
        const size_t row = k * inner + i;
        for (size_t j = 0; j < count; ++j) {
          acc[j] = Op<L>()(acc[j], L(static_cast<Wide>(from[row + j])));
          to[row + j] = static_cast<T>(acc[j].v);
        }
      }
    }
  }
}

template <template <class> class Op, class... Ts>
void fill_reductions(ReduceFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, reduce<Op, Ts>), ...);
}
template <template <class> class Op, class... Ts>
void fill_arg_reductions(ReduceFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, arg_reduce<Op, Ts>), ...);
}
template <template <class> class Op, class... Ts>
void fill_scans(ReduceFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, scan<Op, Ts>), ...);
}

}  // namespace

void fill_reduce(ReduceTable& table) {
#define REDUCE(name, dtypes) fill_reductions<ops::name>(table.reduce[static_cast<int>(ReduceKernel::name)], dtypes());
#define ARG_REDUCE(name, dtypes) \
  fill_arg_reductions<arg_ops::name>(table.arg_reduce[static_cast<int>(ArgReduceKernel::name)], dtypes());
#define SCAN(name, dtypes) fill_scans<scan_ops::name>(table.scan[static_cast<int>(ScanKernel::name)], dtypes());
#include "families.inc"
}

}  // namespace flambeau::FLAMBEAU_ISA
