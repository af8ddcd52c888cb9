// Winograd's minimal filtering: Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (arXiv:1509.09308),
// F(2×2, 3×3), F(4×4, 3×3) and F(3×3, 4×4); and, at stride 2, kernels of 3×3 and 4×4 by F(2, 2) for the taps that are
// two apart: 25 and 36 products for 2×2 outputs. Patches of six by six are evaluated at 0, ±√½, ±√2 and ∞, which errs a
// third as much as 0, ±1, ±2 and ∞ would. Transforms run down the columns of the image first, whose elements are
// vectors as they lie; then along the rows, where a vector holds one element of each of as many tiles.
#include "conv.h"
#include "fill.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

using V = Lanes<float>;
constexpr int kLanes = V::size;

constexpr float kA = 0.70710678118654752f, kB = 1.41421356237309505f;  // √½ and √2
constexpr float kA3 = 0.35355339059327376f, kB3 = 2.82842712474619010f;

// At stride 2 the transforms differ.
struct Plain {};
struct Strided {};

FLAMBEAU_INLINE V minus(V a, V b) { return fma(V(-1.0f), b, a); }

// t = Bᵀ d: a patch of the image along one axis.
FLAMBEAU_INLINE void transform_input(Plain, const V (&d)[4], V (&t)[4]) {
  t[0] = minus(d[0], d[2]);
  t[1] = d[1] + d[2];
  t[2] = minus(d[2], d[1]);
  t[3] = minus(d[1], d[3]);
}
FLAMBEAU_INLINE void transform_input(Plain, const V (&d)[6], V (&t)[6]) {
  t[0] = fma(V(-2.5f), d[2], d[0] + d[4]);
  const V even = fma(V(-2.0f), d[2], d[4]), odd = fma(V(-2.0f), d[1], d[3]);
  t[1] = fma(V(kA), odd, even);
  t[2] = fma(V(-kA), odd, even);
  const V even2 = fma(V(-0.5f), d[2], d[4]), odd2 = fma(V(-0.5f), d[1], d[3]);
  t[3] = fma(V(kB), odd2, even2);
  t[4] = fma(V(-kB), odd2, even2);
  t[5] = fma(V(-2.5f), d[3], d[1] + d[5]);
}

FLAMBEAU_INLINE void transform_input(Strided, const V (&d)[3], V (&t)[3]) {
  t[0] = minus(d[0], d[1]);
  t[1] = d[1];
  t[2] = minus(d[2], d[1]);
}
// At stride 2 elements 0, 2 and 4 meet the outer taps, as in F(2, 2); 1 and 3 only the middle one.
FLAMBEAU_INLINE void transform_input(Strided, const V (&d)[5], V (&t)[5]) {
  t[0] = minus(d[0], d[2]);
  t[1] = d[1];
  t[2] = d[2];
  t[3] = d[3];
  t[4] = minus(d[4], d[2]);
}
// With four taps both do as 0, 2 and 4: first the even ones, then the odd.
FLAMBEAU_INLINE void transform_input(Strided, const V (&d)[6], V (&t)[6]) {
  t[0] = minus(d[0], d[2]);
  t[1] = d[2];
  t[2] = minus(d[4], d[2]);
  t[3] = minus(d[3], d[1]);
  t[4] = d[3];
  t[5] = minus(d[5], d[3]);
}
// Of the gradient by the input, where outputs of either kind share a difference.
FLAMBEAU_INLINE void transform_input(Strided, const V (&d)[4], V (&t)[5]) {
  t[0] = minus(d[0], d[1]);
  t[1] = d[1];
  t[2] = minus(d[2], d[1]);
  t[3] = d[2];
  t[4] = minus(d[3], d[2]);
}

