// The inner kernels of matrix multiplication. The structure is BLIS's: Van Zee and van de Geijn, "BLIS: A Framework for
// Rapidly Instantiating BLAS Functionality", ACM TOMS 41(3), 2015. The loops around them are in native/drivers/gemm/.
#include "fill.h"
#include "gemm.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Beyond this depth a tile's C is fetched while the products are summed; shorter ones find it in cache or wait.
constexpr int64_t kLongStep = 32;
// A tile of one vector of columns meets each panel of A once, and asks more of the level that holds A than the hardware
// fetches ahead: 4 KB before its use a line is sent for, to L2.
template <class T>
constexpr int64_t kAhead = 4096 / sizeof(T);

// Packing.

// dst[p * kWidth + lane] = src[lane * lane_stride + p * step_stride], zero for lanes >= lanes. Inlined with a constant
// `lanes` for whole panels.
template <class T, int kWidth>
FLAMBEAU_INLINE void pack_lanes(const T* src, int64_t lane_stride, int64_t step_stride, int lanes, int64_t k, T* dst) {
#if defined(__AVX512F__)
  constexpr int kSize = Lanes<T>::size;
  if (step_stride == 1 && lane_stride != 1 && k >= kSize) {
    // The last block moves back to end at k: it writes some steps twice.
    for (int64_t p = 0; p < k; p += kSize) {
      if (p > k - kSize) p = k - kSize;
      FLAMBEAU_UNROLL
      for (int lane = 0; lane < kWidth; lane += kSize) {
        transpose_block(src + lane * lane_stride + p, lane_stride, lanes - lane,
                        kWidth - lane < kSize ? kWidth - lane : kSize, dst + p * kWidth + lane, kWidth);
      }
    }
    return;
  }
#endif
  constexpr int kBlock = sizeof(T) == 4 ? 4 : 2;
  const int blocked = step_stride == 1 && lane_stride != 1 ? lanes / kBlock * kBlock : 0;
  int64_t p = 0;
  if (blocked > 0 && k >= kBlock) {
    // Steps outermost, so that the panel's lines are written while they are in L1. The last block moves back to end at
    // k: it writes some steps twice.
    for (; p < k; p += kBlock) {
      if (p > k - kBlock) p = k - kBlock;
      const T* const from = src + p;
      T* const to = dst + p * kWidth;
      for (int lane = 0; lane < blocked; lane += kBlock) {
        if constexpr (kBlock == 4) transpose_4x4(from + lane * lane_stride, lane_stride, to + lane, kWidth);
        else transpose_2x2(from + lane * lane_stride, lane_stride, to + lane, kWidth);
      }
      for (int lane = blocked; lane < lanes; ++lane) {
        for (int i = 0; i < kBlock; ++i) to[i * kWidth + lane] = from[lane * lane_stride + i];
      }
      for (int lane = lanes; lane < kWidth; ++lane) {
        for (int i = 0; i < kBlock; ++i) to[i * kWidth + lane] = 0;
      }
    }
    return;
  }
  for (; p < k; ++p) {
    const T* const from = src + p * step_stride;
    T* const to = dst + p * kWidth;
    if (lane_stride == 1) {
      memcpy(to, from, static_cast<size_t>(lanes) * sizeof(T));
    } else {
      for (int lane = 0; lane < lanes; ++lane) to[lane] = from[lane * lane_stride];
    }
    for (int lane = lanes; lane < kWidth; ++lane) to[lane] = 0;
  }
}

template <class T, int kWidth>
void pack(const void* src, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* dst) {
  const T* from = static_cast<const T*>(src);
  T* to = static_cast<T*>(dst);
  for (int64_t lane = 0; lane < lanes; lane += kWidth, from += kWidth * lane_stride, to += kWidth * k) {
    if (lanes - lane >= kWidth) pack_lanes<T, kWidth>(from, lane_stride, step_stride, kWidth, k, to);
    else pack_lanes<T, kWidth>(from, lane_stride, step_stride, static_cast<int>(lanes - lane), k, to);
  }
}

template <class T>
void pack_a(const void* a, int64_t row_stride, int64_t col_stride, int64_t m, int64_t k, void* panel) {
  pack<T, kMr>(a, row_stride, col_stride, m, k, panel);
}
template <class T>
void pack_b(const void* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n, void* panel) {
  pack<T, kNr<T>>(b, col_stride, row_stride, n, k, panel);
}

// The micro-kernel.

