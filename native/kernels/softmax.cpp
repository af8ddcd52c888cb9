// Softmax and log-softmax over the middle axis of [outer, n, inner], with their backwards. A row of -inf gives NaN.
#include "family.h"
#include "simd/math.h"
#include "simd/reduce.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class V>
struct Add {
  static V identity() { return V(0); }
  V operator()(V a, V b) const { return a + b; }
};
template <class V>
struct Maximum {
  static V identity() { return V(-static_cast<typename V::Elem>(INFINITY)); }
  V operator()(V a, V b) const { return maximum(a, b); }
};

// How one slice along the axis is read and written: Row where its elements are neighbours and a vector is V::size of
// them, Columns where a vector is the same element of V::size neighbouring slices.
template <class V>
struct Row {
  using T = typename V::Elem;
  size_t n;

  template <template <class> class Op, class F>
  FLAMBEAU_INLINE V fold(const F f) const {
    return V(fold_row<Op, V>(
        n, [&](size_t i) { return f([i](const T* p) { return V::load(p + i); }, store_at(i)); },
        [&](size_t i, size_t count) {
          return f([=](const T* p) { return V::load_partial(p + i, count); }, store_partial_at(i, count));
        }));
  }
  template <class F>
  FLAMBEAU_INLINE void each(const F f) const {
    size_t i = 0;
    for (; i + V::size <= n; i += V::size) f([i](const T* p) { return V::load(p + i); }, store_at(i));
    const size_t rest = n - i;
    if (rest) f([=](const T* p) { return V::load_partial(p + i, rest); }, store_partial_at(i, rest));
  }

 private:
  static FLAMBEAU_INLINE auto store_at(size_t i) {
    return [i](T* p, V x) { x.store(p + i); };
  }
  static FLAMBEAU_INLINE auto store_partial_at(size_t i, size_t count) {
    return [=](T* p, V x) { x.store_partial(p + i, count); };
  }
};

template <class V, bool whole>
struct Columns {
  using T = typename V::Elem;
  size_t n, inner, first, count;  // count < V::size slices from the first on, unless whole

  template <template <class> class Op, class F>
  FLAMBEAU_INLINE V fold(const F f) const {
    return fold_strips<Op, V, 1>(n, [&](size_t k) { return Strip<V, 1>{{f(loader(k), storer(k))}}; }).v[0];
  }
  template <class F>
  FLAMBEAU_INLINE void each(const F f) const {
    for (size_t k = 0; k < n; ++k) f(loader(k), storer(k));
  }

 private:
  FLAMBEAU_INLINE auto loader(size_t k) const {
    return [at = k * inner + first, count = count](const T* p) {
      return whole ? V::load(p + at) : V::load_partial(p + at, count);
    };
  }
  FLAMBEAU_INLINE auto storer(size_t k) const {
    return [at = k * inner + first, count = count](T* p, V x) {
      whole ? x.store(p + at) : x.store_partial(p + at, count);
    };
  }
};

// Calls body(slices, offset) for all slices of [outer, n, inner].
template <class V, class Body>
FLAMBEAU_INLINE void for_slices(size_t outer, size_t n, size_t inner, const Body body) {
  for (size_t o = 0; o < outer; ++o) {
    const size_t offset = o * n * inner;
    if (inner == 1) {
      body(Row<V>{n}, offset);
      continue;
    }
    size_t i = 0;
    for (; i + V::size <= inner; i += V::size) body(Columns<V, true>{n, inner, i, V::size}, offset);
    if (i < inner) body(Columns<V, false>{n, inner, i, inner - i}, offset);
  }
}

template <class T>
void softmax(const void* x, void* y, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  for_slices<V>(outer, n, inner, [=](auto slices, size_t offset) {
    const T* from = static_cast<const T*>(x) + offset;
    T* to = static_cast<T*>(y) + offset;
    const V top = slices.template fold<Maximum>([=](auto load, auto) { return load(from); });
    const V total = slices.template fold<Add>([=](auto load, auto store) {
      const V e = math::exp(load(from) - top);
      store(to, e);
      return e;
    });
    slices.each([=](auto load, auto store) { store(to, load(to) / total); });
  });
}

template <class T>
void log_softmax(const void* x, void* y, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  for_slices<V>(outer, n, inner, [=](auto slices, size_t offset) {
    const T* from = static_cast<const T*>(x) + offset;
    T* to = static_cast<T*>(y) + offset;
    const V top = slices.template fold<Maximum>([=](auto load, auto) { return load(from); });
    const V total = slices.template fold<Add>([=](auto load, auto) { return math::exp(load(from) - top); });
    const V log_total = math::log(total);
    // In this order: top + log_total may round where x - top does not.
    slices.each([=](auto load, auto store) { store(to, load(from) - top - log_total); });
  });
}

template <class T>
void softmax_backward(const void* g, const void* y, void* dx, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  for_slices<V>(outer, n, inner, [=](auto slices, size_t offset) {
    const T* grad = static_cast<const T*>(g) + offset;
    const T* out = static_cast<const T*>(y) + offset;
    T* to = static_cast<T*>(dx) + offset;
    const V dot = slices.template fold<Add>([=](auto load, auto) { return load(grad) * load(out); });
    slices.each([=](auto load, auto store) { store(to, (load(grad) - dot) * load(out)); });
  });
}

template <class T>
void log_softmax_backward(const void* g, const void* y, void* dx, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  for_slices<V>(outer, n, inner, [=](auto slices, size_t offset) {
    const T* grad = static_cast<const T*>(g) + offset;
    const T* out = static_cast<const T*>(y) + offset;
    T* to = static_cast<T*>(dx) + offset;
    const V total = slices.template fold<Add>([=](auto load, auto) { return load(grad); });
    slices.each([=](auto load, auto store) { store(to, load(grad) - math::exp(load(out)) * total); });
  });
}

// Under the names of kernels.def.
namespace ops {
template <class T>
constexpr ReduceFn softmax = flambeau::FLAMBEAU_ISA::softmax<T>;
template <class T>
constexpr ReduceFn logSoftmax = flambeau::FLAMBEAU_ISA::log_softmax<T>;
template <class T>
constexpr SoftmaxBackwardFn softmaxBackward = flambeau::FLAMBEAU_ISA::softmax_backward<T>;
template <class T>
constexpr SoftmaxBackwardFn logSoftmaxBackward = flambeau::FLAMBEAU_ISA::log_softmax_backward<T>;
}  // namespace ops

template <class Fn, class... Ts, class... Fns>
void fill(Fn (&row)[kDTypeCount], Types<Ts...>, Fns... fns) {
  (set<Ts>(row, fns), ...);
}

}  // namespace

void fill_softmax(KernelTable& table) {
#define SOFTMAX(name, dtypes) \
  fill(table.softmax[static_cast<int>(SoftmaxKernel::name)], FLOATS(), ops::name<float>, ops::name<double>);
#define SOFTMAX_BACKWARD(name, dtypes)                                                                    \
  fill(table.softmax_backward[static_cast<int>(SoftmaxBackwardKernel::name)], FLOATS(), ops::name<float>, \
       ops::name<double>);
#include "families.inc"
}

}  // namespace flambeau::FLAMBEAU_ISA
