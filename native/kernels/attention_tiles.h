// The register tiles of attention.cpp, their operands' layouts and the products made of them.
#pragma once

#include "attention.h"
#include "fill.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr int kRows = kMr, kCols = kVectors;
template <class T>
constexpr int64_t kLanes = kNr<T>;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// c[i, lane] = or += the sum over p of a[p * a_step + i * kStride] * b[p * b_step + lane].
template <class T, int kCount, int64_t kStride>
FLAMBEAU_NOINLINE void tile(int64_t k, const T* a, int64_t a_step, const T* b, int64_t b_step, T* c, int64_t c_step,
                            bool accumulate) {
  using V = Lanes<T>;
  constexpr int kSize = V::size;
  V acc[kCount][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kCount; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v] = accumulate ? V::load(c + i * c_step + v * kSize) : V(T(0));
  }
  const auto step = [&] {
    V row[kCols];
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) row[v] = V::load(b + v * kSize);
    add_products<kStride>(a, row, acc);
    a += a_step, b += b_step;
  };
  if constexpr (kStride == 1) {
    FLAMBEAU_UNROLL_TWICE
    for (int64_t p = 0; p < k; ++p) step();
  } else {  // of two such steps in a loop GCC keeps the accumulators in memory
    for (int64_t p = 0; p < k; ++p) step();
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kCount; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v].store(c + i * c_step + v * kSize);
  }
}

// As tile for `rows` <= kRows of them, rounded up to an even number: a and c must have that row too.
template <class T, int64_t kStride, int kCount = kRows>
FLAMBEAU_INLINE void tile_of(int64_t rows, int64_t k, const T* a, int64_t a_step, const T* b, int64_t b_step, T* c,
                             int64_t c_step, bool accumulate) {
  if constexpr (kCount > 2) {
    if (rows <= kCount - 2)
      return tile_of<T, kStride, kCount - 2>(rows, k, a, a_step, b, b_step, c, c_step, accumulate);
  }
  tile<T, kCount, kStride>(k, a, a_step, b, b_step, c, c_step, accumulate);
}

#if defined(__AVX512F__)
// transpose for kCount rows of at least a vector; the last block moves back to end with them.
template <int kCount, class T>
void transpose_lanes(const T* src, int64_t src_stride, int64_t cols, T* dst, int64_t dst_stride) {
  constexpr int64_t kSize = Lanes<T>::size;
  for (int64_t j = 0; j < cols; j += kSize) {
    if (j > cols - kSize) j = cols - kSize;
    transpose_block(src + j, src_stride, kCount, kCount, dst + j * dst_stride, dst_stride);
  }
}
#endif

// dst[j * dst_stride + i] = src[i * src_stride + j], i < rows, j < cols.
template <class T>
void transpose(const T* src, int64_t src_stride, int64_t rows, int64_t cols, T* dst, int64_t dst_stride) {
#if defined(__AVX512F__)
  constexpr int kSize = static_cast<int>(Lanes<T>::size), kRest = kRows % kSize;
  for (; cols >= kSize && rows >= kSize; rows -= kSize, src += kSize * src_stride, dst += kSize) {
    transpose_lanes<kSize>(src, src_stride, cols, dst, dst_stride);
  }
  if (cols >= kSize && rows == kRest) return transpose_lanes<kRest>(src, src_stride, cols, dst, dst_stride);
#endif
  constexpr int64_t kBlock = sizeof(T) == 4 ? 4 : 2;
  const int64_t whole_rows = rows / kBlock * kBlock, whole_cols = cols / kBlock * kBlock;
  for (int64_t j = 0; j < whole_cols; j += kBlock) {
    for (int64_t i = 0; i < whole_rows; i += kBlock) {
      const T* const from = src + i * src_stride + j;
      T* const to = dst + j * dst_stride + i;
      if constexpr (kBlock == 4) transpose_4x4(from, src_stride, to, dst_stride);
      else transpose_2x2(from, src_stride, to, dst_stride);
    }
  }
  for (int64_t j = 0; j < cols; ++j) {
    for (int64_t i = j < whole_cols ? whole_rows : 0; i < rows; ++i) dst[j * dst_stride + i] = src[i * src_stride + j];
  }
}

