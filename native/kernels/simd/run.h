// Loops over runs of elements, a vector at a time; the tail goes through the same code as a part of a vector.
#pragma once

#include "../cost.h"
#include "vec.h"

namespace flambeau::FLAMBEAU_ISA {

// Where one thread's operands and result come to this much the result goes past the caches: they could not hold it, and
// are spared the read before the write. Constant once table() has been called.
extern size_t stream_bytes;

namespace {

// Where in a run a body stands: a whole vector from element i on, or the last `count` elements.
template <class V>
struct Whole {
  using T = typename V::Elem;
  size_t i;
  FLAMBEAU_INLINE V load(const T* p) const { return V::load(p + i); }
  FLAMBEAU_INLINE void store(T* p, V x) const { x.store(p + i); }
  FLAMBEAU_INLINE void write(T* p, V x) const { store(p, x); }
  FLAMBEAU_INLINE void fetch(const T*) const {}
};
// Reads in halves of a vector where that is quicker from beyond L2: Zen 4 gains 4% on an addition of 4 MB operands.
template <class V>
struct Streamed : Whole<V> {
  using T = typename V::Elem;
#if defined(__AVX512F__)
  FLAMBEAU_INLINE V load(const T* p) const {
    if constexpr (std::is_same_v<T, float>) return V::load_halves(p + this->i);
    else return V::load(p + this->i);
  }
#endif
};
// Writes past the caches, and fetches what will be read soon.
template <class V>
struct Past : Whole<V> {
  using T = typename V::Elem;
  FLAMBEAU_INLINE void write(T* p, V x) const { x.stream(p + this->i); }
  FLAMBEAU_INLINE void fetch(const T* p) const {
#if defined(__GNUC__)
    __builtin_prefetch(p + this->i, 0, 2);
#endif
  }
};
template <class V>
struct Part {
  using T = typename V::Elem;
  size_t i, count;
  FLAMBEAU_INLINE V load(const T* p) const { return V::load_partial(p + i, count); }
  FLAMBEAU_INLINE void store(T* p, V x) const { x.store_partial(p + i, count); }
  FLAMBEAU_INLINE void write(T* p, V x) const { store(p, x); }
  FLAMBEAU_INLINE void fetch(const T*) const {}
};

template <class V, class Body>
FLAMBEAU_INLINE void for_each(size_t n, const Body body) {
  const size_t whole = n / V::size * V::size;
  FLAMBEAU_LOOP
  for (size_t i = 0; i < whole; i += V::size) body(Whole<V>{i});
  if (whole < n) body(Part<V>{whole, n - whole});
}

// Whether rows of n elements, of which `bytes` are written from `to` on, go past the caches. They have two operands.
template <class V>
FLAMBEAU_INLINE bool streams_rows(const void* to, size_t n, size_t bytes) {
  return V::size > 1 && 3 * bytes >= stream_bytes && n % V::size == 0 &&
         reinterpret_cast<uintptr_t>(to) % sizeof(V) == 0;
}
// A row of such a result, or of one that does not.
template <class V, class Body>
FLAMBEAU_INLINE void for_row(size_t n, bool streams, const Body body) {
  if constexpr (V::size > 1) {
    if (streams) {
      for (size_t i = 0; i < n; i += V::size) body(Past<V>{{i}});
      return;
    }
  }
  for_each<V>(n, body);
}

FLAMBEAU_INLINE void stream_fence() {
#if defined(__AVX2__)
  _mm_sfence();
#endif
}

// to[i] = f(place), of so many operands, over n elements; in_place: one of them is there. Of what is cheap four vectors
// are computed before the first is stored: where operands and result have one offset in their pages, a load that
// follows a store would wait for it. Of what is costly one vector at a time fills the registers.
template <class V, Cost cost, size_t operands, class F>
FLAMBEAU_INLINE void map_run(typename V::Elem* to, size_t n, bool in_place, const F f) {
  if constexpr (V::size == 1) {
    for_each<V>(n, [&](auto at) { at.store(to, f(at)); });
  } else {
    constexpr size_t kStrip = 4 * V::size;
    size_t i = 0;
    if (!in_place && (operands + 1) * n * sizeof *to >= stream_bytes &&
        reinterpret_cast<uintptr_t>(to) % sizeof(V) == 0) {
      for (; i + V::size <= n; i += V::size) f(Whole<V>{i}).stream(to + i);
      stream_fence();
    }
    for (; cost == Cost::CHEAP && i + kStrip <= n; i += kStrip) {
      const V a = f(Streamed<V>{i}), b = f(Streamed<V>{i + V::size});
      const V c = f(Streamed<V>{i + 2 * V::size}), d = f(Streamed<V>{i + 3 * V::size});
      a.store(to + i);
      b.store(to + i + V::size);
      c.store(to + i + 2 * V::size);
      d.store(to + i + 3 * V::size);
    }
    for (; i + V::size <= n; i += V::size) f(Whole<V>{i}).store(to + i);
    if (i < n) f(Part<V>{i, n - i}).store_partial(to + i, n - i);
  }
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
