// The inner kernels of convolution; the loops around them are native/tensor/conv.cpp.
//
// An implicit matrix product: a row of the right-hand matrix is never built, it is a run of the padded image that
// starts at the tap's offset. (The idea of reaching the image through a table is XNNPACK's: Dukhan, "The Indirect
// Convolution Algorithm", arXiv:1907.02129; here the table holds one offset for each row of the product, not one for
// each pixel.)
#include "conv.h"
#include "fill.h"
#include "gemm_vec.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// tile[i][j] = Σ_p a[p][i] · src[offsets[p] + j], summed in the order of p.
template <class T, int kRows, int kCols>
FLAMBEAU_NOINLINE void multiply(int64_t k, const T* a, const T* src, const int64_t* offsets, T* tile) {
  using V = Lanes<T>;
  constexpr int kSize = V::size;
  V acc[kRows][kCols];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v] = V(T(0));
  }
  FLAMBEAU_UNROLL_TWICE
  for (int64_t p = 0; p < k; ++p, a += kMr) {
    const T* const b = src + offsets[p];
    V row[kCols];
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) row[v] = V::load(b + v * kSize);
    add_products<1>(a, row, acc);
  }
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int v = 0; v < kCols; ++v) acc[i][v].store(tile + i * kNr<T> + v * kSize);
  }
}

// The least tile that covers m rows, in steps of two rows.
template <class T, int kRows, int kCols>
FLAMBEAU_INLINE void fitting_multiply(int64_t k, const T* a, const T* src, const int64_t* offsets, int64_t m, T* tile) {
  if constexpr (kRows > 2) {
    if (m <= kRows - 2) return fitting_multiply<T, kRows - 2, kCols>(k, a, src, offsets, m, tile);
  }
  multiply<T, kRows, kCols>(k, a, src, offsets, tile);
}

// to[j] = from[j] + bias.
template <class T>
FLAMBEAU_INLINE void add_run(const T* from, T bias, int64_t n, T* to) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  const V b(bias);
  int64_t j = 0;
  for (; j + kSize <= n; j += kSize) (V::load(from + j) + b).store(to + j);
  if (const int64_t rest = n - j) (V::load_partial(from + j, rest) + b).store_partial(to + j, rest);
}

template <class T>
void conv_tile(int64_t k, const void* a_panel, const void* src, const int64_t* offsets, int64_t j, int64_t m, int64_t n,
               const ConvTarget& target) {
  alignas(64) T tile[kMr * kNr<T>];
  const T* const a = static_cast<const T*>(a_panel);
  const T* const b = static_cast<const T*>(src) + j;
  if (n <= kNr<T> / 2) fitting_multiply<T, kMr, kVectors / 2>(k, a, b, offsets, m, tile);
  else fitting_multiply<T, kMr, kVectors>(k, a, b, offsets, m, tile);
  // Each row of the grid gives a run of the tile; what lies between its width and the pitch is no output.
  const T* const bias = static_cast<const T*>(target.bias);
  int64_t y = j / target.pitch, x = j % target.pitch;
  for (int64_t at = 0; at < n; ++y) {
    const int64_t end = target.width - x < n - at ? target.width - x : n - at;
    T* out = static_cast<T*>(target.out) + y * target.y_stride + x * target.x_stride;
    const T* from = tile + at;
    for (int64_t i = 0; i < m; ++i, out += target.row_stride, from += kNr<T>) {
      const T plus = bias ? bias[i] : T(0);
      if (target.x_stride == 1) {
        if (end > 0) add_run(from, plus, end, out);
      } else {
        for (int64_t s = 0; s < end; ++s) out[s * target.x_stride] = from[s] + plus;
      }
    }
    at += target.pitch - x;
    x = 0;
  }
}

