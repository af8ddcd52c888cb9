// The matrix kernels of bfloat16, for CPUs with AVX512_BF16 (elsewhere bf16 is multiplied as f32). vdpbf16ps adds the
// two products of a word to a float lane in one step; it takes subnormal operands for zero and flushes subnormal sums,
// and rounds to nearest even whatever MXCSR says.
#include "bfloat16.h"
#include "gemm_tiles.h"

namespace flambeau::FLAMBEAU_ISA {

#if defined(__AVX512BF16__)
namespace {

struct Bf16Dot {
  using Sum = float;
  using Sums = __m512;
  using Words = __m512i;
  static FLAMBEAU_INLINE Sums zero() { return _mm512_setzero_ps(); }
  static FLAMBEAU_INLINE Words load(const void* p) { return _mm512_loadu_si512(p); }
  static FLAMBEAU_INLINE Words broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static FLAMBEAU_INLINE Sums dot(Sums sum, Words a, Words b) {
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b));
  }
  static FLAMBEAU_INLINE void store(float* p, Sums sums) { _mm512_storeu_ps(p, sums); }
};

// Panels where lanes are neighbours in memory: two steps of 16 lanes are interleaved at a time.
template <int kWidth>
void pack_interleaved(const uint16_t* src, int64_t step_stride, int64_t lanes, int64_t k, uint32_t* dst) {
  const int64_t words = words_of<uint16_t>(k);
  for (int64_t first = 0; first < lanes; first += kWidth) {
    for (int64_t p = 0; p < words; ++p, dst += kWidth) {
      const uint16_t* const from = src + first + 2 * p * step_stride;
      for (int64_t group = 0; group < kWidth; group += 16) {
        const int64_t left = lanes - first - group, width = kWidth - group < 16 ? kWidth - group : 16;
        const auto lane_mask = static_cast<__mmask16>(left >= 16 ? 0xffffu : left <= 0 ? 0 : (1u << left) - 1);
        const auto low_mask = static_cast<__mmask16>(2 * p < k ? lane_mask : 0);
        const __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(low_mask, from + group));
        const auto high_mask = static_cast<__mmask16>(2 * p + 1 < k ? lane_mask : 0);
        const __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(high_mask, from + group + step_stride));
        _mm512_mask_storeu_epi32(dst + group, static_cast<__mmask16>((1u << width) - 1),
                                 _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
      }
    }
  }
}

template <int kWidth>
void pack(const void* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels) {
  auto* const to = static_cast<uint32_t*>(panels);
  const auto* const from = static_cast<const uint16_t*>(src);
  if (step_stride == 1) {
    pack_bytes<kWidth>(static_cast<const char*>(src), 2 * lane_stride, lanes, 2 * k, to);
  } else if (lane_stride == 1) {
    pack_interleaved<kWidth>(from, step_stride, lanes, k, to);
  } else {
    pack_words<uint16_t, uint16_t, kWidth>(from, lane_stride, step_stride, lanes, k, to);
  }
}

// Sums in f32 become C: bias, activation, and the one rounding.
void finish(float* sums, int64_t sums_stride, int64_t j, int64_t m, int64_t n, const WordEpilogue& epilogue,
            uint16_t* c, int64_t ldc) {
  if (epilogue.bias || epilogue.activation != Activation::none) {
    finish_tile(Epilogue{epilogue.bias ? epilogue.bias + j : nullptr, epilogue.activation}, sums, sums_stride, m, n);
  }
  for (int64_t i = 0; i < m; ++i, sums += sums_stride, c += ldc) {
    for (int64_t s = 0; s < n; s += 16) {
      const auto mask = static_cast<__mmask16>(n - s >= 16 ? 0xffffu : (1u << (n - s)) - 1);
      const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, sums + s));
      _mm256_mask_storeu_epi16(c + s, mask, __builtin_bit_cast(__m256i, rounded));
    }
  }
}

