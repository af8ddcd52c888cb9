// The loops around the ISA's matrix kernels (native/kernels/gemm_micro.cpp). No sum is ever split between threads, and
// how k is blocked depends on k alone: the number of threads cannot change a result.
#include "gemm.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "gemm_blocks.h"
#include "shares.h"

namespace flambeau {
namespace {

// Elements worth a thread's packing.
constexpr int64_t kPackGrain = 1 << 14;

// The largest size not above `most` that cuts n into equal blocks: better than full ones and a rest.
int64_t equal_block(int64_t n, int64_t most) { return ceil_div(n, std::max<int64_t>(ceil_div(n, most), 1)); }

const GemmKernel& kernel_of(DType dtype) { return kernels().gemm[static_cast<int>(dtype)]; }

// Bytes of A that stay in L2 while panels of B and C pass by. Of a large L2 more than that gains nothing, and is lost
// the sooner to whoever else uses the core.
int64_t most_of_a() { return std::min<int64_t>(cache_sizes().l2 / 16 * 9, 640 << 10); }

// How the loops are cut (names as in BLIS): panels of B are kc deep, A goes by blocks of mc × kc, B by kc × nc.
struct Blocking {
  int64_t kc, mc, nc;

  Blocking(const GemmKernel& kernel, int64_t item) {
    const CacheSizes& cache = cache_sizes();
    // Deeper panels read and write C less often, and leave L1 for L2 the sooner: of panels 128 bytes wide, twice what
    // L1 holds was best. B's block fills a quarter of the last level.
    kc = std::max<int64_t>(cache.l1 / 64, 64);
    mc = std::max<int64_t>(most_of_a() / (kc * item) / kernel.mr, 4) * kernel.mr;
    nc = std::max<int64_t>(cache.l3 / 4 / (kc * item) / kernel.nr, 8) * kernel.nr;
  }
};
const Blocking& blocking_of(int64_t item) {
  static const Blocking f32(kernel_of(DType::f32), sizeof(float)), f64(kernel_of(DType::f64), sizeof(double));
  return item == sizeof(float) ? f32 : f64;
}

struct Product {
  const GemmKernel& kernel;
  int64_t item;  // bytes per element
  int64_t m, n, k;
  MatrixView a, b;
  void* c = nullptr;
  int64_t ldc = 0;
  const Epilogue* epilogue = nullptr;
  bool accumulate = false;
  const char* packed_b = nullptr;
  bool avoids_dots = false;

  const char* a_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(a.data) + (row * a.row_stride + col * a.col_stride) * item;
  }
  const char* b_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(b.data) + (row * b.row_stride + col * b.col_stride) * item;
  }
  char* c_at(int64_t row, int64_t col) const { return static_cast<char*>(c) + (row * ldc + col) * item; }
  // The panels of packed_b that rows pc .. pc + depth of B are in; the one of column j, a multiple of nr.
  const char* packed_at(int64_t pc, int64_t depth, int64_t j) const {
    return packed_b + (round_up(n, kernel.nr) * pc + j * depth) * item;
  }
  int64_t depth_of_blocks() const { return equal_block(k, blocking_of(item).kc); }
  int threads() const {
    const double wide = static_cast<double>(std::max(m, n)) * static_cast<double>(k);
    const double narrow = static_cast<double>(std::min(m, n)), read = wide * static_cast<double>(item);
    return threads_worth(std::max(wide * narrow / kWorkPerThread, read / kBytesPerThread));
  }
};

// The epilogue of the part of C that begins at row i and column j; null when there is none.
class EpilogueAt {
 public:
  EpilogueAt(const Product& p, int64_t i, int64_t j, bool last = true) : any_(p.epilogue && last) {
    if (!any_) return;
    part_ = *p.epilogue;
    part_.row_bias = offset(part_.row_bias, j * p.item);
    part_.col_bias = offset(part_.col_bias, i * p.item);
    part_.residual = offset(part_.residual, (i * part_.residual_stride + j) * p.item);
  }
  operator const Epilogue*() const { return any_ ? &part_ : nullptr; }