// Weights of up to kMr outputs as a panel [k][kMr]; k runs over channels, then taps. Rows beyond m are zero.
template <class T>
void conv_pack(const void* weights, int64_t row_stride, int64_t channel_stride, const int64_t* taps, int64_t m,
               int64_t channels, int64_t tap_count, void* panel) {
  const T* from = static_cast<const T*>(weights);
  T* to = static_cast<T*>(panel);
  for (int64_t c = 0; c < channels; ++c, from += channel_stride) {
    for (int64_t t = 0; t < tap_count; ++t, to += kMr) {
      const T* const w = from + taps[t];
      int64_t i = 0;
      for (; i < m; ++i) to[i] = w[i * row_stride];
      for (; i < kMr; ++i) to[i] = 0;
    }
  }
}

// y[j] = x[2 j] for a vector of elements.
FLAMBEAU_INLINE void copy_even(const float* x, float* y) {
#if defined(__AVX512F__)
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  _mm512_storeu_ps(y, _mm512_permutex2var_ps(_mm512_loadu_ps(x), even, _mm512_loadu_ps(x + 16)));
#else
  for (int j = 0; j < static_cast<int>(Lanes<float>::size); ++j) y[j] = x[2 * j];
#endif
}
FLAMBEAU_INLINE void copy_even(const double* x, double* y) {
  for (int j = 0; j < static_cast<int>(Lanes<double>::size); ++j) y[j] = x[2 * j];
}

// to[j] = from[j * step].
template <class T>
FLAMBEAU_INLINE void copy_row(const T* from, int64_t step, int64_t n, T* to) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  int64_t j = 0;
  if (step != 1) {
    if (step == 2) {
      // Pairs are read whole: not the last, of which the second element may not be there.
      for (; j + kSize < n; j += kSize) copy_even(from + 2 * j, to + j);
    }
    for (; j < n; ++j) to[j] = from[j * step];
    return;
  }
  for (; j + kSize <= n; j += kSize) V::load(from + j).store(to + j);
  if (const int64_t rest = n - j) V::load_partial(from + j, rest).store_partial(to + j, rest);
}

template <class T>
void conv_plane(const void* from, int64_t from_stride, int64_t step, int64_t begin, int64_t end, int64_t width,
                int64_t rows, void* to) {
  const T* x = static_cast<const T*>(from);
  T* y = static_cast<T*>(to);
  for (int64_t r = 0; r < rows; ++r, x += from_stride, y += width) {
    for (int64_t j = 0; j < begin; ++j) y[j] = 0;
    copy_row(x, step, end - begin, y + begin);
    for (int64_t j = end; j < width; ++j) y[j] = 0;
  }
}

// kTaps, or any number where it is 0. Sums run in the order of the taps.
template <class T, int kTaps>
void channel_rows(int64_t taps, const T* weights, const T* src, const int64_t* offsets, int64_t rows,
                  const ConvTarget& target) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  const int64_t count = kTaps ? kTaps : taps;
  const V bias(target.bias ? *static_cast<const T*>(target.bias) : T(0));
  V w[kTaps ? kTaps : 1];
  for (int t = 0; t < kTaps; ++t) w[t] = V(weights[t]);
  T* out = static_cast<T*>(target.out);
  const auto sum = [&](const T* at, auto load) {
    V acc = bias;
    if constexpr (kTaps > 0) {
      FLAMBEAU_UNROLL
      for (int t = 0; t < kTaps; ++t) acc = fma(w[t], load(at + offsets[t]), acc);
    } else {
      for (int64_t t = 0; t < count; ++t) acc = fma(V(weights[t]), load(at + offsets[t]), acc);
    }
    return acc;
  };
  for (int64_t y = 0; y < rows; ++y, src += target.pitch, out += target.y_stride) {
    for (int64_t x = 0; x < target.width; x += kSize) {
      // The image's runs may be read beyond their end; the output's not written.
      const V acc = sum(src + x, [](const T* p) { return V::load(p); });
      const int64_t rest = target.width - x;
      if (target.x_stride == 1) {
        if (rest >= kSize) acc.store(out + x);
        else acc.store_partial(out + x, static_cast<size_t>(rest));
      } else {
        T lanes[kSize];
        acc.store(lanes);
        for (int64_t j = 0; j < rest && j < kSize; ++j) out[(x + j) * target.x_stride] = lanes[j];
      }
    }
  }
}