// Where a tile's operands lie: A is a panel, whose elements' addresses are constants; or both are in place, B's rows in
// one page or `far` apart in pages of their own, where no hardware fetches the columns that come next.
enum class Place { panel, near, far };
constexpr int64_t kPage = 4096;

// kRows rows by kFull vectors and, unless it is NoTail, a Tail of which `tail` lanes exist. A is read in place:
// element (i, p) at a[i * row_stride + p * step_stride], which is a packed panel, rows or columns of a matrix. Sums
// begin with `bias`, one value per row.
template <class T, int kRows, int kFull, class Tail, Place kPlace>
FLAMBEAU_NOINLINE void tile(int64_t k, const T* a, int64_t row_stride, int64_t step_stride, const T* b,
                            int64_t b_row_stride, T* c, int64_t ldc, int64_t tail, bool accumulate, const T* bias,
                            [[maybe_unused]] const char* next) {
  using V = Lanes<T>;
  constexpr int kSize = V::size;
  constexpr bool kHasTail = !std::is_same_v<Tail, NoTail>;
  constexpr int kStored = kFull > 0 ? kFull : 1;
  if (k > kLongStep) {
    FLAMBEAU_UNROLL
    for (int i = 0; i < kRows; ++i) {
      FLAMBEAU_PREFETCH(c + i * ldc);
      FLAMBEAU_PREFETCH(c + i * ldc + (kHasTail ? kFull * kSize : kFull * kSize - 1));
    }
  }
  V acc[kRows][kStored];
  Tail rest[kRows];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kFull; ++v) acc[i][v] = V(bias[i]);
    if constexpr (kHasTail) rest[i] = Tail(bias[i]);
  }
  if constexpr (kPlace == Place::panel) {
    const auto step = [&]() {
      if constexpr (kFull == 1) FLAMBEAU_PREFETCH_L2(a + kAhead<T>);
      V row[kStored];
      FLAMBEAU_UNROLL
      for (int v = 0; v < kFull; ++v) row[v] = V::load(b + v * kSize);
      add_products<1>(a, row, acc);
      a += kMr, b += b_row_stride;
    };
    int64_t p = 0;
    if constexpr (kFull == kVectors) {
      constexpr int64_t kSteps = GemmKernel::kStepsPerLine, kLine = GemmKernel::kLine;
      for (; next && p + kSteps <= k; p += kSteps, next += kLine) {
        FLAMBEAU_PREFETCH_L2(next);
        FLAMBEAU_UNROLL
        for (int64_t q = 0; q < kSteps; ++q) step();
      }
    }
    FLAMBEAU_UNROLL_TWICE
    for (; p < k; ++p) step();
  } else {
    // Rows are addressed in fives: base, base + s, + 2s, + 3s, + 4s need two registers for s and one for each base.
    constexpr int kBases = (kRows + 4) / 5;
    const T* base[kBases];
    FLAMBEAU_UNROLL
    for (int i = 0; i < kBases; ++i) base[i] = a + 5 * i * row_stride;
    int64_t three = 3 * row_stride;
    FLAMBEAU_OPAQUE(three);
    for (int64_t p = 0; p < k; ++p, b += b_row_stride) {
      V row[kStored];
      Tail row_rest;
      FLAMBEAU_UNROLL
      for (int v = 0; v < kFull; ++v) row[v] = V::load(b + v * kSize);
      if constexpr (kHasTail) row_rest = Tail::load_partial(b + kFull * kSize, tail);
      if constexpr (kPlace == Place::far) {
        FLAMBEAU_PREFETCH_L2(b + kNr<T>);
        FLAMBEAU_PREFETCH_L2(b + kNr<T> + kSize);
      }
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows; ++i) {
        // Broadcast no wider than needed: a half costs half.
        const std::conditional_t<kFull == 0, Tail, V> x(base[i / 5][i % 5 == 3 ? three : i % 5 * row_stride]);
        if constexpr (kFull > 0) {
          FLAMBEAU_UNROLL
          for (int v = 0; v < kFull; ++v) acc[i][v] = fma(x, row[v], acc[i][v]);
        }
        if constexpr (kHasTail) rest[i] = fma(Tail(x), row_rest, rest[i]);
      }
      FLAMBEAU_UNROLL
      for (int i = 0; i < kBases; ++i) {
        base[i] += step_stride;
        FLAMBEAU_OPAQUE(base[i]);
      }
    }
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i, c += ldc) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kFull; ++v) {
      (accumulate ? V::load(c + v * kSize) + acc[i][v] : acc[i][v]).store(c + v * kSize);
    }
    if constexpr (kHasTail) {
      T* const end = c + kFull * kSize;
      (accumulate ? Tail::load_partial(end, tail) + rest[i] : rest[i]).store_partial(end, tail);
    }
  }
}