// u = G w: the taps of one axis.
FLAMBEAU_INLINE void transform_filter(Plain, const V (&w)[3], V (&u)[4]) {
  u[0] = w[0];
  const V even = fma(V(0.5f), w[2], fma(V(0.5f), w[0], V(0.0f)));
  u[1] = fma(V(0.5f), w[1], even);
  u[2] = fma(V(-0.5f), w[1], even);
  u[3] = w[2];
}
FLAMBEAU_INLINE void transform_filter(Plain, const V (&w)[3], V (&u)[6]) {
  constexpr float kTwoThirds = 0.66666666666666667f, kThird = 0.33333333333333333f, kSixth = 0.16666666666666667f;
  constexpr float kOddA = kA * kTwoThirds, kOddB = kB * kSixth;
  u[0] = w[0];
  const V even = fma(V(-kThird), w[2], fma(V(-kTwoThirds), w[0], V(0.0f)));
  u[1] = fma(V(-kOddA), w[1], even);
  u[2] = fma(V(kOddA), w[1], even);
  const V even2 = fma(V(kThird), w[2], fma(V(kSixth), w[0], V(0.0f)));
  u[3] = fma(V(kOddB), w[1], even2);
  u[4] = fma(V(-kOddB), w[1], even2);
  u[5] = w[2];
}

FLAMBEAU_INLINE void transform_filter(Strided, const V (&w)[3], V (&u)[5]) {
  u[0] = w[0];
  u[1] = w[1];
  u[2] = w[0] + w[2];
  u[3] = w[1];
  u[4] = w[2];
}
FLAMBEAU_INLINE void transform_filter(Strided, const V (&w)[4], V (&u)[6]) {
  u[0] = w[0];
  u[1] = w[0] + w[2];
  u[2] = w[2];
  u[3] = fma(V(-1.0f), w[1], V(0.0f));
  u[4] = w[1] + w[3];
  u[5] = w[3];
}
FLAMBEAU_INLINE void transform_filter(Plain, const V (&w)[4], V (&u)[6]) {
  constexpr float kTwoThirds = 0.66666666666666667f, kThird = 0.33333333333333333f, kSixth = 0.16666666666666667f;
  u[0] = w[0];
  const V even = fma(V(-kThird), w[2], fma(V(-kTwoThirds), w[0], V(0.0f)));
  const V odd = fma(V(-kA3 * kTwoThirds), w[3], fma(V(-kA * kTwoThirds), w[1], V(0.0f)));
  u[1] = even + odd;
  u[2] = minus(even, odd);
  const V even2 = fma(V(kThird), w[2], fma(V(kSixth), w[0], V(0.0f)));
  const V odd2 = fma(V(kB3 * kSixth), w[3], fma(V(kB * kSixth), w[1], V(0.0f)));
  u[3] = even2 + odd2;
  u[4] = minus(even2, odd2);
  u[5] = w[3];
}

// y = Aᵀ m: the outputs of one axis.
FLAMBEAU_INLINE void transform_output(Strided, const V (&m)[3], V (&y)[2]) {
  y[0] = m[0] + m[1];
  y[1] = m[1] + m[2];
}
FLAMBEAU_INLINE void transform_output(Strided, const V (&m)[5], V (&y)[4]) {
  y[0] = m[1] + m[3];
  y[1] = m[0] + m[2];
  y[2] = m[3];
  y[3] = m[2] + m[4];
}
FLAMBEAU_INLINE void transform_output(Strided, const V (&m)[6], V (&y)[4]) {
  y[0] = m[0] + m[1];
  y[1] = m[3] + m[4];
  y[2] = m[1] + m[2];
  y[3] = m[4] + m[5];
}
FLAMBEAU_INLINE void transform_output(Plain, const V (&m)[4], V (&y)[2]) {
  y[0] = m[0] + m[1] + m[2];
  y[1] = minus(minus(m[1], m[2]), m[3]);
}
FLAMBEAU_INLINE void transform_output(Plain, const V (&m)[6], V (&y)[4]) {
  const V sum = m[1] + m[2], difference = minus(m[1], m[2]);
  const V sum2 = m[3] + m[4], difference2 = minus(m[3], m[4]);
  y[0] = m[0] + sum + sum2;
  y[1] = fma(V(kB), difference2, fma(V(kA), difference, V(0.0f)));
  y[2] = fma(V(2.0f), sum2, fma(V(0.5f), sum, V(0.0f)));
  y[3] = fma(V(kB3), difference2, fma(V(kA3), difference, m[5]));
}

