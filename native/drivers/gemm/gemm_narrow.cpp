// The paths of products with few rows or few columns, whose kernels read at least the wide operand in place
// (native/kernels/gemm_narrow.cpp).
#include <algorithm>
#include <cstring>

#include "../../parallel/shares.h"
#include "gemm_product.h"

namespace flambeau {
namespace {

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

// Where the wide operand of a narrow product is read from.
Reach reach_of(const Product& p) {
  const int64_t bytes = std::max(p.m, p.n) * p.k * p.item;
  return bytes <= cache_sizes().l2 ? Reach::l2 : bytes <= cache_sizes().l3 ? Reach::l3 : Reach::memory;
}

// Columns of a row of B that a thread should read on end.
constexpr int64_t kRowUnit = 64;

// Applies the epilogue to rows of C: a product of depth 0 adds nothing and ends with it.
void finish(const Product& p, int64_t i, int64_t rows) {
  if (!p.epilogue) return;
  for (int64_t r = 0; r < rows; r += GemmKernel::kMaxRows) {
    p.kernel.rows(std::min(GemmKernel::kMaxRows, rows - r), p.n, 0, nullptr, 0, 0, nullptr, 0, p.c_at(i + r, 0), p.ldc,
                  true, EpilogueAt(p, i + r, 0), Reach::l2);
  }
}

}  // namespace

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

}  // namespace flambeau