 private:
  static const void* offset(const void* from, int64_t bytes) {
    return from ? static_cast<const char*>(from) + bytes : nullptr;
  }
  Epilogue part_;
  bool any_;
};

// Runs body(begin, count) over ranges of [0, n) that are whole multiples of `unit` but for the last.
template <class Body>
void for_ranges(int64_t n, int64_t unit, int threads, Body&& body) {
  const int64_t units = ceil_div(n, unit), parts = std::min<int64_t>(threads, units);
  if (parts <= 1) return body(int64_t{0}, n);
  parallel_for(parts, 1, [&](int64_t first, int64_t last) {
    const int64_t begin = units * first / parts * unit, end = std::min(units * last / parts * unit, n);
    body(begin, end - begin);
  });
}

// ---- few rows or few columns

// Where the wide operand of a narrow product is read from.
Reach reach_of(const Product& p) {
  const int64_t bytes = std::max(p.m, p.n) * p.k * p.item;
  return bytes <= cache_sizes().l2 ? Reach::l2 : bytes <= cache_sizes().l3 ? Reach::l3 : Reach::memory;
}

// Columns of a row of B that a thread should read on end.
constexpr int64_t kRowUnit = 64;

void multiply_rows(const Product& p) {
  for_ranges(p.n, kRowUnit, p.threads(), [&](int64_t j, int64_t width) {
    p.kernel.rows(p.m, width, p.k, p.a.data, p.a.row_stride, p.a.col_stride, p.b_at(0, j), p.b.row_stride, p.c_at(0, j),
                  p.ldc, p.accumulate, EpilogueAt(p, 0, j), reach_of(p));
  });
}

// A dot product ends in a sum across lanes, which a long k pays for; a narrow C would waste most of a panel. More than
// a few rows leave B to panels: those of a frozen weight are there already, and packing them costs a fifth of 16 rows.
bool dots_pay(const Product& p) {
  constexpr int64_t kRows = 12, kColumns = 32;
  return std::min(p.m, p.n) <= GemmKernel::kMaxRows || ((p.m <= kRows || p.n <= kColumns) && p.k >= 64);
}

// A narrow product of great depth: its tiles would be padded, and packing A's rows costs more than turning B's.
bool transposing_pays(const Product& p) {
  return p.b.col_stride == 1 && p.n < p.kernel.nr && p.m > 8 && p.m <= 32 && p.k >= 1024;
}

// B's columns are contiguous, or few enough to be copied.
void multiply_dots(const Product& p) {
  const bool copies = p.b.row_stride != 1, by_columns = p.n >= p.m || transposing_pays(p);
  // Columns a power of two apart would share a set of L1.
  const int64_t b_col_stride = copies ? p.k + 16 : p.b.col_stride;
  const Scratch copy(copies ? p.n * b_col_stride * p.item : 0);
  const auto copy_columns = [&](int64_t j, int64_t width) {
    if (!copies) return;
    char* const to = copy.data() + j * b_col_stride * p.item;
    if (p.b.col_stride == 1) return p.kernel.columns(p.b_at(0, j), p.b.row_stride, p.k, width, to, b_col_stride);
    for (int64_t c = 0; c < width; ++c) {
      for (int64_t l = 0; l < p.k; ++l) std::memcpy(to + (c * b_col_stride + l) * p.item, p.b_at(l, j + c), p.item);
    }
  };
  const char* const b = copies ? copy.data() : p.b_at(0, 0);
  const auto part = [&](int64_t i, int64_t height, int64_t j, int64_t width) {
    const char *const rows = p.a_at(i, 0), *const cols = b + j * b_col_stride * p.item;
    const EpilogueAt ending(p, i, j);
    if (p.m == 1 || p.n == 1) {
      p.kernel.vector_dots(height, width, p.k, rows, p.a.row_stride, cols, b_col_stride, p.c_at(i, j), p.ldc,
                           p.accumulate, ending, reach_of(p));
    } else {
      p.kernel.dots(height, width, p.k, rows, p.a.row_stride, cols, b_col_stride, p.c_at(i, j), p.ldc, p.accumulate,
                    ending);
    }
  };
  // Whole tiles; of a vector enough rows that a thread reads long runs of memory.
  const int64_t unit = std::min(p.m, p.n) == 1 ? 64 : 4;
  if (by_columns) {
    for_ranges(p.n, unit, p.threads(), [&](int64_t j, int64_t width) {
      copy_columns(j, width);
      part(0, p.m, j, width);
    });
    return;
  }
  copy_columns(0, p.n);
  for_ranges(p.m, unit, p.threads(), [&](int64_t i, int64_t height) { part(i, height, 0, p.n); });
}

