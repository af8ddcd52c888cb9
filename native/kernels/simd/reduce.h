// Reductions of many elements to few, in an order that depends only on the shape and the ISA. Blocks of a fixed length
// are folded in registers and their results combined pairwise, so that the error of a sum grows with log(n), as in
// PyTorch's cascade sum (Higham, "The accuracy of floating point summation", 1993).
#pragma once

#include "run.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// A binary counter of partial results: level k holds the result of 2^k blocks when bit k of the count is set.
template <class Item, class Op>
class Cascade {
 public:
  FLAMBEAU_INLINE void push(Item x) {
    int level = 0;
    for (size_t carry = count_++; carry & 1; carry >>= 1) x = Op()(levels_[level++], x);
    levels_[level] = x;
  }
  FLAMBEAU_INLINE Item finish(Item x) const {
    int level = 0;
    for (size_t rest = count_; rest; rest >>= 1, ++level) {
      if (rest & 1) x = Op()(levels_[level], x);
    }
    return x;
  }

 private:
  static constexpr int kLevels = 8 * sizeof(size_t);
  size_t count_ = 0;
  Item levels_[kLevels];
};

// W vectors folded side by side: enough independent chains to hide the latency of an addition.
template <class V, int W>
struct Strip {
  V v[W];
};
template <class V>
constexpr int strip_width = V::size == 1 ? 16 : 8;

// Applies a reduction's operation to lanes, vectors and strips alike.
template <template <class> class Op>
struct Fold {
  template <class V>
  FLAMBEAU_INLINE V operator()(V a, V b) const {
    return Op<V>()(a, b);
  }
  template <class V, int W>
  FLAMBEAU_INLINE Strip<V, W> operator()(Strip<V, W> a, Strip<V, W> b) const {
    for (int j = 0; j < W; ++j) a.v[j] = Op<V>()(a.v[j], b.v[j]);
    return a;
  }
};

// The upper half of the first 2 * count lanes, where the lower half was; the other lanes are unspecified.
#if defined(__AVX512F__)
template <size_t count>
FLAMBEAU_INLINE VecF32 upper_half(VecF32 x) {
  if constexpr (count == 8) return VecF32(_mm512_shuffle_f32x4(x.v, x.v, 0xEE));
  else if constexpr (count == 4) return VecF32(_mm512_shuffle_f32x4(x.v, x.v, 0x01));
  else return VecF32(_mm512_permute_ps(x.v, count == 2 ? 0xEE : 0x01));
}
template <size_t count>
FLAMBEAU_INLINE VecF64 upper_half(VecF64 x) {
  if constexpr (count == 4) return VecF64(_mm512_shuffle_f64x2(x.v, x.v, 0xEE));
  else if constexpr (count == 2) return VecF64(_mm512_shuffle_f64x2(x.v, x.v, 0x01));
  else return VecF64(_mm512_permute_pd(x.v, 1));
}
FLAMBEAU_INLINE float first_lane(VecF32 x) { return _mm512_cvtss_f32(x.v); }
FLAMBEAU_INLINE double first_lane(VecF64 x) { return _mm512_cvtsd_f64(x.v); }

template <template <class> class Op, size_t count, class V>
FLAMBEAU_INLINE V fold_halves(V x) {
  if constexpr (count == 0) return x;
  else return fold_halves<Op, count / 2>(Op<V>()(x, upper_half<count>(x)));
}
#endif

template <template <class> class Op, class V>
FLAMBEAU_INLINE typename V::Elem fold_lanes(V x) {
  using T = typename V::Elem;
#if defined(__AVX512F__)
  if constexpr (is_float<V>) return first_lane(fold_halves<Op, V::size / 2>(x));
#endif
  T lanes[V::size];
  x.store(lanes);
  for (size_t half = V::size / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] = Op<Lane<T>>()(Lane<T>(lanes[i]), Lane<T>(lanes[i + half])).v;
  }
  return lanes[0];
}

// Folds n elements; load(i) gives the vector from element i on, load_partial(i, count) the last few.
template <template <class> class Op, class V, class Load, class LoadPartial>
FLAMBEAU_INLINE typename V::Elem fold_row(size_t n, const Load load, const LoadPartial load_partial) {
  using T = typename V::Elem;
  constexpr int kWidth = strip_width<V>;
  constexpr size_t kStrip = kWidth * V::size, kBlock = 16 * kStrip;
  using Wide = Strip<V, kWidth>;
  const V identity = Op<V>::identity();

  Cascade<Wide, Fold<Op>> cascade;
  Wide wide;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    for (int j = 0; j < kWidth; ++j) wide.v[j] = load(i + j * V::size);
    for (size_t k = kStrip; k < kBlock; k += kStrip) {
      for (int j = 0; j < kWidth; ++j) wide.v[j] = Op<V>()(wide.v[j], load(i + k + j * V::size));
    }
    cascade.push(wide);
  }
  for (int j = 0; j < kWidth; ++j) wide.v[j] = identity;
  for (; i + kStrip <= n; i += kStrip) {
    for (int j = 0; j < kWidth; ++j) wide.v[j] = Op<V>()(wide.v[j], load(i + j * V::size));
  }
  wide = cascade.finish(wide);
  for (int width = kWidth / 2; width > 0; width /= 2) {
    for (int j = 0; j < width; ++j) wide.v[j] = Op<V>()(wide.v[j], wide.v[j + width]);
  }
  V last = identity;
  for (; i + V::size <= n; i += V::size) last = Op<V>()(last, load(i));
  T result = fold_lanes<Op>(Op<V>()(wide.v[0], last));
  if (i < n) {
    T lanes[V::size];
    load_partial(i, n - i).store(lanes);
    for (size_t j = 0; i + j < n; ++j) result = Op<Lane<T>>()(Lane<T>(result), Lane<T>(lanes[j])).v;
  }
  return result;
}

template <class V>
struct Add {
  static V identity() { return V(0); }
  V operator()(V a, V b) const { return a + b; }
};
// The largest element of what is about to be shifted by it and exponentiated. A NaN may be lost here: e^(x - top)
// brings it back.
template <class V>
struct Top {
  static V identity() { return V(-static_cast<typename V::Elem>(INFINITY)); }
  V operator()(V a, V b) const { return max(a, b); }
};
// Folds f(at) over n elements, at being a place as in run.h; the result is in every lane.
template <template <class> class Op, class V, class F>
FLAMBEAU_INLINE V fold(size_t n, const F f) {
  return V(fold_row<Op, V>(
      n, [&](size_t i) { return f(Whole<V>{i}); }, [&](size_t i, size_t count) { return f(Part<V>{i, count}); }));
}

// Folds n strips; load(k) gives the k-th.
template <template <class> class Op, class V, int W, class Load>
FLAMBEAU_INLINE Strip<V, W> fold_strips(size_t n, const Load load) {
  constexpr size_t kBlock = 16;
  const Fold<Op> fold;
  Cascade<Strip<V, W>, Fold<Op>> cascade;
  size_t k = 0;
  for (; k + kBlock <= n; k += kBlock) {
    Strip<V, W> block = load(k);
    for (size_t r = 1; r < kBlock; ++r) block = fold(block, load(k + r));
    cascade.push(block);
  }
  Strip<V, W> rest;
  for (int j = 0; j < W; ++j) rest.v[j] = Op<V>::identity();
  for (; k < n; ++k) rest = fold(rest, load(k));
  return cascade.finish(rest);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