#if defined(__AMX_BF16__)
struct Bf16Tiles {
  using Sum = float;
  static FLAMBEAU_INLINE void upper_left() { _tile_dpbf16ps(0, 4, 6); }
  static FLAMBEAU_INLINE void upper_right() { _tile_dpbf16ps(1, 4, 7); }
  static FLAMBEAU_INLINE void lower_left() { _tile_dpbf16ps(2, 5, 6); }
  static FLAMBEAU_INLINE void lower_right() { _tile_dpbf16ps(3, 5, 7); }
};

// Panels of A whose rows are not contiguous: 16 rows by 16 words at a time, as a panel of 16 lanes that is then turned.
void pack_turned_tiles(const uint16_t* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k,
                       char* dst) {
  constexpr int64_t kElements = 2 * kTileLanes;
  for (int64_t first = 0; first < lanes; first += kTileMr) {
    for (int64_t p = 0; p < k; p += kElements) {
      for (int64_t group = first; group < first + kTileMr; group += kTileLanes, dst += kTileBytes) {
        alignas(64) uint32_t turned[kTileLanes * kTileLanes];
        const int64_t count = lanes - group < kTileLanes ? lanes - group : kTileLanes;
        const int64_t depth = k - p < kElements ? k - p : kElements;
        if (count > 0) {
          pack<kTileLanes>(src + group * lane_stride + p * step_stride, lane_stride, step_stride, count, depth, turned);
        }
        __m512i rows[kTileLanes];
        FLAMBEAU_UNROLL
        for (int i = 0; i < kTileLanes; ++i) {
          rows[i] = count > 0 ? _mm512_load_si512(turned + i * kTileLanes) : _mm512_setzero_si512();
        }
        transpose_16x16(rows);
        FLAMBEAU_UNROLL
        for (int i = 0; i < kTileLanes; ++i) _mm512_storeu_si512(dst + 64 * i, rows[i]);
      }
    }
  }
}

void pack_a(const void* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels) {
  auto* const to = static_cast<char*>(panels);
  if (step_stride == 1) return pack_tiles(static_cast<const char*>(src), 2 * lane_stride, lanes, 2 * k, to);
  pack_turned_tiles(static_cast<const uint16_t*>(src), lane_stride, step_stride, lanes, k, to);
}

void micro(int64_t words, const void* a, const void* b, const WordPart& part, int64_t j, int64_t m, int64_t n,
           const WordEpilogue& epilogue, void* c, int64_t ldc) {
  tile_part<Bf16Tiles>(words, a, b, m, n, part,
                       [&](float* sums) { finish(sums, kWordNr, j, m, n, epilogue, static_cast<uint16_t*>(c), ldc); });
}
#else
void micro(int64_t words, const void* a, const void* b, const WordPart&, int64_t j, int64_t m, int64_t n,
           const WordEpilogue& epilogue, void* c, int64_t ldc) {
  alignas(64) float sums[kWordMr * kWordNr];
  word_sums<Bf16Dot>(words, a, b, m, n, sums);
  finish(sums, kWordNr, j, m, n, epilogue, static_cast<uint16_t*>(c), ldc);
}
#endif