// Applies the epilogue to rows of C: a product of depth 0 adds nothing and ends with it.
void finish(const Product& p, int64_t i, int64_t rows) {
  if (!p.epilogue) return;
  for (int64_t r = 0; r < rows; r += GemmKernel::kMaxRows) {
    p.kernel.rows(std::min(GemmKernel::kMaxRows, rows - r), p.n, 0, nullptr, 0, 0, nullptr, 0, p.c_at(i + r, 0), p.ldc,
                  true, EpilogueAt(p, i + r, 0), Reach::l2);
  }
}

// Few columns, and A's columns contiguous: C transposed has few rows, and its right operand's rows are contiguous.
void multiply_transposed(const Product& p) {
  for_ranges(p.m, kRowUnit, p.threads(), [&](int64_t i, int64_t height) {
    if (p.n == 1 && p.ldc == 1) {
      p.kernel.rows(1, height, p.k, p.b.data, p.b.col_stride, p.b.row_stride, p.a_at(i, 0), p.a.col_stride,
                    p.c_at(i, 0), height, p.accumulate, nullptr, reach_of(p));
      finish(p, i, height);
      return;
    }
    constexpr int64_t kBlock = 1024;  // columns of Cᵀ at a time, on the stack
    alignas(64) char turned[GemmKernel::kMaxRows * kBlock * sizeof(double)];
    for (const int64_t end = i + height; i < end; i += kBlock) {
      const int64_t rows = std::min(kBlock, end - i);
      p.kernel.rows(p.n, rows, p.k, p.b.data, p.b.col_stride, p.b.row_stride, p.a_at(i, 0), p.a.col_stride, turned,
                    kBlock, false, nullptr, reach_of(p));
      const auto turn = [&](auto zero) {
        using T = decltype(zero);
        const T* const from = reinterpret_cast<const T*>(turned);
        for (int64_t r = 0; r < rows; ++r) {
          T* const to = reinterpret_cast<T*>(p.c_at(i + r, 0));
          for (int64_t j = 0; j < p.n; ++j) to[j] = p.accumulate ? to[j] + from[j * kBlock + r] : from[j * kBlock + r];
        }
      };
      if (p.item == sizeof(float)) turn(0.0f);
      else turn(0.0);
      finish(p, i, rows);
    }
  });
}

