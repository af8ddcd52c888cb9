// Matrix products over words of 32 bits, each holding two or four neighbours along k: one multiply-and-add instruction
// sums a word's products into a lane of 32 bits. The register tile is gemm_micro's with words for elements, but a tile
// runs over all of k: panels are half or a quarter as large as float's, and the accumulators need be rounded only once.
#pragma once

#include "fill.h"
#include "gemm.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr int kWordLanes = static_cast<int>(Lanes<float>::size);
constexpr int kWordMr = kWordLanes == 16 ? 14 : kRegisters == 32 || kWordLanes == 8 ? 6 : 4;
constexpr int kWordNr = 2 * kWordLanes;

// A panel's depth is a multiple of so many words.
#if defined(__AMX_TILE__)
constexpr int kWordStep = 16;
#else
constexpr int kWordStep = 1;
#endif

// How many parts a word has, and how many words of a panel hold k elements.
template <class Part>
constexpr int kDepth = 4 / static_cast<int>(sizeof(Part));
template <class Part>
FLAMBEAU_INLINE int64_t words_of(int64_t k) {
  constexpr int kElements = kDepth<Part> * kWordStep;
  return (k + kElements - 1) / kElements * kWordStep;
}

// Panels of kWidth lanes: dst[p * kWidth + lane] holds elements p * depth … of a lane, as Part; zeros beyond the end.
template <class T, class Part, int kWidth>
void pack_words(const T* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, uint32_t* dst) {
  constexpr int kParts = kDepth<Part>;
  const int64_t words = words_of<Part>(k), whole = k / kParts;
  for (int64_t first = 0; first < lanes; first += kWidth, dst += words * kWidth) {
    for (int64_t lane = 0; lane < kWidth; ++lane) {
      const bool exists = first + lane < lanes;
      const T* const from = src + (exists ? first + lane : 0) * lane_stride;
      for (int64_t p = 0; p < words; ++p) {
        Part parts[kParts] = {};
        const int64_t n = !exists ? 0 : p < whole ? kParts : k - p * kParts;
        for (int64_t i = 0; i < n; ++i) parts[i] = static_cast<Part>(0 + from[(p * kParts + i) * step_stride]);
        memcpy(&dst[p * kWidth + lane], parts, 4);
      }
    }
  }
}

#if defined(__AVX512F__) && defined(__AVX512BW__)
// rows[i][j] = rows[j][i], of 16 words each.
FLAMBEAU_INLINE void transpose_16x16(__m512i (&rows)[16]) {
  __m512i pairs[16], quads[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; ++j) {
      quads[i + 2 * j] = _mm512_unpacklo_epi64(pairs[i + j], pairs[i + 2 + j]);
      quads[i + 2 * j + 1] = _mm512_unpackhi_epi64(pairs[i + j], pairs[i + 2 + j]);
    }
  }
  // quads[4 g + c] holds, in its 128-bit part q, column 4 q + c of rows 4 g … 4 g + 3.
  for (int c = 0; c < 4; ++c) {
    const __m512i low02 = _mm512_shuffle_i32x4(quads[c], quads[4 + c], 0x88);
    const __m512i low13 = _mm512_shuffle_i32x4(quads[c], quads[4 + c], 0xdd);
    const __m512i high02 = _mm512_shuffle_i32x4(quads[8 + c], quads[12 + c], 0x88);
    const __m512i high13 = _mm512_shuffle_i32x4(quads[8 + c], quads[12 + c], 0xdd);
    rows[c] = _mm512_shuffle_i32x4(low02, high02, 0x88);
    rows[4 + c] = _mm512_shuffle_i32x4(low13, high13, 0x88);
    rows[8 + c] = _mm512_shuffle_i32x4(low02, high02, 0xdd);
    rows[12 + c] = _mm512_shuffle_i32x4(low13, high13, 0xdd);
  }
}

// pack_words where the bytes of a lane lie one after the other: 16 × 16 words at a time. Strides are in bytes.
template <int kWidth>
void pack_bytes(const char* src, int64_t lane_stride, int64_t lanes, int64_t bytes, uint32_t* dst) {
  const int64_t words = words_of<char>(bytes);
  for (int64_t first = 0; first < lanes; first += kWidth, dst += words * kWidth) {
    for (int64_t group = 0; group < kWidth; group += 16) {
      const int64_t count = lanes - first - group, width = kWidth - group < 16 ? kWidth - group : 16;
      const char* const from = src + (first + group) * lane_stride;
      const auto stored = static_cast<__mmask16>((1u << width) - 1);
      for (int64_t p = 0; p < words; p += 16) {
        const int64_t left = bytes - 4 * p;
        const __mmask64 loaded = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
        __m512i rows[16];
        FLAMBEAU_UNROLL
        for (int i = 0; i < 16; ++i) {
          rows[i] =
              i < count ? _mm512_maskz_loadu_epi8(loaded, from + i * lane_stride + 4 * p) : _mm512_setzero_si512();
        }
        transpose_16x16(rows);
        uint32_t* const to = dst + p * kWidth + group;
        FLAMBEAU_UNROLL
        for (int i = 0; i < 16; ++i) {
          if (p + i < words) _mm512_mask_storeu_epi32(to + i * kWidth, stored, rows[i]);
        }
      }
    }
  }
}
#endif

// sums[i * kWordNr + j] = Σ of the words' products, for kRows rows and kCols vectors. Dot::dot(sum, a, b) adds to each
// lane of sum the products of the word a with the lane's word of b.
template <class Dot, int kRows, int kCols>
FLAMBEAU_NOINLINE void word_tile(int64_t words, const uint32_t* a, const uint32_t* b, typename Dot::Sum* sums) {
  using Sums = typename Dot::Sums;
  Sums acc[kRows][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v] = Dot::zero();
  }
  for (int64_t p = 0; p < words; ++p, a += kWordMr, b += kWordNr) {
    typename Dot::Words row[kCols];
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) row[v] = Dot::load(b + v * kWordLanes);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const auto x = Dot::broadcast(a[i]);
      FLAMBEAU_UNROLL
      for (int v = 0; v < kCols; ++v) acc[i][v] = Dot::dot(acc[i][v], x, row[v]);
    }
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) Dot::store(sums + i * kWordNr + v * kWordLanes, acc[i][v]);
  }
}

// The least tile that covers m rows, in steps of two rows.
template <class Dot, int kRows, int kCols>
FLAMBEAU_INLINE void fitting_word_tile(int64_t words, const uint32_t* a, const uint32_t* b, int64_t m,
                                       typename Dot::Sum* sums) {
  if constexpr (kRows > 2) {
    if (m <= kRows - 2) return fitting_word_tile<Dot, kRows - 2, kCols>(words, a, b, m, sums);
  }
  word_tile<Dot, kRows, kCols>(words, a, b, sums);
}
template <class Dot>
FLAMBEAU_INLINE void word_sums(int64_t words, const void* a, const void* b, int64_t m, int64_t n,
                               typename Dot::Sum* sums) {
  const auto* const left = static_cast<const uint32_t*>(a);
  const auto* const right = static_cast<const uint32_t*>(b);
  if (n <= kWordLanes) fitting_word_tile<Dot, kWordMr, 1>(words, left, right, m, sums);
  else fitting_word_tile<Dot, kWordMr, 2>(words, left, right, m, sums);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
