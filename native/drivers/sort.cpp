#include "sort.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <type_traits>

#include "../parallel/thread_pool.h"
#include "../tensor/element.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

template <class T>
struct Entry {
  T value;
  int64_t index;
};

// NaN is the largest value, as in PyTorch.
template <class T>
bool less(T a, T b) {
  if constexpr (!std::is_integral_v<T>) {
    return a < b || (b != b && a == a);
  } else {
    return a < b;
  }
}

// Puts the first k entries in order; equal ones in the order of their indices, which makes the sort stable.
template <class T, class Before>
void order_first(Entry<T>* entries, int64_t n, int64_t k, Before before) {
  const auto order = [before](const Entry<T>& a, const Entry<T>& b) {
    return before(a.value, b.value) || (!before(b.value, a.value) && a.index < b.index);
  };
  if (k < n && k * 64 <= n) {
    std::partial_sort(entries, entries + k, entries + n, order);
    return;
  }
  if (k < n) std::nth_element(entries, entries + k, entries + n, order);
  std::sort(entries, entries + k, order);
}

void sort_first(const char* op, const Tensor& x, int axis, int64_t k, bool descending, Tensor& values,
                Tensor& indices) {
  Dims shape = x.shape;
  if (shape.rank > 0) shape[axis] = k;
  make_or_check(op, values, x.dtype, shape);
  make_or_check(op, indices, DType::i64, shape);
  if (values.numel == 0) return;
  const Tensor dense = contiguous(x);
  Output v = Output::contiguous(values, {&dense}), at = Output::contiguous(indices, {&dense, &values});
  const Extents e = around(x.shape, axis);
  const int64_t n = e.n, inner = e.inner;
  std::atomic<bool> starved{false};
  with_dtype(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const from = dense.as<T>();
    T* const to = v->as<T>();
    int64_t* const places = at->as<int64_t>();
    parallel_for(e.outer * inner, 1 + 4096 / n, [&](int64_t begin, int64_t end) {
      // Nothing may be thrown across the pool.
      const std::unique_ptr<Entry<T>[]> line(new (std::nothrow) Entry<T>[static_cast<size_t>(n)]);
      if (!line) {
        starved = true;
        return;
      }
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t outer = unit / inner, column = unit % inner;
        for (int64_t i = 0; i < n; ++i) line[i] = {from[(outer * n + i) * inner + column], i};
        if (descending) {
          order_first(line.get(), n, k, [](T a, T b) { return less(b, a); });
        } else {
          order_first(line.get(), n, k, [](T a, T b) { return less(a, b); });
        }
        for (int64_t i = 0; i < k; ++i) {
          to[(outer * k + i) * inner + column] = line[i].value;
          places[(outer * k + i) * inner + column] = line[i].index;
        }
      }
    });
  });
  if (starved) {
    throw Error("OUT_OF_MEMORY", std::string(op) + ": a buffer for " + std::to_string(n) +
                                     " elements was asked for, the system refused");
  }
  v.commit();
  at.commit();
}

}  // namespace

void sort(const Tensor& x, int axis, bool descending, Out values, Out indices) {
  check_axis("sort", x, axis);
  sort_first("sort", x, axis, x.rank() == 0 ? 1 : x.shape[axis], descending, values, indices);
}

void topk(const Tensor& x, int axis, int64_t k, bool largest, Out values, Out indices) {
  check_axis("topk", x, axis);
  const int64_t size = x.rank() == 0 ? 1 : x.shape[axis];
  if (k < 0 || k > size) {
    throw Error("OUT_OF_RANGE", "topk: a k from 0 to the axis's size " + std::to_string(size) + " was expected, got " +
                                    std::to_string(k));
  }
  sort_first("topk", x, axis, k, largest, values, indices);
}

}  // namespace flambeau
