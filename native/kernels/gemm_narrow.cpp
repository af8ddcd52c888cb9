// Products with few rows or few columns, whose operands are read in place and once.
#include "fill.h"
#include "gemm.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Few rows: C[m, n] += a column of A times a row of B, the rows of B read in place and once.

// Vector v covers columns v * size, the last one columns `last` on. Columns covered twice are computed twice, alike.
template <class T, int kRows, int kCols>
FLAMBEAU_NOINLINE void rows_tile(int64_t k, const T* a, int64_t a_row_stride, int64_t a_col_stride, const T* b,
                                 int64_t b_row_stride, int64_t last, T* c, int64_t ldc, bool accumulate) {
  using V = Lanes<T>;
  constexpr int kSize = V::size;
  V acc[kRows][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) {
      acc[i][v] = accumulate ? V::load(c + i * ldc + (v == kCols - 1 ? last : v * kSize)) : V(T(0));
    }
  }
  for (int64_t p = 0; p < k; ++p, a += a_col_stride, b += b_row_stride) {
    V x[kRows];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) x[i] = V(a[i * a_row_stride]);
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) {
      const V row = V::load(b + (v == kCols - 1 ? last : v * kSize));
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows; ++i) acc[i][v] = fma(x[i], row, acc[i][v]);
    }
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i, c += ldc) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v].store(c + (v == kCols - 1 ? last : v * kSize));
  }
}

template <class T, int kRows>
FLAMBEAU_NOINLINE void rows_below_one_vector(int64_t n, int64_t k, const T* a, int64_t a_row_stride,
                                             int64_t a_col_stride, const T* b, int64_t b_row_stride, T* c, int64_t ldc,
                                             bool accumulate) {
  using V = Lanes<T>;
  V acc[kRows];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) acc[i] = accumulate ? V::load_partial(c + i * ldc, n) : V(T(0));
  for (int64_t p = 0; p < k; ++p, a += a_col_stride, b += b_row_stride) {
    const V row = V::load_partial(b, n);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) acc[i] = fma(V(a[i * a_row_stride]), row, acc[i]);
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) acc[i].store_partial(c + i * ldc, n);
}

// n is at least one vector.
template <class T, int kRows>
void rows_of(int64_t n, int64_t k, const T* a, int64_t a_row_stride, int64_t a_col_stride, const T* b,
             int64_t b_row_stride, T* c, int64_t ldc, bool accumulate) {
  constexpr int64_t kSize = Lanes<T>::size;
  // Eight chains of multiply-adds hide their latency; more rows take fewer vectors.
  constexpr int kCols = kRows == 1 ? 8 : kRegisters == 16 ? (kRows == 2 ? 4 : 2) : kRows == 2 ? 8 : 4;
  for (int64_t j = 0; j < n;) {
    const int64_t left = n - j;
    // The widest tile of which at most the last vector hangs over.
    const auto columns = [&](auto cols) {
      constexpr int kCount = decltype(cols)::value < kCols ? decltype(cols)::value : kCols;
      const int64_t last = left < kCount * kSize ? left - kSize : (kCount - 1) * kSize;
      rows_tile<T, kRows, kCount>(k, a, a_row_stride, a_col_stride, b + j, b_row_stride, last, c + j, ldc, accumulate);
      j += kCount * kSize;
    };
    if (left > 7 * kSize) {
      columns(std::integral_constant<int, 8>());
    } else if (left > 3 * kSize) {
      columns(std::integral_constant<int, 4>());
    } else if (left > kSize) {
      columns(std::integral_constant<int, 2>());
    } else if (left == kSize || !accumulate) {
      j -= kSize - left;
      rows_tile<T, kRows, 1>(k, a, a_row_stride, a_col_stride, b + j, b_row_stride, 0, c + j, ldc, accumulate);
      return;
    } else {  // the overhanging columns would add twice
      rows_below_one_vector<T, kRows>(left, k, a, a_row_stride, a_col_stride, b + j, b_row_stride, c + j, ldc, true);
      return;
    }
  }
}

