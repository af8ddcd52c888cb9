// Products on the tile registers of AMX: one instruction multiplies 16 rows of A by 16 columns of B over 16 words of k
// and adds to 16 × 16 sums. Two tiles of A by two of B fill four of sums, so that each tile that is read takes part in
// two products. Panels of B are those of gemm_words.h; A's have the 16 words of each row together.
//
// Intel, "Intel 64 and IA-32 Architectures Optimization Reference Manual", chapter 20.
#pragma once

#include "gemm_words.h"

#if defined(__AMX_TILE__)
namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr int kTileLanes = 16;  // rows and words of a tile, and columns of its sums
constexpr int kTileBytes = 64 * kTileLanes;
constexpr int kTileMr = 2 * kTileLanes;
constexpr int kTileWords = 256;  // of a panel at a time: 32 KB of B, which L1 keeps
static_assert(kWordNr == 2 * kTileLanes);

// The layout that the hardware reads: bytes of a row and rows of each tile register. Registers 0 to 3 are sums, row by
// row of tiles; 4 and 5 are A's; 6 and 7 B's.
struct TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileShapes) == 64);

FLAMBEAU_INLINE void load_shapes(const TileShapes& shapes) {
  // GCC takes the instruction to read no more than a pointer's bytes.
  __asm__ volatile("" ::"r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
}
// Tiles of only as many rows as there are take as much less time.
FLAMBEAU_INLINE void shape_tiles(int64_t m) {
  static constexpr TileShapes kWhole;
  if (m == kTileMr) return load_shapes(kWhole);
  TileShapes shapes;
  const int64_t upper = m < kTileLanes ? m : kTileLanes, lower = m - upper > 0 ? m - upper : 1;
  shapes.rows[0] = shapes.rows[1] = shapes.rows[4] = static_cast<uint8_t>(upper);
  shapes.rows[2] = shapes.rows[3] = shapes.rows[5] = static_cast<uint8_t>(lower);
  load_shapes(shapes);
}

// Rows of A, neighbours along k in memory: for each 32 rows and each 64 bytes of k, the bytes of row after row. Zeros
// beyond the last row and byte. Strides are in bytes.
FLAMBEAU_INLINE void pack_tiles(const char* src, int64_t lane_stride, int64_t lanes, int64_t bytes, char* dst) {
  for (int64_t first = 0; first < lanes; first += kTileMr) {
    for (int64_t p = 0; p < bytes; p += 64) {
      const int64_t left = bytes - p;
      const __mmask64 loaded = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
      const int64_t count = lanes - first < kTileMr ? lanes - first : kTileMr;
      const char* from = src + first * lane_stride + p;
      for (int64_t i = 0; i < count; ++i, dst += 64, from += lane_stride) {
        _mm512_storeu_si512(dst, _mm512_maskz_loadu_epi8(loaded, from));
      }
      for (int64_t i = count; i < kTileMr; ++i, dst += 64) _mm512_storeu_si512(dst, _mm512_setzero_si512());
    }
  }
}

// sums[i * kWordNr + j] of m rows and n columns, in whole tiles, over `steps` times 16 words, added to `before` if that
// is not null. A passes by once while a panel of B is read again and again: the hint keeps B in L1.
template <class Tiles>
FLAMBEAU_INLINE void tile_sums(int64_t steps, const char* a, const char* b, int64_t m, int64_t n,
                               const typename Tiles::Sum* before, typename Tiles::Sum* sums) {
  constexpr int64_t kBRow = 4 * kWordNr, kBStep = kTileLanes * kBRow, kAStep = 2 * kTileBytes;
  constexpr int64_t kSumsRow = kWordNr * sizeof(*sums), kLower = kTileLanes * kWordNr;
  const bool lower = m > kTileLanes, right = n > kTileLanes;
  shape_tiles(m);
  if (before) {
    _tile_loadd(0, before, kSumsRow);
    if (right) _tile_loadd(1, before + kTileLanes, kSumsRow);
    if (lower) _tile_loadd(2, before + kLower, kSumsRow);
    if (lower && right) _tile_loadd(3, before + kLower + kTileLanes, kSumsRow);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  if (lower && right) {
    for (int64_t s = 0; s < steps; ++s, a += kAStep, b += kBStep) {
      _tile_stream_loadd(4, a, 64);
      _tile_loadd(6, b, kBRow);
      _tile_loadd(7, b + 64, kBRow);
      Tiles::upper_left();
      Tiles::upper_right();
      _tile_stream_loadd(5, a + kTileBytes, 64);
      Tiles::lower_left();
      Tiles::lower_right();
    }
  } else {
    for (int64_t s = 0; s < steps; ++s, a += kAStep, b += kBStep) {
      _tile_stream_loadd(4, a, 64);
      _tile_loadd(6, b, kBRow);
      Tiles::upper_left();
      if (right) {
        _tile_loadd(7, b + 64, kBRow);
        Tiles::upper_right();
      }
      if (lower) {
        _tile_stream_loadd(5, a + kTileBytes, 64);
        Tiles::lower_left();
      }
    }
  }
  _tile_stored(0, sums, kSumsRow);
  if (right) _tile_stored(1, sums + kTileLanes, kSumsRow);
  if (lower) _tile_stored(2, sums + kLower, kSumsRow);
  if (lower && right) _tile_stored(3, sums + kLower + kTileLanes, kSumsRow);
  // Or the system would save 8 KB of tiles at each change of threads.
  _tile_release();
}

// Of a part of k: the sums are left in part.sums, and handed to finish(sums) after the last.
template <class Tiles, class Finish>
FLAMBEAU_INLINE void tile_part(int64_t words, const void* a, const void* b, int64_t m, int64_t n, const WordPart& part,
                               Finish&& finish) {
  using Sum = typename Tiles::Sum;
  alignas(64) Sum own[kTileMr * kWordNr];
  Sum* const sums = part.last ? own : static_cast<Sum*>(part.sums);
  tile_sums<Tiles>(words / kTileLanes, static_cast<const char*>(a), static_cast<const char*>(b), m, n,
                   part.first ? nullptr : static_cast<const Sum*>(part.sums), sums);
  if (part.last) finish(sums);
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
#endif
