// The loops around the ISA's matrix kernels (native/kernels/gemm_micro.cpp). No sum is ever split between threads, and
// how k is blocked depends on k alone: the number of threads cannot change a result.
#include "gemm.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

#include "../dispatch/dispatch.h"
#include "thread_pool.h"

namespace flambeau {
namespace {

// A thread must find this many multiply-adds to be worth waking, some 10 us of them.
constexpr double kWorkPerThread = 5e5;

// Elements worth a thread's packing.
constexpr int64_t kPackGrain = 1 << 16;

// Up to this many rows B is not worth packing as a whole.
constexpr int64_t kThinRows = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// The calling thread's packing buffer: it grows to the largest product seen and is freed when the thread ends.
class Scratch {
 public:
  ~Scratch() { release(); }
  char* reserve(size_t bytes) {
    if (bytes > size_) {
      release();
      data_ = static_cast<char*>(::operator new(bytes, std::align_val_t(kAlign)));
      size_ = bytes;
    }
    return data_;
  }

 private:
  static constexpr size_t kAlign = 64;
  void release() {
    if (data_) ::operator delete(data_, std::align_val_t(kAlign));
    data_ = nullptr;
    size_ = 0;
  }
  char* data_ = nullptr;
  size_t size_ = 0;
};
// B's panels are shared by the threads of one product; A's belong to each.
thread_local Scratch shared_scratch, private_scratch;

struct Product {
  const GemmKernel& kernel;
  int64_t item;  // bytes per element
  int64_t m, n, k;
  MatrixView a, b;
  void* c;
  int64_t ldc;
  const Epilogue* epilogue;
  bool accumulate;
  const char* packed_b;