// kDepth rows of B, of `columns` elements each, whole vectors; the sums wait in C. From memory the next rows are
// fetched as well, which the processor's own prefetching is too late with.
template <class T, int kRows, int kDepth, int kCols, bool kFetches>
FLAMBEAU_NOINLINE void rows_pass(int64_t columns, const T* a, int64_t a_row_stride, int64_t a_col_stride, const T* b,
                                 int64_t b_row_stride, T* c, int64_t ldc, bool accumulate) {
  using V = Lanes<T>;
  constexpr int kSize = V::size;
  V x[kDepth][kRows];
  FLAMBEAU_UNROLL
  for (int p = 0; p < kDepth; ++p) {
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) x[p][i] = V(a[p * a_col_stride + i * a_row_stride]);
  }
  const auto group = [&](auto cols, int64_t j) {
    constexpr int kCount = decltype(cols)::value;
    V acc[kRows][kCount];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) {
      FLAMBEAU_UNROLL
      for (int v = 0; v < kCount; ++v) acc[i][v] = accumulate ? V::load(c + i * ldc + j + v * kSize) : V(T(0));
    }
    FLAMBEAU_UNROLL
    for (int p = 0; p < kDepth; ++p) {
      const T* const from = b + p * b_row_stride + j;
      FLAMBEAU_UNROLL
      for (int v = 0; v < kCount; ++v) {
        if constexpr (kFetches) FLAMBEAU_PREFETCH_L2(from + kDepth * b_row_stride + v * kSize);
        const V row = V::load(from + v * kSize);
        FLAMBEAU_UNROLL
        for (int i = 0; i < kRows; ++i) acc[i][v] = fma(x[p][i], row, acc[i][v]);
      }
    }
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) {
      FLAMBEAU_UNROLL
      for (int v = 0; v < kCount; ++v) acc[i][v].store(c + i * ldc + j + v * kSize);
    }
  };
  int64_t j = 0;
  for (; j + kCols * kSize <= columns; j += kCols * kSize) group(std::integral_constant<int, kCols>(), j);
  for (; j < columns; j += kSize) group(std::integral_constant<int, 1>(), j);
}

// B's rows are read a few at a time and from end to end, which the prefetchers follow.
template <class T, int kRows, int kDepth, int kCols, bool kFetches>
void rows_streamed(int64_t n, int64_t k, const T* a, int64_t a_row_stride, int64_t a_col_stride, const T* b,
                   int64_t b_row_stride, T* c, int64_t ldc, bool accumulate) {
  const int64_t whole = n / Lanes<T>::size * Lanes<T>::size;
  int64_t p = 0;
  for (; p + kDepth <= k; p += kDepth) {
    rows_pass<T, kRows, kDepth, kCols, kFetches>(whole, a + p * a_col_stride, a_row_stride, a_col_stride,
                                                 b + p * b_row_stride, b_row_stride, c, ldc, accumulate || p > 0);
  }
  if (p < k || k == 0) {
    rows_of<T, kRows>(whole, k - p, a + p * a_col_stride, a_row_stride, a_col_stride, b + p * b_row_stride,
                      b_row_stride, c, ldc, accumulate || p > 0);
  }
  if (whole < n) {
    rows_below_one_vector<T, kRows>(n - whole, k, a, a_row_stride, a_col_stride, b + whole, b_row_stride, c + whole,
                                    ldc, accumulate);
  }
}