FLAMBEAU_INLINE void transform_output(Plain, const V (&m)[6], V (&y)[3]) {
  const V sum = m[1] + m[2], difference = minus(m[1], m[2]);
  const V sum2 = m[3] + m[4], difference2 = minus(m[3], m[4]);
  y[0] = m[0] + sum + sum2;
  y[1] = fma(V(kB), difference2, fma(V(kA), difference, V(0.0f)));
  y[2] = fma(V(2.0f), sum2, fma(V(0.5f), sum, m[5]));
}

// Elements i, kTile + i, 2 kTile + i, … of src in d[i]: one of each of kLanes tiles, whose patches overlap.
template <int kTile, int kSize>
FLAMBEAU_INLINE void deinterleave(const float* src, V (&d)[kSize]) {
#if defined(__AVX512F__)
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  const auto pick = [](V a, __m512i index, V b) { return V(_mm512_permutex2var_ps(a.v, index, b.v)); };
  const V a = V::load(src), b = V::load(src + 16);
  if constexpr (kTile == 2) {
    d[0] = pick(a, even, b);
    d[1] = pick(a, odd, b);
  } else if constexpr (kTile == 3) {
    // Lanes below 11 (or 10, for i = 2) come from the first two vectors, the rest from the third.
    const V c = V::load(src + 32);
    const __m512i from_ab = _mm512_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    const __m512i from_c = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    const __m512i last_c = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    const __m512i one = _mm512_set1_epi32(1);
    d[0] = pick(pick(a, from_ab, b), from_c, c);
    d[1] = pick(pick(a, _mm512_add_epi32(from_ab, one), b), _mm512_mask_add_epi32(from_c, 0xF800, from_c, one), c);
    d[2] = pick(pick(a, _mm512_add_epi32(from_ab, _mm512_set1_epi32(2)), b), last_c, c);
  } else {
    const V c = V::load(src + 32), e = V::load(src + 48);
    const V ab_even = pick(a, even, b), ab_odd = pick(a, odd, b), ce_even = pick(c, even, e), ce_odd = pick(c, odd, e);
    d[0] = pick(ab_even, even, ce_even);
    d[1] = pick(ab_odd, even, ce_odd);
    d[2] = pick(ab_even, odd, ce_even);
    d[3] = pick(ab_odd, odd, ce_odd);
  }
  // The last ones are the first of the next tile.
  for (int i = 0; i < kSize - kTile; ++i) {
    const __m512i next = _mm512_castps_si512(V(src[kTile * 16 + i]).v);
    d[kTile + i] = V(_mm512_castsi512_ps(_mm512_alignr_epi32(next, _mm512_castps_si512(d[i].v), 1)));
  }
#else
  for (int i = 0; i < kSize; ++i) {
    float lanes[kLanes];
    for (int t = 0; t < kLanes; ++t) lanes[t] = src[kTile * t + i];
    d[i] = V::load(lanes);
  }
#endif
}