// ---- panels

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
  constexpr int64_t kLine = 64;
  const bool last = pc + depth >= p.k;
  const char* const next_end = b.next ? b.next + p.kernel.nr * depth * p.item : nullptr;
  for (int64_t row = 0; row < m; row += p.kernel.mr) {
    p.kernel.micro(depth, a_panels + row * depth * p.item, b.data, b.row_stride, p.c_at(i + row, j), p.ldc,
                   std::min<int64_t>(p.kernel.mr, m - row), n, p.accumulate || pc > 0, EpilogueAt(p, i + row, j, last),
                   b.next);
    if (b.next) b.next += depth / GemmKernel::kStepsPerLine * kLine;
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

// Small, and not such that the lines of a tile's rows would evict each other: rows a multiple of a page apart meet in
// one set of L1.
bool reads_a_in_place(const Product& p) {
  constexpr int64_t kMostBytes = 128 << 10, kPage = 4096;
  if (prefers_packed_a(p)) return false;
  if (p.a.row_stride == 1) return p.m * p.k * p.item <= kMostBytes;
  return p.a.col_stride == 1 && p.m * p.k * p.item <= kMostBytes && p.a.row_stride * p.item % kPage != 0;
}

// Columns of B in place that stay in L2 while A's rows go by: whole panels.
int64_t columns_at_once(const Product& p, int64_t depth) {
  const int64_t panel = p.kernel.nr * depth * p.item;
  return std::max<int64_t>(cache_sizes().l2 / 4 / std::max<int64_t>(panel, 1), 1) * p.kernel.nr;
}

// Both operands in place on one thread: nothing to prepare, so that the least product costs little more than its
// kernel.
bool is_small(const Product& p) {
  return p.b.col_stride == 1 && !p.packed_b && p.k <= blocking_of(p.item).kc &&
         (p.kernel.reads_partial_rows || p.n % p.kernel.nr == 0) && reads_a_in_place(p) && p.threads() == 1;
}
void multiply_small(const Product& p) {
  const int64_t width = columns_at_once(p, p.k);
  for (int64_t j = 0; j < p.n; j += width) {
    multiply_in_place(p, 0, p.m, j, std::min(width, p.n - j), 0, p.k, {p.b_at(0, j), p.b.row_stride});
  }
}

// A panel of B at a time: in place where its rows are contiguous, else packed just before its only use. A is read in
// place when it is small, else packed, a block of k at a time, and stays in L2. Threads prepare what they need, even if
// another does as well: no line that one writes is another's to read.
void multiply_panels(const Product& p) {
  const GemmKernel& kernel = p.kernel;
  const int64_t mr = kernel.mr, nr = kernel.nr, kc = p.depth_of_blocks(), col_tiles = ceil_div(p.n, nr);
  const bool a_in_place = reads_a_in_place(p), b_in_place = p.b.col_stride == 1 && !p.packed_b;
  const bool packs_b = !p.packed_b && !b_in_place;
  const bool pads_panels = packs_b || (b_in_place && !kernel.reads_partial_rows && p.n % nr != 0);
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
  const int64_t units = meets ? std::clamp<int64_t>(col_tiles / grid.cols / 4, 1, 8) : 1, all = grid.cols * units;
  const int64_t span = meets ? kc : p.k;
  int64_t begin = 0;
  do {
    const int64_t end = std::min(begin + span, p.k);
    share_units(grid.parts(), units, [&](int thread) {
      char* const a_panels = a_scratch.data() + thread * a_bytes;
      char* const b_panel = b_scratch.data() + thread * panel_bytes;
      return [&, a_panels, b_panel, packed_r = int64_t{-1}, packed_pc = int64_t{-1}](int64_t unit) mutable {
        const int64_t r = unit / all, i = p.m * r / grid.rows, height = p.m * (r + 1) / grid.rows - i;
        const int64_t j = col_tiles * (unit % all) / all * nr;
        const int64_t j_end = std::min(col_tiles * (unit % all + 1) / all * nr, p.n);
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
          const int64_t part = unit / blocks, r = part / grid.cols * blocks + unit % blocks, s = part % grid.cols;
          const int64_t i = row_tiles * r / (grid.rows * blocks) * mr, j_begin = col_tiles * s / grid.cols * nr;
          const int64_t i_end = std::min(row_tiles * (r + 1) / (grid.rows * blocks) * mr, p.m);
          const int64_t j_end = std::min(col_tiles * (s + 1) / grid.cols * nr, width);
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
  if (is_small(p)) return multiply_small;
  // Down more rows C leaves the caches before the next panel comes to the same lines.
  constexpr int64_t kMostRows = 512;
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
  const Path path = path_of(Product{kernel_of(dtype), static_cast<int64_t>(item_size(dtype)), m, n, k, a, b});
  return path == multiply_panels || path == multiply_blocked;
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