template <class T, int kRows>
void rows_from(Reach reach, int64_t n, int64_t k, const T* a, int64_t a_row_stride, int64_t a_col_stride, const T* b,
               int64_t b_row_stride, T* c, int64_t ldc, bool accumulate) {
  // What kRows × kCols sums and kRows × kDepth factors leave of the registers.
  constexpr int kWide = kRegisters == 32 ? 8 : 4;
  constexpr int kCols = kRows == 1 ? kWide : kRows == 2 ? kWide / 2 : kWide / 4;
  constexpr int kDepth = kRows <= 2 ? 6 : 4;
  constexpr int kFarDepth = kRows == 1 && kRegisters == 32 ? 8 : 4, kFarCols = kCols < 2 ? kCols : 2;
  if (n < static_cast<int64_t>(Lanes<T>::size)) {
    rows_below_one_vector<T, kRows>(n, k, a, a_row_stride, a_col_stride, b, b_row_stride, c, ldc, accumulate);
  } else if (reach == Reach::memory) {
    rows_streamed<T, kRows, kFarDepth, kFarCols, true>(n, k, a, a_row_stride, a_col_stride, b, b_row_stride, c, ldc,
                                                       accumulate);
  } else if (reach == Reach::l3) {
    rows_streamed<T, kRows, kDepth, kCols, false>(n, k, a, a_row_stride, a_col_stride, b, b_row_stride, c, ldc,
                                                  accumulate);
  } else {
    rows_of<T, kRows>(n, k, a, a_row_stride, a_col_stride, b, b_row_stride, c, ldc, accumulate);
  }
}

template <class T>
void rows(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride, const void* b,
          int64_t b_row_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue, Reach reach) {
  const T* const left = static_cast<const T*>(a);
  const T* const right = static_cast<const T*>(b);
  T* const out = static_cast<T*>(c);
  switch (m) {
    case 1:
      rows_from<T, 1>(reach, n, k, left, a_row_stride, a_col_stride, right, b_row_stride, out, ldc, accumulate);
      break;
    case 2:
      rows_from<T, 2>(reach, n, k, left, a_row_stride, a_col_stride, right, b_row_stride, out, ldc, accumulate);
      break;
    case 3:
      rows_from<T, 3>(reach, n, k, left, a_row_stride, a_col_stride, right, b_row_stride, out, ldc, accumulate);
      break;
    default:
      rows_from<T, 4>(reach, n, k, left, a_row_stride, a_col_stride, right, b_row_stride, out, ldc, accumulate);
      break;
  }
  if (epilogue) finish_tile(*epilogue, out, ldc, m, n);
}

// Dot products of rows of A with columns of B, both read in place.

// kRows × kCols sums; n < kCols repeats the last column, whose sums are dropped.
template <class T, int kRows, int kCols>
FLAMBEAU_NOINLINE void dots_tile(int64_t k, const T* a, int64_t a_row_stride, const T* b, int64_t b_col_stride,
                                 int64_t n, T* c, int64_t ldc, bool accumulate) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  const T* column[kCols];
  FLAMBEAU_UNROLL
  for (int j = 0; j < kCols; ++j) column[j] = b + (j < n ? j : n - 1) * b_col_stride;
  V acc[kRows][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) acc[i][j] = V(T(0));
  }
  const auto step = [&](auto load) {
    V x[kRows];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) x[i] = load(a + i * a_row_stride);
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) {
      const V y = load(column[j]);
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows; ++i) acc[i][j] = fma(x[i], y, acc[i][j]);
    }
  };
  int64_t p = 0;
  for (; p + kSize <= k; p += kSize) step([p](const T* x) { return V::load(x + p); });
  if (const int64_t rest = k - p) step([p, rest](const T* x) { return V::load_partial(x + p, rest); });
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i, c += ldc) {
    T sums[kCols];
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; j += 4) sum4(acc[i][j], acc[i][j + 1], acc[i][j + 2], acc[i][j + 3], sums + j);
    const int64_t width = n < kCols ? n : kCols;
    if (accumulate) {
      for (int64_t j = 0; j < width; ++j) c[j] += sums[j];
    } else if (width == kCols) {
      memcpy(c, sums, sizeof sums);
    } else {
      for (int64_t j = 0; j < width; ++j) c[j] = sums[j];
    }
  }
}