template <class T>
void fill(T* x, int64_t n, T value) {
  for (int64_t i = 0; i < n; ++i) x[i] = value;
}

// Columns of a matrix [rows, cols] as the panels that tile reads as `a`: [rows / kRows][cols][kRows], zero padded.
template <class T>
void pack_panels(const T* src, int64_t stride, int64_t rows, int64_t cols, T* panels) {
  for (int64_t i = 0; i < rows; i += kRows, src += kRows * stride, panels += kRows * cols) {
    const int64_t count = rows - i < kRows ? rows - i : kRows;
    if (count < kRows) fill(panels, kRows * cols, T(0));
    transpose(src, stride, count, cols, panels, static_cast<int64_t>(kRows));
  }
}

// A matrix [rows, cols] whose rows tile may read two at a time: itself where it is dense and even, else a padded copy.
template <class T>
struct Rows {
  const T* data;
  int64_t stride;
  Rows(const T* src, int64_t src_stride, int64_t rows, int64_t cols, T* room) : data(src), stride(src_stride) {
    if (src_stride == cols && cols % 2 == 0) return;
    data = room;
    stride = round_up(cols, 2);
    for (int64_t i = 0; i < rows; ++i) {
      memcpy(room + i * stride, src + i * src_stride, static_cast<size_t>(cols) * sizeof(T));
      if (stride > cols) room[i * stride + cols] = 0;
    }
  }
  static int64_t room(int64_t rows, int64_t cols) { return rows * round_up(cols, 2); }
};

// Hands out parts of a scratch buffer, each on a cache line of its own; with no buffer it only counts.
template <class T>
struct Arena {
  T* base;
  int64_t used = 0;
  T* take(int64_t n) {
    T* const part = base ? base + used : nullptr;
    used += round_up(n, 64 / static_cast<int64_t>(sizeof(T)));
    return part;
  }
};

// A block of up to kLanes rows of a matrix [.., cols], transposed to [cols][kLanes] and zero padded, times `scale`.
template <class T>
void load_lanes(const T* src, int64_t stride, int64_t count, int64_t cols, T scale, T* dst) {
  using V = Vec<T>;
  constexpr int64_t kWidth = kLanes<T>;
  if (count < kWidth) fill(dst, cols * kWidth, T(0));
  transpose(src, stride, count, cols, dst, kWidth);
  if (scale == T(1)) return;
  const V factor(scale);
  for (int64_t i = 0; i < cols * kWidth; i += V::size) (V::load(dst + i) * factor).store(dst + i);
}

// The scores of keys j .. j + n with a block of queries: [n][kLanes].
template <class T>
void multiply_panels(const T* panels, int64_t depth, int64_t j, int64_t n, const T* lanes, T* scores) {
  for (int64_t r = 0; r < n; r += kRows) {
    tile_of<T, 1>(n - r < kRows ? n - r : kRows, depth, panels + (j + r) * depth, kRows, lanes, kLanes<T>,
                  scores + r * kLanes<T>, kLanes<T>, false);
  }
}

// sums[c, lane] += the sum over n keys of rows[key, c] * weights[key, lane].
template <class T>
void add_weighted(const T* rows, int64_t stride, int64_t cols, const T* weights, int64_t n, T* sums, bool accumulate) {
  for (int64_t c = 0; c < cols; c += kRows) {
    tile_of<T, 1>(cols - c < kRows ? cols - c : kRows, n, rows + c, stride, weights, kLanes<T>, sums + c * kLanes<T>,
                  kLanes<T>, accumulate);
  }
}

// sums[key, c] += the sum over the queries of weights[key, query] * rows[query, c]; cols is a multiple of kLanes.
template <class T>
void add_transposed(const T* weights, int64_t n, const T* rows, int64_t queries, int64_t cols, T* sums) {
  for (int64_t r = 0; r < n; r += kRows) {
    for (int64_t c = 0; c < cols; c += kLanes<T>) {
      tile_of<T, kLanes<T>>(n - r < kRows ? n - r : kRows, queries, weights + r * kLanes<T>, 1, rows + c, cols,
                            sums + r * cols + c, cols, true);
    }
  }
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