// The reverse: element i of each tile from y[i].
template <int kTile>
FLAMBEAU_INLINE void interleave(const V (&y)[kTile], float* dst) {
#if defined(__AVX512F__)
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
  const auto zip = [](V a, __m512i index, V b) { return V(_mm512_permutex2var_ps(a.v, index, b.v)); };
  if constexpr (kTile == 2) {
    zip(y[0], low, y[1]).store(dst);
    zip(y[0], high, y[1]).store(dst + 16);
  } else if constexpr (kTile == 3) {
    // Element e is tile e / 3's output e % 3: first those of outputs 0 and 1, then those of 2 among them.
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i pair0 = _mm512_setr_epi32(0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
    const __m512i pair1 = _mm512_setr_epi32(21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
    const __m512i pair2 = _mm512_setr_epi32(0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
    const __m512i third0 = _mm512_setr_epi32(0, 0, 16, 0, 0, 17, 0, 0, 18, 0, 0, 19, 0, 0, 20, 0);
    const __m512i third1 = _mm512_setr_epi32(0, 21, 0, 0, 22, 0, 0, 23, 0, 0, 24, 0, 0, 25, 0, 0);
    const __m512i third2 = _mm512_setr_epi32(26, 0, 0, 27, 0, 0, 28, 0, 0, 29, 0, 0, 30, 0, 0, 31);
    const auto merge = [&](__m512i pair, __m512i third, __mmask16 of_third) {
      return zip(zip(y[0], pair, y[1]), _mm512_mask_mov_epi32(lanes, of_third, third), y[2]);
    };
    merge(pair0, third0, 0x4924).store(dst);
    merge(pair1, third1, 0x2492).store(dst + 16);
    merge(pair2, third2, 0x9249).store(dst + 32);
  } else {
    const V even_low = zip(y[0], low, y[2]), even_high = zip(y[0], high, y[2]);
    const V odd_low = zip(y[1], low, y[3]), odd_high = zip(y[1], high, y[3]);
    zip(even_low, low, odd_low).store(dst);
    zip(even_low, high, odd_low).store(dst + 16);
    zip(even_high, low, odd_high).store(dst + 32);
    zip(even_high, high, odd_high).store(dst + 48);
  }
#else
  for (int i = 0; i < kTile; ++i) {
    float lanes[kLanes];
    y[i].store(lanes);
    for (int t = 0; t < kLanes; ++t) dst[kTile * t + i] = lanes[t];
  }
#endif
}

// Of the image where patches overlap; else of a tile of the outputs' gradient, which takes the part of the filter.
template <class Stride, int kStep, int kIn, int kOut>
FLAMBEAU_INLINE void transform_patch(const V (&d)[kIn], V (&t)[kOut]) {
  if constexpr (kStep < kIn) transform_input(Stride(), d, t);
  else transform_filter(Stride(), d, t);
}

FLAMBEAU_INLINE void store_some(V x, float* to, int64_t n) {
  if (n == kLanes) x.store(to);
  else x.store_partial(to, static_cast<size_t>(n));
}
FLAMBEAU_INLINE V load_some(const float* from, int64_t n) {
  return n >= kLanes ? V::load(from) : V::load_partial(from, static_cast<size_t>(n));
}

// Which lanes of a vector are columns [begin, end).
#if defined(__AVX512F__)
struct Inside {
  __mmask16 lanes;
  FLAMBEAU_INLINE Inside(int64_t begin, int64_t end) : lanes(static_cast<__mmask16>(below(end) & ~below(begin))) {}
  FLAMBEAU_INLINE V load(const float* from) const { return V(_mm512_maskz_loadu_ps(lanes, from)); }

 private:
  static FLAMBEAU_INLINE uint32_t below(int64_t n) { return n <= 0 ? 0 : n >= kLanes ? 0xffff : (1u << n) - 1; }
};
#else
struct Inside {
  int64_t end;
  FLAMBEAU_INLINE Inside(int64_t, int64_t columns) : end(columns) {}
  FLAMBEAU_INLINE V load(const float* from) const { return load_some(from, end); }
};
#endif

// Patches of kIn × kIn, kStep apart, as kOut × kOut places each.
template <class Stride, int kStep, int kIn, int kOut>
void transform_patches(const float* image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t tiles,
                       float* out, int64_t out_stride) {
  constexpr int kOverlap = kIn - kStep;
  constexpr int kColumns = (kStep * kLanes + kOverlap + kLanes - 1) / kLanes * kLanes;
  static constexpr float kNothing[kColumns] = {};
  const int64_t columns = kStep * tiles + kOverlap;
  int64_t begin = x < 0 ? (-x < columns ? -x : columns) : 0;
  const int64_t stop = width - x < columns ? width - x : columns;
  int64_t end = stop < begin ? begin : stop;
  alignas(64) float middle[kOut][kColumns];
  const float* row[kIn];
  for (int i = 0; i < kIn; ++i) {
    const int64_t from = y + i;
    row[i] = from >= 0 && from < height ? image + from * width + x : kNothing;
  }
#if !defined(__AVX512F__)
  // Columns outside of the image are not there to be read.
  alignas(64) float edge[kIn][kColumns];
  if (begin > 0 || end < columns) {
    for (int i = 0; i < kIn; ++i) {
      if (row[i] == kNothing) continue;
      memset(edge[i], 0, static_cast<size_t>(columns) * sizeof(float));
      for (int64_t j = begin; j < end; j += kLanes)
        store_some(load_some(row[i] + j, end - j), edge[i] + j, end - j < kLanes ? end - j : kLanes);
      row[i] = edge[i];
    }
    begin = 0, end = columns;
  }
#endif
  for (int64_t j = 0; j < columns; j += kLanes) {
    const Inside inside(begin - j, end - j);
    V d[kIn], t[kOut];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kIn; ++i) d[i] = inside.load(row[i] + j);
    transform_patch<Stride, kStep>(d, t);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kOut; ++i) t[i].store(middle[i] + j);
  }
  // Lanes of no tile are computed as well, and what the stack held there is often subnormal: Intel's CPUs take a
  // hundred cycles for an operation on such a lane.
  for (int64_t j = (columns + kLanes - 1) / kLanes * kLanes; j < kColumns; j += kLanes) {
    for (int i = 0; i < kOut; ++i) V(0.0f).store(middle[i] + j);
  }
  for (int i = 0; i < kOut; ++i) {
    V d[kIn], t[kOut];
    deinterleave<kStep, kIn>(middle[i], d);
    transform_patch<Stride, kStep>(d, t);
    FLAMBEAU_UNROLL
    for (int j = 0; j < kOut; ++j, out += out_stride) store_some(t[j], out, tiles);
  }
}

template <class Stride, int kTile, int kSize>
bool winograd_output(const float* m, int64_t m_stride, int64_t tiles, float bias, float* out, int64_t out_width,
                     int64_t y_begin, int64_t x_begin, int64_t rows, int64_t columns) {
  V middle[kTile][kSize];
  FLAMBEAU_UNROLL
  for (int j = 0; j < kSize; ++j) {
    V d[kSize], y[kTile];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kSize; ++i) d[i] = load_some(m + (i * kSize + j) * m_stride, tiles);
    transform_output(Stride(), d, y);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kTile; ++i) middle[i][j] = y[i];
  }
  const V plus(bias), zero(0.0f);
  V finite(0.0f);
  FLAMBEAU_UNROLL
  for (int i = 0; i < kTile; ++i) {
    if (i < y_begin) continue;
    if (i >= rows) break;
    float* const to = out + (i - y_begin) * out_width;
    V y[kTile];
    transform_output(Stride(), middle[i], y);
    FLAMBEAU_UNROLL
    for (int j = 0; j < kTile; ++j) {
      finite = fma(y[j], zero, finite);
      y[j] = y[j] + plus;
    }
    if (x_begin == 0 && columns == kTile * kLanes) {
      interleave<kTile>(y, to);
      continue;
    }
    alignas(64) float line[kTile * kLanes];
    interleave<kTile>(y, line);
    for (int64_t j = x_begin; j < columns; j += kLanes) {
      store_some(load_some(line + j, columns - j), to + j - x_begin, columns - j < kLanes ? columns - j : kLanes);
    }
  }
  float lanes[kLanes];
  finite.store(lanes);
  float sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lanes[i];
  return sum == 0;
}