#if defined(__AVX512F__)
// The last kCols columns beside a panel of A: its rows are the lanes, which costs as many multiply-adds a step as there
// are columns, instead of as many as there are rows. The sums are those of a tile.
template <class T, int kCols>
FLAMBEAU_NOINLINE void last_columns(int64_t k, const T* a, const T* b, int64_t b_row_stride, T* c, int64_t ldc,
                                    int64_t m, bool accumulate, const T* bias) {
  using V = Lanes<T>;
  constexpr int kSize = V::size, kVecs = (kMr + kSize - 1) / kSize;
  // Of a matrix that lies as a panel does, rows beyond m need not be there.
  size_t there[kVecs];
  for (int64_t v = 0; v < kVecs; ++v) {
    const int64_t rest = m - v * kSize;
    there[v] = static_cast<size_t>(rest < 0 ? 0 : rest < kSize ? rest : kSize);
  }
  V acc[kVecs][kCols];
  T sums[kCols][kVecs * kSize];
  for (int64_t i = 0; i < kVecs * kSize; ++i) sums[0][i] = i < m ? bias[i] : 0;
  FLAMBEAU_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) acc[v][j] = V::load(sums[0] + v * kSize);
  }
  for (int64_t p = 0; p < k; ++p, a += kMr, b += b_row_stride) {
    V rows[kVecs];
    FLAMBEAU_UNROLL
    for (int v = 0; v < kVecs; ++v) rows[v] = V::load_partial(a + v * kSize, there[v]);
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) {
      FLAMBEAU_UNROLL
      for (int v = 0; v < kVecs; ++v) acc[v][j] = fma_from(b[j], rows[v], acc[v][j]);
    }
  }
  FLAMBEAU_UNROLL
  for (int v = 0; v < kVecs; ++v) {
    FLAMBEAU_UNROLL
    for (int j = 0; j < kCols; ++j) acc[v][j].store(sums[j] + v * kSize);
  }
  for (int64_t i = 0; i < m; ++i, c += ldc) {
    for (int j = 0; j < kCols; ++j) c[j] = accumulate ? c[j] + sums[j][i] : sums[j][i];
  }
}
#endif

template <class T>
using TileFn = void (*)(int64_t k, const T* a, int64_t row_stride, int64_t step_stride, const T* b,
                        int64_t b_row_stride, T* c, int64_t ldc, int64_t tail, bool accumulate, const T* bias,
                        const char* next);

// The tile of exactly m rows.
template <class T, int kFull, class Tail, Place kPlace = Place::near, int... kRows>
FLAMBEAU_INLINE TileFn<T> tile_of(int64_t m, std::integer_sequence<int, kRows...>) {
  static constexpr TileFn<T> kTiles[] = {tile<T, kRows + 1, kFull, Tail, kPlace>...};
  return kTiles[m - 1];
}