  const char* a_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(a.data) + (row * a.row_stride + col * a.col_stride) * item;
  }
  const char* b_at(int64_t row, int64_t col) const {
    return static_cast<const char*>(b.data) + (row * b.row_stride + col * b.col_stride) * item;
  }
  char* c_at(int64_t row, int64_t col) const { return static_cast<char*>(c) + (row * ldc + col) * item; }
  // The epilogue of a part of C that begins at row i, column j.
  Epilogue epilogue_at(int64_t i, int64_t j) const {
    Epilogue part = *epilogue;
    if (part.row_bias) part.row_bias = static_cast<const char*>(part.row_bias) + j * item;
    if (part.col_bias) part.col_bias = static_cast<const char*>(part.col_bias) + i * item;
    if (part.residual) {
      part.residual = static_cast<const char*>(part.residual) + (i * part.residual_stride + j) * item;
    }
    return part;
  }
  // The panels of packed_b that rows pc .. pc + depth of B are in; the one of column j, a multiple of nr.
  const char* packed_at(int64_t pc, int64_t depth, int64_t j) const {
    return packed_b + (round_up(n, kernel.nr) * pc + j * depth) * item;
  }
  double work() const { return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  int threads() const {
    return static_cast<int>(std::min<double>(num_threads(), std::max(1.0, work() / kWorkPerThread)));
  }
};

// The largest size not above `most` that cuts n into equal blocks: better than full ones and a rest.
int64_t equal_block(int64_t n, int64_t most) { return ceil_div(n, std::max<int64_t>(ceil_div(n, most), 1)); }

// C[i .. i + m, j .. j + n] for one panel of B, n <= nr, from m rows of packed A.
void multiply_panel(const Product& p, int64_t i, int64_t m, int64_t j, int64_t n, int64_t k, const char* a_panels,
                    const char* b, int64_t b_row_stride, bool accumulate, bool last) {
  const GemmKernel& kernel = p.kernel;
  const bool ends = last && p.epilogue;
  for (int64_t row = 0; row < m; row += kernel.mr) {
    const Epilogue part = ends ? p.epilogue_at(i + row, j) : Epilogue{};
    kernel.micro(k, a_panels + row * k * p.item, b, b_row_stride, p.c_at(i + row, j), p.ldc,
                 std::min<int64_t>(kernel.mr, m - row), n, accumulate, ends ? &part : nullptr);
  }
}

// Runs body(j, width) over column ranges of C that are whole multiples of `unit` wide but for the last.
template <class Body>
void for_column_ranges(const Product& p, int64_t unit, Body&& body) {
  const int threads = p.threads();
  if (threads == 1) return body(int64_t{0}, p.n);
  const int64_t units = ceil_div(p.n, unit);
  parallel_for(units, ceil_div(units, threads),
               [&](int64_t begin, int64_t end) { body(begin * unit, std::min(end * unit, p.n) - begin * unit); });
}

void multiply_rows(const Product& p) {
  for_column_ranges(p, 256, [&](int64_t j, int64_t width) {
    const Epilogue part = p.epilogue ? p.epilogue_at(0, j) : Epilogue{};
    p.kernel.rows(p.m, width, p.k, p.a.data, p.a.row_stride, p.a.col_stride, p.b_at(0, j), p.b.row_stride, p.c_at(0, j),
                  p.ldc, p.accumulate, p.epilogue ? &part : nullptr);
  });
}

// A dot product ends in a sum across lanes, which a long k pays for; a narrow C would waste most of a packed panel.
bool dots_pay(const Product& p) {
  const int64_t narrow = std::min(p.m, p.n);
  return narrow <= 4 || (narrow <= 32 && p.k >= 64);
}

void multiply_dots(const Product& p) {
  if (p.n >= p.m) {
    for_column_ranges(p, 64, [&](int64_t j, int64_t width) {
      const Epilogue part = p.epilogue ? p.epilogue_at(0, j) : Epilogue{};
      p.kernel.dots(p.m, width, p.k, p.a.data, p.a.row_stride, p.b_at(0, j), p.b.col_stride, p.c_at(0, j), p.ldc,
                    p.accumulate, p.epilogue ? &part : nullptr);
    });
    return;
  }
  const int64_t unit = 64, units = ceil_div(p.m, unit);
  parallel_for(units, ceil_div(units, p.threads()), [&](int64_t begin, int64_t end) {
    const int64_t i = begin * unit, height = std::min(end * unit, p.m) - i;
    const Epilogue part = p.epilogue ? p.epilogue_at(i, 0) : Epilogue{};
    p.kernel.dots(height, p.n, p.k, p.a_at(i, 0), p.a.row_stride, p.b.data, p.b.col_stride, p.c_at(i, 0), p.ldc,
                  p.accumulate, p.epilogue ? &part : nullptr);
  });
}

// Few rows: A is packed once and stays in L2 while the threads go through the columns of B, a panel at a time. A panel
// is packed just before its only use, or read in place when its rows are contiguous.
void multiply_thin(const Product& p) {
  const GemmKernel& kernel = p.kernel;
  const int64_t nr = kernel.nr, padded = round_up(p.m, kernel.mr);
  const int64_t kc = equal_block(p.k, kernel.kc);
  char* const a_panels = shared_scratch.reserve(static_cast<size_t>(padded * kc * p.item));
  for (int64_t pc = 0; pc < p.k || pc == 0; pc += kc) {
    const int64_t depth = std::min(kc, p.k - pc);
    const bool last = pc + depth >= p.k;
    kernel.pack_a(p.a_at(0, pc), p.a.row_stride, p.a.col_stride, p.m, depth, a_panels);
    for_column_ranges(p, nr, [&](int64_t begin, int64_t width) {
      char* const b_panel = private_scratch.reserve(static_cast<size_t>(nr * depth * p.item));
      for (int64_t j = begin; j < begin + width; j += nr) {
        const int64_t columns = std::min(nr, begin + width - j);
        const char* b = p.b_at(pc, j);
        int64_t b_row_stride = p.b.row_stride;
        if (p.packed_b) {
          b = p.packed_at(pc, depth, j);
          b_row_stride = nr;
        } else if (columns < nr || p.b.col_stride != 1) {
          kernel.pack_b(b, p.b.row_stride, p.b.col_stride, depth, columns, b_panel);
          b = b_panel;
          b_row_stride = nr;
        }
        multiply_panel(p, 0, p.m, j, columns, depth, a_panels, b, b_row_stride, p.accumulate || pc > 0, last);
      }
    });
    if (p.k == 0) break;
  }
}

// How `threads` threads divide a grid of tiles: rows × cols of them, the largest share as small as can be.
struct Grid {
  int rows = 1, cols = 1;
};
Grid partition(int64_t row_tiles, int64_t col_tiles, int threads) {
  Grid best;
  int64_t least = INT64_MAX;
  for (int rows = 1; rows <= threads; ++rows) {
    const Grid grid{rows, threads / rows};
    const int64_t share = ceil_div(row_tiles, grid.rows) * ceil_div(col_tiles, grid.cols);
    // On a tie more rows: each thread packs the rows of A it works on.
    if (share <= least) {
      least = share;
      best = grid;
    }
  }
  return best;
}

// The loops of BLIS: columns of C by nc, k by kc, rows by mc, then panels. B's kc × nc block is packed by all threads
// together; each thread then packs the A blocks of its own part of C.
void multiply_blocked(const Product& p) {
  const GemmKernel& kernel = p.kernel;
  const int64_t mr = kernel.mr, nr = kernel.nr;
  const int threads = p.threads();
  const int64_t kc = equal_block(p.k, kernel.kc), nc = round_up(equal_block(p.n, kernel.nc), nr);
  char* const b_panels =
      p.packed_b ? nullptr : shared_scratch.reserve(static_cast<size_t>(std::min(nc, round_up(p.n, nr)) * kc * p.item));

  for (int64_t jc = 0; jc < p.n; jc += nc) {
    const int64_t width = std::min(nc, p.n - jc);
    const int64_t row_tiles = ceil_div(p.m, mr), col_tiles = ceil_div(width, nr);
    const Grid grid = partition(row_tiles, col_tiles, threads);
    for (int64_t pc = 0; pc < p.k || pc == 0; pc += kc) {
      const int64_t depth = std::min(kc, p.k - pc);
      const bool last = pc + depth >= p.k;
      if (!p.packed_b) {
        parallel_for(col_tiles, ceil_div(col_tiles, threads), [&](int64_t begin, int64_t end) {
          kernel.pack_b(p.b_at(pc, jc + begin * nr), p.b.row_stride, p.b.col_stride, depth,
                        std::min(end * nr, width) - begin * nr, b_panels + begin * nr * depth * p.item);
        });
      }
      const char* const panels = p.packed_b ? p.packed_at(pc, depth, jc) : b_panels;
      parallel_for(grid.rows * grid.cols, 1, [&](int64_t begin, int64_t end) {
        for (int64_t part = begin; part < end; ++part) {
          const int64_t r = part / grid.cols, s = part % grid.cols;
          const int64_t i_begin = row_tiles * r / grid.rows * mr, j_begin = col_tiles * s / grid.cols * nr;
          const int64_t i_end = std::min(row_tiles * (r + 1) / grid.rows * mr, p.m);
          const int64_t j_end = std::min(col_tiles * (s + 1) / grid.cols * nr, width);
          if (i_begin >= i_end || j_begin >= j_end) continue;
          const int64_t rows = i_end - i_begin;
          const int64_t mc = round_up(equal_block(rows, kernel.mc), mr);
          char* const a_panels = private_scratch.reserve(static_cast<size_t>(mc * depth * p.item));
          for (int64_t i = i_begin; i < i_end; i += mc) {
            const int64_t height = std::min(mc, i_end - i);
            kernel.pack_a(p.a_at(i, pc), p.a.row_stride, p.a.col_stride, height, depth, a_panels);
            for (int64_t j = j_begin; j < j_end; j += nr) {
              multiply_panel(p, i, height, jc + j, std::min(nr, j_end - j), depth, a_panels,
                             panels + j * depth * p.item, nr, p.accumulate || pc > 0, last);
            }
          }
        }
      });
      if (p.k == 0) break;
    }
  }
}

}  // namespace

namespace {

const GemmKernel& kernel_of(DType dtype) { return kernels().gemm[static_cast<int>(dtype)]; }

using Path = void (*)(const Product& p);

Path path_of(const Product& p) {
  if (p.m <= GemmKernel::kMaxRows && p.b.col_stride == 1) return multiply_rows;
  if (p.a.col_stride == 1 && p.b.row_stride == 1 && dots_pay(p)) return multiply_dots;
  return p.m <= kThinRows ? multiply_thin : multiply_blocked;
}

}  // namespace

void gemm(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
          const Epilogue* epilogue, const GemmOptions& options) {
  if (m <= 0 || n <= 0) return;
  const Product p{kernel_of(dtype),   static_cast<int64_t>(item_size(dtype)),    m, n, k, a, b, c, ldc, epilogue,
                  options.accumulate, static_cast<const char*>(options.packed_b)};
  path_of(p)(p);
}

bool gemm_packs_b(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b) {
  const Product p{kernel_of(dtype), 0, m, n, k, a, b, nullptr, n, nullptr, false, nullptr};
  const Path path = path_of(p);
  return path == multiply_thin || path == multiply_blocked;
}

size_t packed_gemm_b_bytes(DType dtype, int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kernel_of(dtype).nr) * k) * item_size(dtype);
}

void pack_gemm_b(DType dtype, int64_t n, int64_t k, MatrixView b, void* packed) {
  const Product p{kernel_of(dtype),
                  static_cast<int64_t>(item_size(dtype)),
                  0,
                  n,
                  k,
                  {},
                  b,
                  nullptr,
                  0,
                  nullptr,
                  false,
                  static_cast<const char*>(packed)};
  const int64_t kc = equal_block(k, p.kernel.kc), panels = ceil_div(n, p.kernel.nr);
  for (int64_t pc = 0; pc < k; pc += kc) {
    const int64_t depth = std::min(kc, k - pc);
    parallel_for(panels, 1 + kPackGrain / (p.kernel.nr * depth), [&](int64_t begin, int64_t end) {
      const int64_t j = begin * p.kernel.nr, width = std::min(end * p.kernel.nr, n) - j;
      p.kernel.pack_b(p.b_at(pc, j), b.row_stride, b.col_stride, depth, width,
                      const_cast<char*>(p.packed_at(pc, depth, j)));
    });
  }
}

}  // namespace flambeau