// m filters of each channel into panels [channels][mr].
template <class Stride, int kTaps, int kSize>
void winograd_filter(const float* weights, int64_t row_stride, int64_t channel_stride, bool flipped, int64_t m,
                     int64_t mr, int64_t channels, float* out, int64_t out_stride) {
  constexpr int kAll = kTaps * kTaps;
  constexpr int kMost = 64;  // mr is less
  for (int64_t c = 0; c < channels; ++c, weights += channel_stride, out += mr) {
    float taps[kAll][kMost];
    memset(taps, 0, sizeof taps);
    for (int64_t i = 0; i < m; ++i) {
      for (int t = 0; t < kAll; ++t) taps[t][i] = weights[i * row_stride + (flipped ? kAll - 1 - t : t)];
    }
    for (int64_t i = 0; i < mr; i += kLanes) {
      V middle[kSize][kTaps];
      FLAMBEAU_UNROLL
      for (int j = 0; j < kTaps; ++j) {
        V w[kTaps], u[kSize];
        FLAMBEAU_UNROLL
        for (int k = 0; k < kTaps; ++k) w[k] = V::load(taps[k * kTaps + j] + i);
        transform_filter(Stride(), w, u);
        FLAMBEAU_UNROLL
        for (int k = 0; k < kSize; ++k) middle[k][j] = u[k];
      }
      float* to = out + i;
      const int64_t lanes = mr - i < kLanes ? mr - i : kLanes;
      for (int k = 0; k < kSize; ++k) {
        V u[kSize];
        transform_filter(Stride(), middle[k], u);
        FLAMBEAU_UNROLL
        for (int j = 0; j < kSize; ++j, to += out_stride) store_some(u[j], to, lanes);
      }
    }
  }
}