template <class T, int kRows, int kCols>
FLAMBEAU_INLINE void dots_column(int64_t m, int64_t k, const T* a, int64_t a_row_stride, const T* b,
                                 int64_t b_col_stride, int64_t n, T* c, int64_t ldc, bool accumulate) {
  for (; m >= kRows; m -= kRows, a += kRows * a_row_stride, c += kRows * ldc) {
    dots_tile<T, kRows, kCols>(k, a, a_row_stride, b, b_col_stride, n, c, ldc, accumulate);
  }
  if constexpr (kRows > 1) {
    if (m > 0) dots_column<T, kRows - 1, kCols>(m, k, a, a_row_stride, b, b_col_stride, n, c, ldc, accumulate);
  }
}

// Dot products of one vector with many rows. Each is summed in two halves of alternate vectors, however many rows are
// read at once.

template <class T, int kRows, bool kFetches>
FLAMBEAU_NOINLINE void vector_tile(int64_t k, const T* const* rows, const T* x, Lanes<T>* sums) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size, kAhead = 1024 / static_cast<int64_t>(sizeof(T));
  const T* row[kRows];
  V even[kRows], odd[kRows];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    row[i] = rows[i];
    even[i] = odd[i] = V(T(0));
  }
  int64_t p = 0;
  for (; p + 2 * kSize <= k; p += 2 * kSize) {
    const V first = V::load(x + p), second = V::load(x + p + kSize);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) {
      if constexpr (kFetches) {
        FLAMBEAU_PREFETCH_L2(row[i] + p + kAhead);
        FLAMBEAU_PREFETCH_L2(row[i] + p + kAhead + kSize);
      }
      even[i] = fma(first, V::load(row[i] + p), even[i]);
      odd[i] = fma(second, V::load(row[i] + p + kSize), odd[i]);
    }
  }
  if (p + kSize <= k) {
    const V first = V::load(x + p);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) even[i] = fma(first, V::load(row[i] + p), even[i]);
    p += kSize;
  }
  if (const int64_t rest = k - p) {
    const V last = V::load_partial(x + p, rest);
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) odd[i] = fma(last, V::load_partial(row[i] + p, rest), odd[i]);
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) sums[i] = even[i] + odd[i];
}

constexpr int kVectorRows = 8;
template <class T, int kTogether, bool kFetches>
void vector_tiles(int64_t k, const T* const* rows, int64_t n, const T* x, Lanes<T>* sums) {
  for (int64_t i = 0; i < n; i += kTogether) vector_tile<T, kTogether, kFetches>(k, rows + i, x, sums + i);
}

// c[i * step] = or += Σ_p rows[i * stride + p] · x[p].
template <class T>
void dots_of_vector(Reach reach, int64_t n, int64_t k, const T* rows, int64_t stride, const T* x, T* c, int64_t step,
                    bool accumulate) {
  using V = Lanes<T>;
  // Two sums of a narrower vector wait for each other longer than for L3.
  constexpr int64_t kLongVector = sizeof(V) == 64 ? (16 << 10) / sizeof(T) : 0;
  for (int64_t i = 0; i < n; i += kVectorRows) {
    const int64_t count = n - i < kVectorRows ? n - i : kVectorRows;
    const T* row[kVectorRows];
    for (int64_t r = 0; r < kVectorRows; ++r) row[r] = rows + (i + (r < count ? r : count - 1)) * stride;
    V sums[kVectorRows];
    // From L3 one row after the other is quickest, as its prefetcher has it, if x stays in L1 beside them; memory wants
    // more requests under way.
    constexpr int kMost = kRegisters == 32 ? 8 : 4;
    if (reach == Reach::l2) vector_tiles<T, 4, false>(k, row, count, x, sums);
    else if (reach == Reach::memory) vector_tiles<T, kMost, true>(k, row, kVectorRows, x, sums);
    else if (k <= kLongVector) vector_tiles<T, 1, false>(k, row, kVectorRows, x, sums);
    else vector_tiles<T, kMost, false>(k, row, kVectorRows, x, sums);
    T values[kVectorRows];
    sum4(sums[0], sums[1], sums[2], sums[3], values);
    if (count > 4) sum4(sums[4], sums[5], sums[6], sums[7], values + 4);
    for (int64_t r = 0; r < count; ++r) {
      T& to = c[(i + r) * step];
      to = accumulate ? to + values[r] : values[r];
    }
  }
}

