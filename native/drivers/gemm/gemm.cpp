// The loops around the ISA's matrix kernels (native/kernels/gemm_micro.cpp). No sum is ever split between threads, and
// how k is blocked depends on k alone: the number of threads cannot change a result.
#include "gemm.h"

#include <algorithm>
#include <cstddef>

#include "../../parallel/shares.h"
#include "gemm_product.h"

namespace flambeau {
namespace {

// Elements worth a thread's packing.
constexpr int64_t kPackGrain = 1 << 14;

// Where rows of B that lie in place, or a packed panel of them, are, and the packed panel after it.
struct Panel {
  const char* data;
  int64_t row_stride;
  const char* next = nullptr;
};

// C[i .. i + m, j .. j + n] for one panel of B, n <= nr, from m rows of packed A. The next panel is fetched meanwhile,
// a part with each tile.
void multiply_packed(const Product& p, int64_t i, int64_t m, int64_t j, int64_t n, int64_t pc, int64_t depth,
                     const char* a_panels, Panel b) {
  const bool last = pc + depth >= p.k;
  const char* const next_end = b.next ? b.next + p.kernel.nr * depth * p.item : nullptr;
  for (int64_t row = 0; row < m; row += p.kernel.mr) {
    p.kernel.micro(depth, a_panels + row * depth * p.item, b.data, b.row_stride, p.c_at(i + row, j), p.ldc,
                   std::min<int64_t>(p.kernel.mr, m - row), n, p.accumulate || pc > 0, EpilogueAt(p, i + row, j, last),
                   b.next);
    if (b.next) b.next += depth / GemmKernel::kStepsPerLine * GemmKernel::kLine;
    if (b.next >= next_end) b.next = nullptr;
  }
}

// The same from A in place, in tiles of nearly equal height; where b is B itself for any n. Each tile's rows of C are
// written to their end: columns of C, whose rows lie far apart, cost memory more than B again from L2 does.
void multiply_in_place(const Product& p, int64_t i, int64_t m, int64_t j, int64_t n, int64_t pc, int64_t depth,
                       Panel b) {
  const bool last = pc + depth >= p.k, accumulate = p.accumulate || pc > 0;
  const int64_t tiles = ceil_div(m, p.kernel.mr), height = m / tiles, taller = m % tiles;
  for (int64_t t = 0, row = i; t < tiles; ++t) {
    const int64_t rows = height + (t < taller);
    for (int64_t col = 0; col < n; col += p.kernel.nr) {
      p.kernel.direct(depth, p.a_at(row, pc), p.a.row_stride, p.a.col_stride, b.data + col * p.item, b.row_stride,
                      p.c_at(row, j + col), p.ldc, rows, std::min<int64_t>(p.kernel.nr, n - col), accumulate,
                      EpilogueAt(p, row, j + col, last));
    }
    row += rows;
  }
}

// So wide that packing A costs little beside what a kernel gains from it; B's panels are there already. (Where B is in
// place as well, C is written by rows: multiply_in_place.)
bool prefers_packed_a(const Product& p) {
  constexpr int64_t kWide = 512;
  return p.kernel.prefers_panels && p.packed_b && p.n >= kWide;
}

// Such that the lines of a tile's rows do not evict each other: rows a multiple of a page apart meet in one set of L1.
bool has_readable_rows(const Product& p) {
  constexpr int64_t kPage = 4096;
  return p.a.col_stride == 1 && p.a.row_stride * p.item % kPage != 0;
}

bool reads_a_in_place(const Product& p) {
  constexpr int64_t kMostBytes = 128 << 10;
  if (prefers_packed_a(p) || p.m * p.k * p.item > kMostBytes) return false;
  return p.a.row_stride == 1 || has_readable_rows(p);
}

// Columns of B in place that stay in L2 while A's rows go by: whole panels.
int64_t columns_at_once(const Product& p, int64_t depth) {
  const int64_t panel = p.kernel.nr * depth * p.item;
  return std::max<int64_t>(cache_sizes().l2 / 4 / std::max<int64_t>(panel, 1), 1) * p.kernel.nr;
}

// Down more rows C leaves the caches before the next panel comes to the same lines.
constexpr int64_t kMostRows = 512;

bool reads_b_in_place(const Product& p) {
  return p.b.col_stride == 1 && !p.packed_b && (p.kernel.reads_partial_rows || p.n % p.kernel.nr == 0);
}

// Many rows of A that are used for few columns, or for a C that takes longer to write than to compute: packing them
// would cost more than the tiles gain.
bool is_tall(const Product& p) {
  constexpr int64_t kNarrow = 64, kShallow = 32;
  return p.m > kMostRows && has_readable_rows(p) &&
         (p.n <= kNarrow || (p.k <= kShallow && reads_b_in_place(p) && p.n <= columns_at_once(p, p.k)));
}

// Both operands in place on one thread, or many rows of an A in place, which the threads divide: there is little or
// nothing to prepare, so that the least product costs little more than its kernel, and C's rows are written to their
// end.
bool is_by_rows(const Product& p) {
  if (p.k > blocking_of(p.item).kc) return false;
  return is_tall(p) || (reads_b_in_place(p) && reads_a_in_place(p) && (p.threads() == 1 || p.m > kMostRows));
}
void multiply_by_rows(const Product& p) {
  const int64_t nr = p.kernel.nr;
  if (reads_b_in_place(p)) {
    const int64_t width = columns_at_once(p, p.k);
    return share_ranges(p.m, 4 * p.kernel.mr, p.threads(), [&](int, int64_t begin, int64_t end) {
      for (int64_t j = 0; j < p.n; j += width) {
        multiply_in_place(p, begin, end - begin, j, std::min(width, p.n - j), 0, p.k, {p.b_at(0, j), p.b.row_stride});
      }
    });
  }
  const Scratch packed(p.packed_b ? 0 : round_up(p.n, nr) * p.k * p.item);
  if (!p.packed_b) p.kernel.pack_b(p.b_at(0, 0), p.b.row_stride, p.b.col_stride, p.k, p.n, packed.data());
  const char* const panels = p.packed_b ? p.packed_at(0, p.k, 0) : packed.data();
  share_ranges(p.m, 4 * p.kernel.mr, p.threads(), [&](int, int64_t begin, int64_t end) {
    const int64_t together = 8 * p.kernel.mr;  // rows that are in L1 or L2 for each panel
    for (int64_t i = begin; i < end; i += together) {
      for (int64_t j = 0; j < p.n; j += nr) {
        multiply_in_place(p, i, std::min(together, end - i), j, std::min(nr, p.n - j), 0, p.k,
                          {panels + j * p.k * p.item, nr});
      }
    }
  });
}

// A panel of B at a time: in place where its rows are contiguous, else packed just before its only use. A is read in
// place when it is small, else packed, a block of k at a time, and stays in L2. Threads prepare what they need, even if
// another does as well: no line that one writes is another's to read.
void multiply_panels(const Product& p) {
  const GemmKernel& kernel = p.kernel;
  const int64_t mr = kernel.mr, nr = kernel.nr, kc = p.depth_of_blocks(), col_tiles = ceil_div(p.n, nr);
  const bool a_in_place = reads_a_in_place(p), b_in_place = p.b.col_stride == 1 && !p.packed_b;
  const bool packs_b = !p.packed_b && !b_in_place;
  const bool pads_panels = !p.packed_b && !reads_b_in_place(p);
  const Columns columns = packs_b ? Columns::to_pack : p.packed_b ? Columns::packed : Columns::in_place;
  const Grid grid = share_out(p.m, p.n, nr, p.threads(), !a_in_place, columns);
  const int64_t a_bytes = a_in_place ? 0 : round_up(ceil_div(p.m, grid.rows), mr) * kc * p.item;
  const int64_t panel_bytes = pads_panels ? nr * kc * p.item : 0;
  const Scratch a_scratch(grid.parts() * a_bytes), b_scratch(grid.parts() * panel_bytes);
  const auto multiply_columns = [&](int64_t i, int64_t height, int64_t j, int64_t j_end, int64_t pc, int64_t depth,
                                    const char* a_panels, char* b_panel) {
    const int64_t most = a_in_place && b_in_place ? columns_at_once(p, depth) : nr;
    for (int64_t width; j < j_end; j += width) {
      width = std::min(most, j_end - j);
      if (pads_panels && width > nr) width -= width % nr;
      Panel b{b_panel, nr};
      if (p.packed_b) b = {p.packed_at(pc, depth, j), nr, j + nr < p.n ? p.packed_at(pc, depth, j + nr) : nullptr};
      else if (b_in_place && (width % nr == 0 || kernel.reads_partial_rows)) b = {p.b_at(pc, j), p.b.row_stride};
      else kernel.pack_b(p.b_at(pc, j), p.b.row_stride, p.b.col_stride, depth, width, b_panel);
      if (a_in_place) multiply_in_place(p, i, height, j, width, pc, depth, b);
      else multiply_packed(p, i, height, j, width, pc, depth, a_panels, b);
    }
  };
  // Each part's columns in a few units, if the threads may meet after every block of k.
  const double block = static_cast<double>(p.m * p.n) * static_cast<double>(kc) / grid.parts();
  const bool meets = grid.parts() > 1 && (kc >= p.k || block >= 16 * kWorkPerThread);
  const Grid cut = meets ? in_columns(grid, col_tiles) : grid;
  const int64_t span = meets ? kc : p.k;
  int64_t begin = 0;
  do {
    const int64_t end = std::min(begin + span, p.k);
    share_units(grid.parts(), cut.cols / grid.cols, [&](int thread) {
      char* const a_panels = a_scratch.data() + thread * a_bytes;
      char* const b_panel = b_scratch.data() + thread * panel_bytes;
      return [&, a_panels, b_panel, packed_r = int64_t{-1}, packed_pc = int64_t{-1}](int64_t unit) mutable {
        const int64_t r = unit / cut.cols;
        const Area at = area_at(cut, p.m, col_tiles, r, unit % cut.cols);
        const int64_t i = at.row, height = at.row_end - i, j = at.col * nr, j_end = std::min(at.col_end * nr, p.n);
        int64_t pc = begin;
        do {
          const int64_t depth = std::min(kc, p.k - pc);
          if (!a_in_place && (packed_r != r || packed_pc != pc)) {
            kernel.pack_a(p.a_at(i, pc), p.a.row_stride, p.a.col_stride, height, depth, a_panels);
            packed_r = r, packed_pc = pc;
          }
          multiply_columns(i, height, j, j_end, pc, depth, a_panels, b_panel);
          pc += depth;
        } while (pc < end);
      };
    });
    begin = end;
  } while (begin < p.k);
}

// The loops of BLIS: columns of C by nc, k by kc, rows by mc, then panels. B's kc × nc block is packed by all threads
// together; each thread then packs the A blocks of its own part of C.
void multiply_blocked(const Product& p) {
  const GemmKernel& kernel = p.kernel;
  const int64_t mr = kernel.mr, nr = kernel.nr, kc = p.depth_of_blocks();
  const int64_t nc = round_up(equal_block(p.n, blocking_of(p.item).nc), nr), row_tiles = ceil_div(p.m, mr);
  const int threads = p.threads();
  const Scratch b_scratch(p.packed_b ? 0 : std::min(nc, round_up(p.n, nr)) * kc * p.item);
  const int64_t a_bytes = std::min(blocking_of(p.item).mc, round_up(p.m, mr)) * kc * p.item;
  const Scratch a_scratch(threads * a_bytes);
  for (int64_t jc = 0; jc < p.n; jc += nc) {
    const int64_t width = std::min(nc, p.n - jc), col_tiles = ceil_div(width, nr);
    // On a tie more rows: each thread packs the rows of A it works on.
    const Grid grid = partition(row_tiles, col_tiles, threads, true);
    const int64_t blocks = row_blocks(ceil_div(row_tiles, grid.rows), blocking_of(p.item).mc / mr, grid.parts());
    for (int64_t pc = 0; pc < p.k || pc == 0; pc += kc) {
      const int64_t depth = std::min(kc, p.k - pc);
      if (!p.packed_b) {
        share_ranges(col_tiles, 1, threads, [&](int, int64_t begin, int64_t end) {
          kernel.pack_b(p.b_at(pc, jc + begin * nr), p.b.row_stride, p.b.col_stride, depth,
                        std::min(end * nr, width) - begin * nr, b_scratch.data() + begin * nr * depth * p.item);
        });
      }
      const char* const panels = p.packed_b ? p.packed_at(pc, depth, jc) : b_scratch.data();
      share_units(grid.parts(), blocks, [&](int thread) {
        return [&, a_panels = a_scratch.data() + thread * a_bytes](int64_t unit) {
          const Area at = row_block_at(grid, blocks, row_tiles, col_tiles, unit);
          const int64_t i = at.row * mr, i_end = std::min(at.row_end * mr, p.m);
          const int64_t j_begin = at.col * nr, j_end = std::min(at.col_end * nr, width);
          if (i >= i_end || j_begin >= j_end) return;
          kernel.pack_a(p.a_at(i, pc), p.a.row_stride, p.a.col_stride, i_end - i, depth, a_panels);
          for (int64_t j = j_begin; j < j_end; j += nr) {
            const char* const next = panels + (j + nr < j_end ? j + nr : j_begin) * depth * p.item;
            multiply_packed(p, i, i_end - i, jc + j, std::min(nr, j_end - j), pc, depth, a_panels,
                            {panels + j * depth * p.item, nr, next});
          }
        };
      });
      if (p.k == 0) break;
    }
  }
}

using Path = void (*)(const Product& p);
Path path_of(const Product& p);

// So shallow that the time is that of writing C, which no cache holds and panels of B would write a few columns at a
// time. B's columns are contiguous, and cost little to turn.
bool is_shallow(const Product& p) {
  constexpr int64_t kShallow = 16;
  return p.b.row_stride == 1 && p.b.col_stride != 1 && !p.packed_b && p.k > 0 && p.k <= kShallow &&
         p.m * p.n * p.item > cache_sizes().l2;
}
void multiply_shallow(const Product& p) {
  const Scratch turned(p.k * p.n * p.item);
  p.kernel.columns(p.b.data, p.b.col_stride, p.n, p.k, turned.data(), p.n);
  Product by_rows = p;
  by_rows.b = {turned.data(), p.n, 1};
  path_of(by_rows)(by_rows);
}

Path path_of(const Product& p) {
  const bool a_rows = p.a.col_stride == 1, a_columns = p.a.row_stride == 1;
  if (p.m <= GemmKernel::kMaxRows && p.b.col_stride == 1 && p.n > 1) return multiply_rows;
  if (p.n <= GemmKernel::kMaxRows && p.m > GemmKernel::kMaxRows) {
    if (a_rows) return multiply_dots;
    if (a_columns) return multiply_transposed;
  }
  const bool by_dots = !p.avoids_dots && a_rows && (p.b.row_stride == 1 || transposing_pays(p)) && dots_pay(p);
  if (by_dots) return multiply_dots;
  if (is_shallow(p)) return multiply_shallow;
  if (is_by_rows(p)) return multiply_by_rows;
  const bool a_stays = p.m <= kMostRows && round_up(p.m, p.kernel.mr) * p.depth_of_blocks() * p.item <= most_of_a();
  return a_stays ? multiply_panels : multiply_blocked;
}

}  // namespace

void gemm(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
          const Epilogue* epilogue, const GemmOptions& options) {
  if (m <= 0 || n <= 0) return;
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  const Product p{kernel_of(dtype),
                  item,
                  m,
                  n,
                  k,
                  a,
                  b,
                  c,
                  ldc,
                  epilogue,
                  options.accumulate,
                  static_cast<const char*>(options.packed_b),
                  options.avoids_dots};
  path_of(p)(p);
}

bool gemm_packs_b(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b) {
  const Product p{kernel_of(dtype), static_cast<int64_t>(item_size(dtype)), m, n, k, a, b};
  const Path path = path_of(p);
  return path == multiply_panels || path == multiply_blocked || (path == multiply_by_rows && !reads_b_in_place(p));
}

size_t packed_gemm_b_bytes(DType dtype, int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kernel_of(dtype).nr) * k) * item_size(dtype);
}

void pack_gemm_b(DType dtype, int64_t n, int64_t k, MatrixView b, void* packed) {
  Product p{kernel_of(dtype), static_cast<int64_t>(item_size(dtype)), 0, n, k, {}, b};
  p.packed_b = static_cast<char*>(packed);
  const int64_t nr = p.kernel.nr, kc = p.depth_of_blocks(), panels = ceil_div(n, nr);
  for (int64_t pc = 0; pc < k; pc += kc) {
    const int64_t depth = std::min(kc, k - pc);
    parallel_for(panels, 1 + kPackGrain / (nr * depth), [&](int64_t begin, int64_t end) {
      const int64_t j = begin * nr;
      p.kernel.pack_b(p.b_at(pc, j), b.row_stride, b.col_stride, depth, std::min(end * nr, n) - j,
                      const_cast<char*>(p.packed_at(pc, depth, j)));
    });
  }
}

}  // namespace flambeau