void winograd_weights(const float* m, int64_t m_stride, int64_t n, float* out) {
  V middle[3][6];
  FLAMBEAU_UNROLL
  for (int j = 0; j < 6; ++j) {
    V d[6], y[3];
    FLAMBEAU_UNROLL
    for (int i = 0; i < 6; ++i) d[i] = load_some(m + (i * 6 + j) * m_stride, n);
    transform_output(Plain(), d, y);
    FLAMBEAU_UNROLL
    for (int i = 0; i < 3; ++i) middle[i][j] = y[i];
  }
  for (int i = 0; i < 3; ++i) {
    V y[3];
    transform_output(Plain(), middle[i], y);
    for (int j = 0; j < 3; ++j) {
      float lanes[kLanes];
      y[j].store(lanes);
      for (int64_t c = 0; c < n; ++c) out[c * 9 + i * 3 + j] = lanes[c];
    }
  }
}

template <int kTile, int kTaps>
WinogradKernel winograd_kernel() {
  constexpr int kSize = kTile + kTaps - 1;
  return {kTile,
          kTaps,
          kLanes,
          kTile,
          kSize,
          kSize,
          kSize,
          {0, 1, 2, 3, 4, 5},
          {0, 1, 2, 3, 4, 5},
          transform_patches<Plain, kTile, kSize, kSize>,
          winograd_output<Plain, kTile, kSize>,
          kTile == 3 ? transform_patches<Plain, kTaps, kTaps, kSize> : nullptr,
          kTile == 3 ? winograd_weights : nullptr,
          winograd_filter<Plain, kTaps, kSize>};
}

// At stride 2 patches of kIn × kIn. The gradient by the input has the same products, operands and sums exchanged.
template <int kTile, int kTaps, int kIn, int kImageSide, int kSumSide>
WinogradKernel strided_kernel(const int8_t (&image_place)[6], const int8_t (&sum_place)[6]) {
  constexpr int kStep = 8 / kTile, kSide = kTaps + 2;
  WinogradKernel kernel{kTile,
                        kTaps,
                        kLanes,
                        kStep,
                        kSide,
                        kImageSide,
                        kSumSide,
                        {},
                        {},
                        transform_patches<Strided, kStep, kIn, kImageSide>,
                        winograd_output<Strided, kTile, kSumSide>,
                        nullptr,
                        nullptr,
                        winograd_filter<Strided, kTaps, kSide>};
  memcpy(kernel.image_place, image_place, sizeof image_place);
  memcpy(kernel.sum_place, sum_place, sizeof sum_place);
  return kernel;
}

}  // namespace

void fill_winograd(WinogradTable& table) {
  table.winograd[0] = winograd_kernel<2, 3>();
  table.winograd[1] = winograd_kernel<4, 3>();
  table.winograd[2] = winograd_kernel<3, 4>();
  table.winograd[3] = strided_kernel<2, 3, 5, 5, 3>({0, 1, 2, 3, 4}, {0, 0, 1, 2, 2});
  table.winograd[4] = strided_kernel<4, 3, 3, 3, 5>({0, 0, 1, 1, 2}, {0, 1, 2, 3, 4});
  table.winograd[5] = strided_kernel<2, 4, 6, 6, 3>({0, 1, 2, 3, 4, 5}, {0, 1, 2, 0, 1, 2});
  table.winograd[6] = strided_kernel<4, 4, 4, 5, 6>({0, 1, 2, 2, 3, 4}, {0, 1, 2, 3, 4, 5});
}

}  // namespace flambeau::FLAMBEAU_ISA