// C[m, n] for m <= kMr and n <= kNr.
template <class T>
FLAMBEAU_INLINE void tile_at(int64_t k, const T* a, int64_t row_stride, int64_t step_stride, const T* b,
                             int64_t b_row_stride, T* c, int64_t ldc, int64_t m, int64_t n, bool accumulate,
                             const T* bias, const char* next) {
  constexpr int64_t kSize = Lanes<T>::size;
  constexpr auto kAllRows = std::make_integer_sequence<int, kMr>();
  TileFn<T> fn;
  int64_t tail = 0;
#if defined(__AVX512F__)
  const bool panel = kFusedBroadcast && row_stride == 1 && step_stride == kMr;
  constexpr int64_t kFew = 2;  // of four, putting the sums into C's rows costs what they gain
  if (const int64_t rest = n % kSize; panel && n > kSize && rest > 0 && rest <= kFew && k > kLongStep) {
    (rest == 1 ? last_columns<T, 1> : last_columns<T, 2>)(k, a, b + n - rest, b_row_stride, c + n - rest, ldc, m,
                                                          accumulate, bias);
    n -= rest;
  }
  if (panel && n % kSize == 0) {
    fn = n == kSize ? tile_of<T, 1, NoTail, Place::panel>(m, kAllRows)
                    : tile_of<T, kVectors, NoTail, Place::panel>(m, kAllRows);
  } else if (n == kNr<T>) {
    const bool far = b_row_stride * static_cast<int64_t>(sizeof(T)) >= kPage;
    fn = far ? tile_of<T, kVectors, NoTail, Place::far>(m, kAllRows) : tile_of<T, kVectors, NoTail>(m, kAllRows);
  } else if (n > kSize) {
    tail = n - kSize;
    fn = tail > kSize / 2 ? tile_of<T, 1, Lanes<T>>(m, kAllRows) : tile_of<T, 1, HalfLanes<T>>(m, kAllRows);
  } else {
    tail = n;
    fn = tail > kSize / 2 ? tile_of<T, 0, Lanes<T>>(m, kAllRows) : tile_of<T, 0, HalfLanes<T>>(m, kAllRows);
  }
#else
  const bool narrow = n <= kNr<T> / 2;
  fn = narrow ? tile_of<T, kVectors / 2, NoTail>(m, kAllRows) : tile_of<T, kVectors, NoTail>(m, kAllRows);
  if (n != (narrow ? kNr<T> / 2 : kNr<T>)) {
    // The panel is padded with zeros; C is not.
    T rows[kMr * kNr<T>];
    fn(k, a, row_stride, step_stride, b, b_row_stride, rows, kNr<T>, 0, false, bias, next);
    for (int64_t i = 0; i < m; ++i, c += ldc) {
      const T* const row = rows + i * kNr<T>;
      int64_t j = 0;
      using V = Lanes<T>;
      for (; j + kSize <= n; j += kSize) {
        const V x = V::load(row + j);
        (accumulate ? V::load(c + j) + x : x).store(c + j);
      }
      for (; j < n; ++j) c[j] = accumulate ? c[j] + row[j] : row[j];
    }
    return;
  }
#endif
  fn(k, a, row_stride, step_stride, b, b_row_stride, c, ldc, tail, accumulate, bias, next);
}

// A bias of the rows that comes before all else of the epilogue, so that the sums may begin with it.
FLAMBEAU_INLINE bool begins_with_bias(const Epilogue* e) {
  return e && e->col_bias && !e->row_bias && !e->row_scale && !e->col_scale;
}
FLAMBEAU_INLINE bool ends_with_more(const Epilogue& e) { return e.residual || e.activation != Activation::none; }

template <class T>
FLAMBEAU_INLINE void finished_tile(int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride, const void* b,
                                   int64_t b_row_stride, void* c, int64_t ldc, int64_t m, int64_t n, bool accumulate,
                                   const Epilogue* epilogue, const char* next) {
  static constexpr T kNoBias[kMr] = {};
  const bool begins = begins_with_bias(epilogue);
  T* const out = static_cast<T*>(c);
  tile_at(k, static_cast<const T*>(a), a_row_stride, a_col_stride, static_cast<const T*>(b), b_row_stride, out, ldc, m,
          n, accumulate, begins ? static_cast<const T*>(epilogue->col_bias) : kNoBias, next);
  if (!epilogue) return;
  if (!begins) return finish_tile(*epilogue, out, ldc, m, n);
  if (!ends_with_more(*epilogue)) return;
  Epilogue rest = *epilogue;
  rest.col_bias = nullptr;
  finish_tile(rest, out, ldc, m, n);
}

template <class T>
void direct(int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride, const void* b, int64_t b_row_stride,
            void* c, int64_t ldc, int64_t m, int64_t n, bool accumulate, const Epilogue* epilogue) {
  finished_tile<T>(k, a, a_row_stride, a_col_stride, b, b_row_stride, c, ldc, m, n, accumulate, epilogue, nullptr);
}

template <class T>
void micro(int64_t k, const void* a_panel, const void* b, int64_t b_row_stride, void* c, int64_t ldc, int64_t m,
           int64_t n, bool accumulate, const Epilogue* epilogue, const void* next) {
  finished_tile<T>(k, a_panel, 1, kMr, b, b_row_stride, c, ldc, m, n, accumulate, epilogue,
                   static_cast<const char*>(next));
}

template <class T>
void fill(GemmKernel& kernel) {
  kernel.mr = kMr, kernel.nr = kNr<T>;
  kernel.pack_a = pack_a<T>, kernel.pack_b = pack_b<T>;
  kernel.micro = micro<T>, kernel.direct = direct<T>;
  kernel.reads_partial_rows = kAvx512;
  kernel.prefers_panels = kFusedBroadcast;
}

}  // namespace

void fill_gemm(GemmTable& table) {
  fill<float>(table.gemm[static_cast<int>(DType::f32)]);
  fill<double>(table.gemm[static_cast<int>(DType::f64)]);
}

}  // namespace flambeau::FLAMBEAU_ISA