// kRows × kCols dot products of rows and columns read in place; n < kCols repeats the last column.
template <int kRows, int kCols>
FLAMBEAU_NOINLINE void dots_tile(int64_t k, const uint16_t* a, int64_t a_stride, const uint16_t* b, int64_t b_stride,
                                 int64_t n, float* sums, int64_t sums_stride) {
  const uint16_t* column[kCols];
  FLAMBEAU_UNROLL
  for (int j = 0; j < kCols; ++j) column[j] = b + (j < n ? j : n - 1) * b_stride;
  __m512 acc[kRows][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) acc[i][j] = _mm512_setzero_ps();
  }
  const auto step = [&](int64_t p, auto load) {
    __m512i x[kRows];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) x[i] = load(a + i * a_stride + p);
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) {
      const __m512i y = load(column[j] + p);
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows; ++i) acc[i][j] = Bf16Dot::dot(acc[i][j], x[i], y);
    }
  };
  int64_t p = 0;
  for (; p + 32 <= k; p += 32) step(p, [](const uint16_t* x) { return _mm512_loadu_si512(x); });
  if (const int64_t rest = k - p) {
    const auto mask = static_cast<__mmask32>((1u << rest) - 1);
    step(p, [mask](const uint16_t* x) { return _mm512_maskz_loadu_epi16(mask, x); });
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i, sums += sums_stride) {
    float four[kCols];
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; j += 4) {
      sum4(VecF32(acc[i][j]), VecF32(acc[i][j + 1]), VecF32(acc[i][j + 2]), VecF32(acc[i][j + 3]), four + j);
    }
    memcpy(sums, four, static_cast<size_t>(n < kCols ? n : kCols) * sizeof(float));
  }
}

template <int kRows>
FLAMBEAU_INLINE void dots_rows(int64_t m, int64_t k, const uint16_t* a, int64_t a_stride, const uint16_t* b,
                               int64_t b_stride, int64_t n, float* sums, int64_t sums_stride) {
  for (; m >= kRows; m -= kRows, a += kRows * a_stride, sums += kRows * sums_stride) {
    dots_tile<kRows, kRows == 1 ? 8 : 4>(k, a, a_stride, b, b_stride, n, sums, sums_stride);
  }
  if constexpr (kRows > 1) {
    // One row alone takes more columns at a time, in dots() below.
    if (m > 0) dots_rows<kRows - 1>(m, k, a, a_stride, b, b_stride, n, sums, sums_stride);
  }
}

void dots(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b, int64_t b_col_stride,
          int64_t first_column, const WordEpilogue& epilogue, void* c, int64_t ldc) {
  constexpr int64_t kBlock = 32;
  alignas(64) float sums[kBlock * kBlock];
  const auto* const left = static_cast<const uint16_t*>(a);
  const auto* const right = static_cast<const uint16_t*>(b);
  auto* const out = static_cast<uint16_t*>(c);
  for (int64_t j = 0; j < n; j += kBlock) {
    const int64_t width = n - j < kBlock ? n - j : kBlock;
    for (int64_t i = 0; i < m; i += kBlock) {
      const int64_t height = m - i < kBlock ? m - i : kBlock;
      const uint16_t* const rows = left + i * a_row_stride;
      const int64_t step = height == 1 ? 8 : 4;
      for (int64_t jj = 0; jj < width; jj += step) {
        const uint16_t* const columns = right + (j + jj) * b_col_stride;
        const int64_t count = width - jj < step ? width - jj : step;
        if (height == 1) dots_rows<1>(height, k, rows, a_row_stride, columns, b_col_stride, count, sums + jj, kBlock);
        else dots_rows<4>(height, k, rows, a_row_stride, columns, b_col_stride, count, sums + jj, kBlock);
      }
      finish(sums, kBlock, first_column + j, height, width, epilogue, out + i * ldc + j, ldc);
    }
  }
}

}  // namespace

void fill_gemm_bf16(GemmTable& table) {
  WordKernel kernel = {};
  kernel.nr = kWordNr, kernel.depth = kDepth<uint16_t>, kernel.step = kWordStep;
#if defined(__AMX_BF16__)
  kernel.mr = kTileMr, kernel.most_words = kTileWords, kernel.most_dots = 4;
  kernel.pack_a = pack_a;
#else
  kernel.mr = kWordMr, kernel.most_dots = 32;
  kernel.pack_a = pack<kWordMr>;
#endif
  kernel.pack_b = pack<kWordNr>;
  kernel.micro = micro, kernel.dots = dots;
  table.gemm_bf16 = kernel;
}
#else
void fill_gemm_bf16(GemmTable&) {}
#endif

}  // namespace flambeau::FLAMBEAU_ISA