// kRows rows at a time of a square kernel whose taps lie as its elements do: each vector of the image is read once for
// all of them. Sums run in the order of the taps.
template <class T, int kSide, int kRows>
FLAMBEAU_INLINE void square_rows(const T* weights, const T* src, int64_t rows, const ConvTarget& target, int64_t& y) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  const V bias(target.bias ? *static_cast<const T*>(target.bias) : T(0));
  V w[kSide * kSide];
  for (int t = 0; t < kSide * kSide; ++t) w[t] = V(weights[t]);
  for (; y + kRows <= rows; y += kRows) {
    const T* const from = src + y * target.pitch;
    T* const out = static_cast<T*>(target.out) + y * target.y_stride;
    for (int64_t x = 0; x < target.width; x += kSize) {
      V acc[kRows];
      FLAMBEAU_UNROLL
      for (int r = 0; r < kRows; ++r) acc[r] = bias;
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows + kSide - 1; ++i) {
        FLAMBEAU_UNROLL
        for (int j = 0; j < kSide; ++j) {
          const V v = V::load(from + i * target.pitch + x + j);
          FLAMBEAU_UNROLL
          for (int r = 0; r < kRows; ++r) {
            if (i >= r && i - r < kSide) acc[r] = fma(w[(i - r) * kSide + j], v, acc[r]);
          }
        }
      }
      const int64_t rest = target.width - x;
      FLAMBEAU_UNROLL
      for (int r = 0; r < kRows; ++r) {
        if (rest >= kSize) acc[r].store(out + r * target.y_stride + x);
        else acc[r].store_partial(out + r * target.y_stride + x, static_cast<size_t>(rest));
      }
    }
  }
}

template <class T, int kSide>
void square(const T* weights, const T* src, int64_t rows, const ConvTarget& target) {
  int64_t y = 0;
  square_rows<T, kSide, 4>(weights, src, rows, target, y);
  square_rows<T, kSide, 1>(weights, src, rows, target, y);
}

FLAMBEAU_INLINE bool is_square(int64_t side, const int64_t* offsets, const ConvTarget& target) {
  if (target.x_stride != 1) return false;
  for (int64_t t = 0; t < side * side; ++t) {
    if (offsets[t] != t / side * target.pitch + t % side) return false;
  }
  return true;
}

template <class T>
void conv_channel(int64_t taps, const void* weights, const void* src, const int64_t* offsets, int64_t rows,
                  const ConvTarget& target) {
  const T* const w = static_cast<const T*>(weights);
  const T* const image = static_cast<const T*>(src);
  switch (taps) {
    case 9:
      if (is_square(3, offsets, target)) return square<T, 3>(w, image, rows, target);
      return channel_rows<T, 9>(taps, w, image, offsets, rows, target);
    case 25:
      if (is_square(5, offsets, target)) return square<T, 5>(w, image, rows, target);
      return channel_rows<T, 25>(taps, w, image, offsets, rows, target);
    default:
      return channel_rows<T, 0>(taps, w, image, offsets, rows, target);
  }
}

// The gradient of the weights: dots of runs of the output's gradient with runs of the image, both read in place.
constexpr int kDotRows = kRegisters == 32 ? 4 : kRegisters == 16 && sizeof(Lanes<float>) == 32 ? 3 : 2;
constexpr int kDotCols = 4;

