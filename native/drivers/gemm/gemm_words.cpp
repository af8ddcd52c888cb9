// The loops around the word kernels. A tile runs over all of k, or over parts of a size that the kernel names: no sum
// depends on how many rows, columns or threads there are, and C is written once. A block of A of some hundred kilobytes
// stays in L2 while the panels of B pass by.
#include "gemm_words.h"

#include <algorithm>

#include "../../parallel/shares.h"
#include "gemm_blocks.h"

namespace flambeau {
namespace {

constexpr int64_t kBBlock = 16 * 1024 * 1024;  // bytes packed at a time, about half of L3
constexpr double kWordWorkPerThread = 2 * kWorkPerThread;

int64_t words_of(const WordKernel& kernel, int64_t k) { return round_up(ceil_div(k, kernel.depth), kernel.step); }

struct Product {
  const WordKernel& kernel;
  int64_t m, n, k;
  char* c;
  int64_t ldc, c_item;
  const WordEpilogue& epilogue;

  int64_t words() const { return words_of(kernel, k); }
  int64_t panel_bytes(int64_t lanes) const { return lanes * words() * 4; }
  int64_t words_at_once() const { return kernel.most_words > 0 ? kernel.most_words : words(); }
  // Of sums that wait between the parts of k, for as many rows.
  int64_t sums_bytes(int64_t rows) const {
    return words() > words_at_once() ? round_up(rows, kernel.mr) * kernel.nr * 4 : 0;
  }
  char* c_at(int64_t i, int64_t j) const { return c + (i * ldc + j) * c_item; }
  int threads() const {
    const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    const double read = static_cast<double>(panel_bytes(std::max(m, n)));
    return threads_worth(std::max(work / kWordWorkPerThread, read / kBytesPerThread));
  }
  // Rows of A that are packed together: three eighths of L2.
  int64_t a_rows() const {
    const int64_t bytes = cache_sizes().l2 / 8 * 3;
    const int64_t most = std::max<int64_t>(1, bytes / std::max<int64_t>(1, panel_bytes(kernel.mr)));
    return kernel.mr * ceil_div(ceil_div(m, kernel.mr), ceil_div(ceil_div(m, kernel.mr), most));
  }
};

// A masked store of the packing may write up to a vector from the last lane on.
constexpr size_t kSlack = 64;

// C[i …, j …] of packed rows and one panel of B. `sums` has room for sums_bytes() of those rows.
void multiply_panel(const Product& p, int64_t i, int64_t m, int64_t j, int64_t n, const char* a_panels, const char* b,
                    char* sums) {
  const int64_t mr = p.kernel.mr, nr = p.kernel.nr, words = p.words(), most = p.words_at_once();
  int64_t word = 0;
  do {
    const int64_t some = std::min(most, words - word);
    for (int64_t row = 0; row < m; row += mr) {
      const WordPart part{sums + row * nr * 4, word == 0, word + some == words};
      p.kernel.micro(some, a_panels + p.panel_bytes(row) + word * mr * 4, b + word * nr * 4, part, j,
                     std::min(mr, m - row), n, p.epilogue, p.c_at(i + row, j), p.ldc);
    }
    word += some;
  } while (word < words);
}

// pack_a(row, rows, panels, room) packs rows of A, with `room_bytes` to work in; pack_b(column, columns, panels)
// columns of B, a whole number of panels but for the last, or packed_b holds them all. The caller reserves the memory
// of all threads, since nothing may be thrown across the pool.
template <class PackA, class PackB>
void multiply(const Product& p, const char* packed_b, size_t room_bytes, PackA&& pack_a, PackB&& pack_b) {
  const int64_t mr = p.kernel.mr, nr = p.kernel.nr, rows_together = p.a_rows();
  const int threads = p.threads();
  const auto bytes_of = [&](int64_t lanes) {
    return static_cast<size_t>(round_up(p.panel_bytes(lanes) + static_cast<int64_t>(kSlack), 64));
  };
  const Grid grid = share_out(p.m, p.n, nr, threads, true, packed_b ? Columns::packed : Columns::to_pack);
  if (ceil_div(p.m, grid.rows) <= rows_together) {
    // Each thread packs its rows of A once, and a panel of B just before its only use.
    const size_t a_bytes = bytes_of(round_up(ceil_div(p.m, grid.rows), mr)), b_bytes = packed_b ? 0 : bytes_of(nr);
    const size_t sums_bytes = static_cast<size_t>(p.sums_bytes(ceil_div(p.m, grid.rows)));
    const size_t part_bytes = a_bytes + std::max(room_bytes, b_bytes) + sums_bytes;
    const int64_t panels = ceil_div(p.n, nr);
    const Grid cut = in_columns(grid, panels);
    const Scratch scratch(grid.parts() * static_cast<int64_t>(part_bytes));
    share_units(grid.parts(), cut.cols / grid.cols, [&](int thread) {
      char *const a_panels = scratch.data() + static_cast<size_t>(thread) * part_bytes, *const own = a_panels + a_bytes;
      return [&, a_panels, own, packed_r = int64_t{-1}](int64_t unit) mutable {
        const int64_t r = unit / cut.cols;
        const Area at = area_at(cut, p.m, panels, r, unit % cut.cols);
        const int64_t i = at.row, height = at.row_end - i;
        if (packed_r != r) pack_a(i, height, a_panels, own);
        packed_r = r;
        for (int64_t panel = at.col; panel < at.col_end; ++panel) {
          const int64_t j = panel * nr, width = std::min(nr, p.n - j);
          if (!packed_b) pack_b(j, width, own);
          multiply_panel(p, i, height, j, width, a_panels, packed_b ? packed_b + p.panel_bytes(j) : own,
                         a_panels + part_bytes - sums_bytes);
        }
      };
    });
    return;
  }
  const int64_t columns_together = std::max<int64_t>(1, kBBlock / std::max<int64_t>(1, p.panel_bytes(nr))) * nr;
  const size_t sums_bytes = static_cast<size_t>(p.sums_bytes(rows_together));
  const size_t part_bytes = bytes_of(rows_together) + room_bytes + sums_bytes;
  for (int64_t jc = 0; jc < p.n; jc += columns_together) {
    const int64_t width = std::min(columns_together, p.n - jc);
    const int64_t row_tiles = ceil_div(p.m, mr), col_tiles = ceil_div(width, nr);
    const char* b_panels = packed_b ? packed_b + p.panel_bytes(jc) : nullptr;
    const Scratch b_scratch(packed_b ? 0 : static_cast<int64_t>(bytes_of(round_up(width, nr))));
    if (char* const shared = b_scratch.data()) {
      share_ranges(col_tiles, 1, threads, [&](int, int64_t begin, int64_t end) {
        pack_b(jc + begin * nr, std::min(end * nr, width) - begin * nr, shared + p.panel_bytes(begin * nr));
      });
      b_panels = shared;
    }
    const Grid parts = partition(row_tiles, col_tiles, threads, true);
    const Scratch own(parts.parts() * static_cast<int64_t>(part_bytes));
    const int64_t blocks = row_blocks(ceil_div(row_tiles, parts.rows), rows_together / mr, parts.parts());
    share_units(parts.parts(), blocks, [&](int thread) {
      return [&, a_panels = own.data() + static_cast<size_t>(thread) * part_bytes](int64_t unit) {
        const Area at = row_block_at(parts, blocks, row_tiles, col_tiles, unit);
        const int64_t i = at.row * mr, i_end = std::min(at.row_end * mr, p.m);
        const int64_t j_begin = at.col * nr, j_end = std::min(at.col_end * nr, width);
        if (i >= i_end || j_begin >= j_end) return;
        pack_a(i, i_end - i, a_panels, a_panels + bytes_of(rows_together));
        for (int64_t j = j_begin; j < j_end; j += nr) {
          multiply_panel(p, i, i_end - i, jc + j, std::min(nr, j_end - j), a_panels, b_panels + p.panel_bytes(j),
                         a_panels + part_bytes - sums_bytes);
        }
      };
    });
  }
}

const uint16_t* at(MatrixView x, int64_t row, int64_t col) {
  return static_cast<const uint16_t*>(x.data) + row * x.row_stride + col * x.col_stride;
}

// Products of rows and columns read in place end in a sum across lanes, which a long k pays for.
bool dots_pay(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b) {
  if (a.col_stride != 1 || b.row_stride != 1) return false;
  const int64_t narrow = std::min(m, n);
  return narrow <= 4 || (narrow <= kernels<GemmTable>().gemm_bf16.most_dots && k >= 128);
}

void multiply_dots(const Product& p, MatrixView a, MatrixView b) {
  constexpr int64_t kUnit = 32;
  const bool by_columns = p.n >= p.m;
  const int64_t units = ceil_div(by_columns ? p.n : p.m, kUnit);
  share_ranges(units, 1, p.threads(), [&](int, int64_t begin, int64_t end) {
    const int64_t first = begin * kUnit;
    if (by_columns) {
      p.kernel.dots(p.m, std::min(end * kUnit, p.n) - first, p.k, a.data, a.row_stride, at(b, 0, first), b.col_stride,
                    first, p.epilogue, p.c_at(0, first), p.ldc);
    } else {
      p.kernel.dots(std::min(end * kUnit, p.m) - first, p.n, p.k, at(a, first, 0), a.row_stride, b.data, b.col_stride,
                    0, p.epilogue, p.c_at(first, 0), p.ldc);
    }
  });
}

size_t packed_bytes(const WordKernel& kernel, int64_t n, int64_t k) {
  return static_cast<size_t>(round_up(n, kernel.nr) * words_of(kernel, k)) * 4 + kSlack;
}

// Calls pack(column, columns, panels) for the panels of a whole matrix.
template <class Pack>
void pack_all(const WordKernel& kernel, int64_t n, int64_t k, void* packed, Pack&& pack) {
  const int64_t panel_bytes = kernel.nr * words_of(kernel, k) * 4, panels = ceil_div(n, kernel.nr);
  parallel_for(panels, 1 + (1 << 18) / (1 + panel_bytes), [&](int64_t begin, int64_t end) {
    const int64_t j = begin * kernel.nr;
    pack(j, std::min(end * kernel.nr, n) - j, static_cast<char*>(packed) + begin * panel_bytes);
  });
}

}  // namespace

bool has_bf16_gemm() { return kernels<GemmTable>().gemm_bf16.micro != nullptr; }

void gemm_bf16(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
               const WordEpilogue& epilogue, const void* packed_b) {
  if (m <= 0 || n <= 0) return;
  const WordKernel& kernel = kernels<GemmTable>().gemm_bf16;
  const Product p{kernel, m, n, k, static_cast<char*>(c), ldc, 2, epilogue};
  if (dots_pay(m, n, k, a, b)) return multiply_dots(p, a, b);
  multiply(
      p, static_cast<const char*>(packed_b), 0,
      [&](int64_t i, int64_t rows, char* to, char*) {
        kernel.pack_a(at(a, i, 0), a.row_stride, a.col_stride, rows, k, to);
      },
      [&](int64_t j, int64_t cols, char* to) { kernel.pack_b(at(b, 0, j), b.col_stride, b.row_stride, cols, k, to); });
}

bool bf16_gemm_packs_b(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b) { return !dots_pay(m, n, k, a, b); }

size_t packed_bf16_b_bytes(int64_t n, int64_t k) { return packed_bytes(kernels<GemmTable>().gemm_bf16, n, k); }

void pack_bf16_b(int64_t n, int64_t k, MatrixView b, void* packed) {
  const WordKernel& kernel = kernels<GemmTable>().gemm_bf16;
  pack_all(kernel, n, k, packed, [&](int64_t j, int64_t cols, char* to) {
    kernel.pack_b(at(b, 0, j), b.col_stride, b.row_stride, cols, k, to);
  });
}

void gemm_int8(int64_t m, int64_t n, int64_t k, const QuantizedRows& a, const void* packed_b, float* c, int64_t ldc,
               const WordEpilogue& epilogue) {
  if (m <= 0 || n <= 0) return;
  const WordKernel& kernel = kernels<GemmTable>().gemm_int8;
  const Product p{kernel, m, n, k, reinterpret_cast<char*>(c), ldc, 4, epilogue};
  // A panel's rows are quantised, then packed while they are in cache.
  const auto pack_a = [&](int64_t i, int64_t rows, char* to, char* room) {
    auto* const bytes = reinterpret_cast<uint8_t*>(room);
    for (int64_t first = 0; first < rows; first += kernel.mr) {
      const int64_t count = std::min<int64_t>(kernel.mr, rows - first);
      for (int64_t row = 0; row < count; ++row) {
        kernels<GemmTable>().quantize(a.data + (i + first + row) * a.row_stride, bytes + row * k,
                                      static_cast<size_t>(k), 1 / a.scale, static_cast<float>(a.zero_point),
                                      static_cast<float>(a.most));
      }
      kernel.pack_a(bytes, k, 1, count, k, to + p.panel_bytes(first));
    }
  };
  const auto room = static_cast<size_t>(round_up(kernel.mr * k, 64));
  multiply(p, static_cast<const char*>(packed_b), room, pack_a, [](int64_t, int64_t, char*) {});
}

size_t packed_int8_b_bytes(int64_t n, int64_t k) { return packed_bytes(kernels<GemmTable>().gemm_int8, n, k); }

void pack_int8_b(int64_t n, int64_t k, const int8_t* weight, void* packed) {
  const WordKernel& kernel = kernels<GemmTable>().gemm_int8;
  pack_all(kernel, n, k, packed,
           [&](int64_t j, int64_t cols, char* to) { kernel.pack_b(weight + j * k, k, 1, cols, k, to); });
}

}  // namespace flambeau
