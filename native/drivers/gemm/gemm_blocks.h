// What the loops around the matrix kernels share: block sizes, working memory, and how threads divide a grid of tiles.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../dispatch/dispatch.h"
#include "../../memory/storage.h"
#include "../../parallel/thread_pool.h"
#include "../../tensor/integers.h"

namespace flambeau {

// Where a matrix is read once for a few rows or columns, a thread is worth waking for this many bytes of it.
constexpr double kBytesPerThread = 256 << 10;

// Packing buffers come from the pool of tensors, and go back when the product is done.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) {
    if (bytes > 0) storage_ = StorageRef(Storage::allocate(static_cast<size_t>(bytes)));
  }
  char* data() const { return storage_ ? static_cast<char*>(storage_->data()) : nullptr; }

 private:
  StorageRef storage_;
};

// How `threads` threads divide a grid of tiles: rows × cols of them, the largest share as small as can be.
struct Grid {
  int rows = 1, cols = 1;
  int parts() const { return rows * cols; }
};
// Part (r, s) of such a grid over rows × cols of something.
struct Area {
  int64_t row, row_end, col, col_end;
};
inline Area area_at(const Grid& grid, int64_t rows, int64_t cols, int64_t r, int64_t s) {
  return {rows * r / grid.rows, rows * (r + 1) / grid.rows, cols * s / grid.cols, cols * (s + 1) / grid.cols};
}
inline Grid partition(int64_t row_tiles, int64_t col_tiles, int threads, bool prefer_rows) {
  Grid best;
  int64_t least = INT64_MAX;
  for (int i = 1; i <= threads; ++i) {
    const Grid grid = prefer_rows ? Grid{i, threads / i} : Grid{threads / i, i};
    const int64_t share = ceil_div(row_tiles, grid.rows) * ceil_div(col_tiles, grid.cols);
    if (share <= least) {
      least = share;
      best = grid;
    }
  }
  return best;
}

// Blocks of at most `most` tiles for a part's rows; of several parts a few, which other threads may take over.
inline int64_t row_blocks(int64_t tiles, int64_t most, int parts) {
  constexpr int64_t kFew = 4, kLeast = 8;
  return std::max(ceil_div(tiles, most), parts == 1 ? 1 : std::min(tiles / kLeast, kFew));
}
// Row block `unit` of all parts' blocks, in tiles.
inline Area row_block_at(const Grid& grid, int64_t blocks, int64_t row_tiles, int64_t col_tiles, int64_t unit) {
  const int64_t part = unit / blocks;
  const Grid cut{grid.rows * static_cast<int>(blocks), grid.cols};
  return area_at(cut, row_tiles, col_tiles, part / grid.cols * blocks + unit % blocks, part % grid.cols);
}
// The same grid with each part's columns in a few units of some panels, for other threads to take over.
inline Grid in_columns(const Grid& grid, int64_t panels) {
  constexpr int64_t kLeast = 4, kMost = 8;
  return {grid.rows, grid.cols * static_cast<int>(std::clamp<int64_t>(panels / grid.cols / kLeast, 1, kMost))};
}

// How threads divide an m × n product, any rows but whole panels of nr columns, if each packs the rows of A and the
// columns of B that it needs, or reads the panels of B: such that the part with most work has least, and on a tie fewer
// rows of A. No part is empty.
enum class Columns { in_place, packed, to_pack };
inline Grid share_out(int64_t m, int64_t n, int64_t nr, int threads, bool packs_a, Columns b) {
  // Multiply-adds in the time an element is packed, and in what the time grows by for one that is read.
  constexpr int64_t kPacking = 12, kReading = 1;
  const int64_t each_row = packs_a ? kPacking : 0;
  const int64_t each_column = b == Columns::to_pack ? kPacking : b == Columns::packed ? kReading : 0;
  Grid best;
  int64_t least = INT64_MAX;
  const int64_t panels = ceil_div(n, nr);
  for (int i = 1; i <= threads && i <= m; ++i) {
    const Grid grid{i, static_cast<int>(std::min<int64_t>(threads / i, panels))};
    const int64_t rows = ceil_div(m, grid.rows), columns = ceil_div(panels, grid.cols) * nr;
    const int64_t work = rows * columns + each_row * rows + each_column * columns;
    if (work > least) continue;
    least = work;
    best = grid;
  }
  return best;
}

}  // namespace flambeau