// m <= kRows, n <= kCols: missing ones repeat the last, their sums are dropped.
template <class T, int kRows, int kCols>
void dots(const ConvRuns& runs, const void* grad, int64_t grad_row_stride, const void* src, const int64_t* offsets,
          int64_t m, int64_t n, void* sums, int64_t sums_stride) {
  using V = Lanes<T>;
  constexpr int64_t kSize = V::size;
  constexpr int kPadded = (kCols + 3) / 4 * 4;  // sum4 takes four
  V acc[kRows][kPadded];
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i) {
    FLAMBEAU_UNROLL
    for (int j = 0; j < kPadded; ++j) acc[i][j] = V(T(0));
  }
  for (int64_t image = 0; image < runs.images; ++image) {
    for (int64_t run = 0; run < runs.count; ++run) {
      const T* g[kRows];
      const T* x[kCols];
      FLAMBEAU_UNROLL
      for (int i = 0; i < kRows; ++i) {
        g[i] = static_cast<const T*>(grad) + image * runs.grad_image_stride + run * runs.pitch +
               (i < m ? i : m - 1) * grad_row_stride;
      }
      FLAMBEAU_UNROLL
      for (int j = 0; j < kCols; ++j) {
        x[j] =
            static_cast<const T*>(src) + image * runs.src_image_stride + run * runs.pitch + offsets[j < n ? j : n - 1];
      }
      const auto step = [&](auto load) {
        V row[kRows];
        FLAMBEAU_UNROLL
        for (int i = 0; i < kRows; ++i) row[i] = load(g[i]);
        FLAMBEAU_UNROLL
        for (int j = 0; j < kCols; ++j) {
          const V col = load(x[j]);
          FLAMBEAU_UNROLL
          for (int i = 0; i < kRows; ++i) acc[i][j] = fma(row[i], col, acc[i][j]);
        }
      };
      int64_t p = 0;
      for (; p + kSize <= runs.length; p += kSize) step([p](const T* at) { return V::load(at + p); });
      if (const int64_t rest = runs.length - p) step([p, rest](const T* at) { return V::load_partial(at + p, rest); });
    }
  }
  T* out = static_cast<T*>(sums);
  FLAMBEAU_UNROLL
  for (int i = 0; i < kRows; ++i, out += sums_stride) {
    T row[kPadded];
    FLAMBEAU_UNROLL
    for (int j = 0; j < kPadded; j += 4) sum4(acc[i][j], acc[i][j + 1], acc[i][j + 2], acc[i][j + 3], row + j);
    if (i < m) {
      for (int64_t j = 0; j < n; ++j) out[j] += row[j];
    }
  }
}

template <class T>
void conv_dots(const ConvRuns& runs, const void* grad, int64_t grad_row_stride, const void* src, const int64_t* offsets,
               int64_t m, int64_t n, void* sums, int64_t sums_stride) {
  if (n > kDotCols)
    dots<T, 1, ConvKernel::kSingleCols>(runs, grad, grad_row_stride, src, offsets, m, n, sums, sums_stride);
  else if (m == 1) dots<T, 1, kDotCols>(runs, grad, grad_row_stride, src, offsets, m, n, sums, sums_stride);
  else dots<T, kDotRows, kDotCols>(runs, grad, grad_row_stride, src, offsets, m, n, sums, sums_stride);
}

// Whether all n elements are finite: x · 0 is NaN for those that are not.
template <class T>
bool conv_all_finite(const void* from, size_t n) {
  using V = Lanes<T>;
  constexpr size_t kSize = V::size;
  const T* const x = static_cast<const T*>(from);
  const V zero(T(0));
  V sum(T(0));
  size_t j = 0;
  for (; j + kSize <= n; j += kSize) sum = fma(V::load(x + j), zero, sum);
  if (j < n) sum = fma(V::load_partial(x + j, n - j), zero, sum);
  T lanes[kSize];
  sum.store(lanes);
  T total = 0;
  for (size_t i = 0; i < kSize; ++i) total += lanes[i];
  return total == 0;
}

template <class T>
ConvKernel conv_kernel() {
  return {kMr,          kNr<T>,        kDotRows,        kDotCols,     conv_tile<T>,
          conv_pack<T>, conv_plane<T>, conv_channel<T>, conv_dots<T>, conv_all_finite<T>};
}

}  // namespace

void fill_conv(ConvTable& table) {
  table.conv[static_cast<int>(DType::f32)] = conv_kernel<float>();
  table.conv[static_cast<int>(DType::f64)] = conv_kernel<double>();
}

}  // namespace flambeau::FLAMBEAU_ISA