template <class T>
void vector_dots(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
                 int64_t b_col_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue, Reach reach) {
  const T* const left = static_cast<const T*>(a);
  const T* const right = static_cast<const T*>(b);
  T* const out = static_cast<T*>(c);
  if (n == 1) dots_of_vector(reach, m, k, left, a_row_stride, right, out, ldc, accumulate);
  else dots_of_vector(reach, n, k, right, b_col_stride, left, out, 1, accumulate);
  if (epilogue) finish_tile(*epilogue, out, ldc, m, n);
}

// to[j * to_stride + p] = b[p * row_stride + j].
template <class T>
void columns(const void* b, int64_t row_stride, int64_t k, int64_t n, void* to, int64_t to_stride) {
  constexpr int64_t kBlock = 16 / sizeof(T);
  const T* const from = static_cast<const T*>(b);
  T* const out = static_cast<T*>(to);
  if (k < kBlock || n < kBlock) {
    for (int64_t p = 0; p < k; ++p) {
      for (int64_t j = 0; j < n; ++j) out[j * to_stride + p] = from[p * row_stride + j];
    }
    return;
  }
  // The last block of either axis moves back to end with it: it writes some elements twice.
  for (int64_t p = 0; p < k; p += kBlock) {
    if (p > k - kBlock) p = k - kBlock;
    for (int64_t j = 0; j < n; j += kBlock) {
      if (j > n - kBlock) j = n - kBlock;
      const T* const block = from + p * row_stride + j;
      if constexpr (sizeof(T) == 4) transpose_4x4(block, row_stride, out + j * to_stride + p, to_stride);
      else transpose_2x2(block, row_stride, out + j * to_stride + p, to_stride);
    }
  }
}

template <class T>
void dots(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b, int64_t b_col_stride,
          void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue) {
  constexpr int kRows = kRegisters == 32 ? 4 : kRegisters == 16 && sizeof(Lanes<T>) == 32 ? 3 : 2;
  constexpr int64_t kBlock = 64;  // of C: small enough that the epilogue finds it in L1
  const T* const left = static_cast<const T*>(a);
  const T* const right = static_cast<const T*>(b);
  T* const out = static_cast<T*>(c);
  for (int64_t j = 0; j < n; j += kBlock) {
    const int64_t width = n - j < kBlock ? n - j : kBlock;
    for (int64_t i = 0; i < m; i += kBlock) {
      const int64_t height = m - i < kBlock ? m - i : kBlock;
      const T* const rows = left + i * a_row_stride;
      const T* const columns = right + j * b_col_stride;
      T* const block = out + i * ldc + j;
      for (int64_t jj = 0; jj < width; jj += 4) {
        dots_column<T, kRows, 4>(height, k, rows, a_row_stride, columns + jj * b_col_stride, b_col_stride, width - jj,
                                 block + jj, ldc, accumulate);
      }
      if (epilogue) finish_tile(epilogue_at(*epilogue, i, j, sizeof(T)), block, ldc, height, width);
    }
  }
}

template <class T>
void fill(GemmKernel& kernel) {
  kernel.rows = rows<T>, kernel.dots = dots<T>, kernel.vector_dots = vector_dots<T>;
  kernel.columns = columns<T>;
}

}  // namespace

void fill_gemm_narrow(GemmTable& table) {
  fill<float>(table.gemm[static_cast<int>(DType::f32)]);
  fill<double>(table.gemm[static_cast<int>(DType::f64)]);
}

}  // namespace flambeau::FLAMBEAU_ISA
