// Normalisations: layer and RMS norm over rows; batch, group and instance norm over channels, in the four passes that
// their drivers put together. Means and variances take two passes over a block that is then in L1, with the mean's own
// rounding error taken out again (the corrected two-pass algorithm; Chan, Golub and LeVeque, "Algorithms for computing
// the sample variance", 1983), and blocks are merged in double, so that a large mean costs no digits.
#include "norm.h"
#include "family.h"
#include "simd/reduce.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr size_t kBlock = 4096;  // elements; two operands of a block fit in L1

// K sums over n elements. add(load, acc) adds the terms of one vector (or, in the tail, of one element) to acc[K].
template <class T, int K, class AddTo>
FLAMBEAU_INLINE void sums(size_t n, T (&totals)[K], const AddTo add) {
  using V = Vec<T>;
  constexpr int kChains = V::size == 1 ? 8 : 4;  // enough to hide the latency of an addition
  V acc[kChains][K];
  for (int c = 0; c < kChains; ++c) {
    for (int k = 0; k < K; ++k) acc[c][k] = V(0);
  }
  size_t i = 0;
  for (; i + kChains * V::size <= n; i += kChains * V::size) {
    for (int c = 0; c < kChains; ++c) add([at = i + c * V::size](const T* p) { return V::load(p + at); }, acc[c]);
  }
  for (; i + V::size <= n; i += V::size) add([i](const T* p) { return V::load(p + i); }, acc[0]);
  for (int width = kChains / 2; width > 0; width /= 2) {
    for (int c = 0; c < width; ++c) {
      for (int k = 0; k < K; ++k) acc[c][k] = acc[c][k] + acc[c + width][k];
    }
  }
  Lane<T> rest[K];
  for (int k = 0; k < K; ++k) rest[k] = Lane<T>(fold_lanes<Add>(acc[0][k]));
  for (; i < n; ++i) add([i](const T* p) { return Lane<T>(p[i]); }, rest);
  for (int k = 0; k < K; ++k) totals[k] = rest[k].v;
}

struct Moments {
  double count = 0, mean = 0, m2 = 0;

  // Of the union of two sets.
  FLAMBEAU_INLINE void merge(double n, double other_mean, double other_m2) {
    const double delta = other_mean - mean, total = count + n;
    mean += delta * (n / total);
    m2 += other_m2 + delta * delta * (count * n / total);
    count = total;
  }
};

// Of at most kBlock elements, in two passes.
template <class T>
Moments corrected_moments(const T* x, size_t n) {
  T sum[1], deviations[2];
  sums<T>(n, sum, [=](auto load, auto* acc) { acc[0] = acc[0] + load(x); });
  const T mean = sum[0] / static_cast<T>(n);
  sums<T>(n, deviations, [=](auto load, auto* acc) {
    const auto d = load(x) - decltype(load(x))(mean);
    acc[0] = acc[0] + d;
    acc[1] = fma(d, d, acc[1]);
  });
  const double size = static_cast<double>(n), error = deviations[0];
  return {size, mean + error / size, deviations[1] - error * error / size};
}

// Of at most kBlock elements, in one pass around the mean of a few of them. Subtracting what the few were off by costs
// digits once that is much more than the standard deviation; then two passes are taken.
template <class T>
FLAMBEAU_INLINE Moments block_moments(const T* x, size_t n) {
  const T guess = ((x[0] + x[n / 4]) + (x[n / 2] + x[n / 4 * 3])) / 4;
  T deviations[2];
  sums<T>(n, deviations, [=](auto load, auto* acc) {
    const auto d = load(x) - decltype(load(x))(guess);
    acc[0] = acc[0] + d;
    acc[1] = fma(d, d, acc[1]);
  });
  const double size = static_cast<double>(n), off = deviations[0] / size, lost = off * deviations[0];
  const double m2 = deviations[1] - lost;
  if (lost > 4 * m2) return corrected_moments(x, n);
  return {size, guess + off, m2};
}

template <class T>
FLAMBEAU_INLINE Moments moments_of(const T* x, size_t n) {
  Moments all = block_moments(x, n < kBlock ? n : kBlock);
  for (size_t at = kBlock; at < n; at += kBlock) {
    const Moments block = block_moments(x + at, n - at < kBlock ? n - at : kBlock);
    all.merge(block.count, block.mean, block.m2);
  }
  return all;
}

// --- layer and RMS norm

template <class T>
struct RowStatistics {
  T mean, rstd;
};

template <class T, bool centred>
FLAMBEAU_INLINE RowStatistics<T> row_statistics(const T* x, size_t n, double eps) {
  double mean = 0, m2 = 0;
  if constexpr (centred) {
    const Moments m = moments_of(x, n);
    mean = m.mean;
    m2 = m.m2;
  } else {
    for (size_t at = 0; at < n; at += kBlock) {
      const T* block = x + at;
      T squares[1];
      sums<T>(n - at < kBlock ? n - at : kBlock, squares,
              [=](auto load, auto* acc) { acc[0] = fma(load(block), load(block), acc[0]); });
      m2 += squares[0];
    }
  }
  return {static_cast<T>(mean), static_cast<T>(1 / ::sqrt(m2 / static_cast<double>(n) + eps))};
}

template <class T, bool centred, bool has_weight, bool has_bias>
FLAMBEAU_INLINE void apply_row(const T* x, const T* w, const T* b, T* y, size_t n, RowStatistics<T> s, const T* next) {
  using V = Vec<T>;
  const V centre(s.mean), scale(s.rstd);
  for_row<V>(n, next != nullptr, [=](auto at) {
    at.fetch(next);
    V value = at.load(x);
    if constexpr (centred) value = value - centre;
    value = value * scale;
    if constexpr (has_weight && has_bias) value = fma(value, at.load(w), at.load(b));
    else if constexpr (has_weight) value = value * at.load(w);
    else if constexpr (has_bias) value = value + at.load(b);
    at.write(y, value);
  });
}

// The statistics of R rows are taken together, so that one's divisions hide behind another's sums. Where y goes past
// the caches, the rows that follow are fetched meanwhile: memory would rest between one burst of reads and the next.
template <class T, bool centred, int R>
FLAMBEAU_INLINE void norm_rows(const T* x, const T* w, const T* b, T* y, T* mean, T* rstd, size_t n, double eps,
                               bool streams) {
  RowStatistics<T> s[R];
  for (int r = 0; r < R; ++r) s[r] = row_statistics<T, centred>(x + r * n, n, eps);
  for (int r = 0; r < R; ++r) {
    const T* const from = x + r * n;
    T* const to = y + r * n;
    const T* const next = streams ? from + R * n : nullptr;
    if (w != nullptr && b != nullptr) apply_row<T, centred, true, true>(from, w, b, to, n, s[r], next);
    else if (w != nullptr) apply_row<T, centred, true, false>(from, w, b, to, n, s[r], next);
    else if (b != nullptr) apply_row<T, centred, false, true>(from, w, b, to, n, s[r], next);
    else apply_row<T, centred, false, false>(from, w, b, to, n, s[r], next);
    if (mean != nullptr) mean[r] = s[r].mean;
    if (rstd != nullptr) rstd[r] = s[r].rstd;
  }
}

template <class T, bool centred>
void row_norm(const void* x, const void* weight, const void* bias, void* y, void* mean, void* rstd, size_t rows,
              size_t n, double eps) {
  constexpr size_t kTogether = 4, kShort = 2048;  // longer rows would push each other out of L1
  const auto at = [](auto* p, size_t i) { return p == nullptr ? nullptr : p + i; };
  const bool streams = streams_rows<Vec<T>>(y, n, rows * n * sizeof(T));
  const auto run = [=](size_t r, auto count) {
    norm_rows<T, centred, count>(static_cast<const T*>(x) + r * n, static_cast<const T*>(weight),
                                 static_cast<const T*>(bias), static_cast<T*>(y) + r * n, at(static_cast<T*>(mean), r),
                                 at(static_cast<T*>(rstd), r), n, eps, streams);
  };
  size_t r = 0;
  for (; n <= kShort && r + kTogether <= rows; r += kTogether) run(r, std::integral_constant<int, kTogether>());
  for (; r < rows; ++r) run(r, std::integral_constant<int, 1>());
  if (streams) stream_fence();
}

// dx of a row, and its part of dweight and dbias.
template <class T, bool centred>
FLAMBEAU_INLINE void row_norm_backward_of(const T* g, const T* x, const T* w, T mean, T rstd, T* dx, T* dw, T* db,
                                          size_t n, bool streams) {
  using V = Vec<T>;
  double sum = 0, dot = 0;
  for (size_t at = 0; dx != nullptr && at < n; at += kBlock) {
    T block[2];
    const T *const gb = g + at, *const xb = x + at, *const wb = w == nullptr ? nullptr : w + at;
    const auto add = [=](auto load, auto* acc, auto scaled) {
      acc[0] = acc[0] + scaled;
      acc[1] = fma(scaled, load(xb) - decltype(scaled)(mean), acc[1]);
    };
    const size_t count = n - at < kBlock ? n - at : kBlock;
    if (w != nullptr) sums<T>(count, block, [=](auto load, auto* acc) { add(load, acc, load(gb) * load(wb)); });
    else sums<T>(count, block, [=](auto load, auto* acc) { add(load, acc, load(gb)); });
    sum += block[0];
    dot += block[1];
  }
  const double s = rstd, size = static_cast<double>(n);
  const V centre(mean), scale(rstd);
  const V slope(static_cast<T>(-s * s * s * dot / size)), offset(static_cast<T>(centred ? -s * sum / size : 0));
  const auto pass = [=](auto has_dx, auto has_weight, auto has_sums) {
    for_row<V>(n, streams, [=](auto at) {
      at.fetch(x + n);
      at.fetch(g + n);
      const V grad = at.load(g), shifted = at.load(x) - centre;
      if constexpr (has_sums) {
        at.store(dw, fma(grad * scale, shifted, at.load(dw)));
        at.store(db, at.load(db) + grad);
      }
      if constexpr (has_dx) {
        const V scaled = has_weight ? grad * at.load(w) : grad;
        at.write(dx, fma(shifted, slope, fma(scaled, scale, offset)));
      }
    });
  };
  constexpr std::true_type yes;
  constexpr std::false_type no;
  if (dx == nullptr) return pass(no, no, yes);
  if (dw == nullptr) return w == nullptr ? pass(yes, no, no) : pass(yes, yes, no);
  w == nullptr ? pass(yes, no, yes) : pass(yes, yes, yes);
}

// One row at a time: with several, rows of 4096 bytes would share the sets of L1 and push each other out.
template <class T, bool centred>
void row_norm_backward(const void* g, const void* x, const void* weight, const void* mean, const void* rstd, void* dx,
                       void* dweight, void* dbias, size_t rows, size_t n, size_t result_bytes) {
  const bool streams = dx != nullptr && streams_rows<Vec<T>>(dx, n, result_bytes);
  for (size_t r = 0; r < rows; ++r) {
    row_norm_backward_of<T, centred>(static_cast<const T*>(g) + r * n, static_cast<const T*>(x) + r * n,
                                     static_cast<const T*>(weight), centred ? static_cast<const T*>(mean)[r] : T(0),
                                     static_cast<const T*>(rstd)[r],
                                     dx == nullptr ? nullptr : static_cast<T*>(dx) + r * n, static_cast<T*>(dweight),
                                     static_cast<T*>(dbias), n, streams);
  }
  if (streams) stream_fence();
}

// --- over channels: x is [outer, n, inner], of which either outer runs have a channel each (inner 1), or the columns
// of one [n, inner] are the channels (outer 1)

template <class T>
void moments(const void* x, double* mean, double* m2, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  const T* from = static_cast<const T*>(x);
  if (inner == 1) {
    for (size_t o = 0; o < outer; ++o) {
      const Moments m = moments_of(from + o * n, n);
      mean[o] = m.mean;
      m2[o] = m.m2;
    }
    return;
  }
  const double size = static_cast<double>(n);
  const auto columns = [=](size_t i, size_t count, auto load) {
    V sum(0), deviation(0), square(0);
    for (size_t k = 0; k < n; ++k) sum = sum + load(from + k * inner + i);
    const V centre = sum / V(static_cast<T>(n));
    for (size_t k = 0; k < n; ++k) {
      const V d = load(from + k * inner + i) - centre;
      deviation = deviation + d;
      square = fma(d, d, square);
    }
    T means[V::size], errors[V::size], squares[V::size];
    centre.store(means);
    deviation.store(errors);
    square.store(squares);
    for (size_t j = 0; j < count; ++j) {
      const double error = errors[j];
      mean[i + j] = means[j] + error / size;
      m2[i + j] = squares[j] - error * error / size;
    }
  };
  size_t i = 0;
  for (; i + V::size <= inner; i += V::size) columns(i, V::size, [](const T* p) { return V::load(p); });
  if (i < inner) columns(i, inner - i, [=](const T* p) { return V::load_partial(p, inner - i); });
}

// y = f(load, params): params(p) is the channel's value of a parameter.
template <class T, class F>
FLAMBEAU_INLINE void map_channels(const ChannelArgs* args, void* y, size_t outer, size_t n, size_t inner, const F f) {
  using V = Vec<T>;
  T* to = static_cast<T*>(y);
  const bool streams = streams_rows<V>(y, inner != 1 ? inner : n, args->result_bytes);
  if (inner != 1) {
    for (size_t k = 0; k < n; ++k) {
      for_row<V>(inner, streams, [=](auto at) {
        at.write(to + k * inner, f([=](const void* p) { return at.load(static_cast<const T*>(p) + k * inner); },
                                   [=](const void* p) { return at.load(static_cast<const T*>(p)); }));
      });
    }
    if (streams) stream_fence();
    return;
  }
  size_t channel = args->first % args->period;
  const bool fetches = args->ahead > 0;
  for (size_t o = 0; o < outer; ++o) {
    const auto parameter = [channel](const void* p) { return V(static_cast<const T*>(p)[channel]); };
    const T* const next = static_cast<const T*>(args->x) + args->ahead + o * n;
    for_row<V>(n, streams, [=](auto at) {
      if (fetches) at.fetch(next);
      at.write(to + o * n, f([=](const void* p) { return at.load(static_cast<const T*>(p) + o * n); }, parameter));
    });
    if (++channel == args->period) channel = 0;
  }
  if (streams) stream_fence();
}

template <class T>
void channel_affine(const ChannelArgs* args, void* y, size_t outer, size_t n, size_t inner) {
  const ChannelArgs a = *args;
  map_channels<T>(args, y, outer, n, inner, [a](auto load, auto parameter) {
    return fma(load(a.x) - parameter(a.mean), parameter(a.scale), parameter(a.shift));
  });
}

template <class T>
void channel_gradient(const ChannelArgs* args, void* dx, size_t outer, size_t n, size_t inner) {
  const ChannelArgs a = *args;
  map_channels<T>(args, dx, outer, n, inner, [a](auto load, auto parameter) {
    return fma(load(a.x) - parameter(a.mean), parameter(a.slope),
               fma(load(a.g), parameter(a.scale), parameter(a.shift)));
  });
}

template <class T>
void channel_dots(const ChannelArgs* args, double* sum, double* dot, size_t outer, size_t n, size_t inner) {
  using V = Vec<T>;
  const T* const g = static_cast<const T*>(args->g);
  const T* const x = static_cast<const T*>(args->x);
  const T* const mean = static_cast<const T*>(args->mean);
  if (inner != 1) {
    const auto columns = [=](size_t i, size_t count, auto load) {
      const V centre = load(mean + i);
      V sums(0), dots(0);
      for (size_t k = 0; k < n; ++k) {
        const V grad = load(g + k * inner + i);
        sums = sums + grad;
        dots = fma(grad, load(x + k * inner + i) - centre, dots);
      }
      T lanes[2][V::size];
      sums.store(lanes[0]);
      dots.store(lanes[1]);
      for (size_t j = 0; j < count; ++j) {
        sum[i + j] = lanes[0][j];
        dot[i + j] = lanes[1][j];
      }
    };
    size_t i = 0;
    for (; i + V::size <= inner; i += V::size) columns(i, V::size, [](const T* p) { return V::load(p); });
    if (i < inner) columns(i, inner - i, [=](const T* p) { return V::load_partial(p, inner - i); });
    return;
  }
  size_t channel = args->first % args->period;
  for (size_t o = 0; o < outer; ++o) {
    const T centre = mean[channel];
    sum[o] = dot[o] = 0;
    for (size_t at = 0; at < n; at += kBlock) {
      const T *const gb = g + o * n + at, *const xb = x + o * n + at;
      T block[2];
      sums<T>(n - at < kBlock ? n - at : kBlock, block, [=](auto load, auto* acc) {
        const auto grad = load(gb);
        acc[0] = acc[0] + grad;
        acc[1] = fma(grad, load(xb) - decltype(grad)(centre), acc[1]);
      });
      sum[o] += block[0];
      dot[o] += block[1];
    }
    if (++channel == args->period) channel = 0;
  }
}

template <class T>
void fill_for(NormTable& table) {
  set<T>(table.layer_norm, row_norm<T, true>);
  set<T>(table.rms_norm, row_norm<T, false>);
  set<T>(table.layer_norm_backward, row_norm_backward<T, true>);
  set<T>(table.rms_norm_backward, row_norm_backward<T, false>);
  set<T>(table.moments, moments<T>);
  set<T>(table.channel_affine, channel_affine<T>);
  set<T>(table.channel_gradient, channel_gradient<T>);
  set<T>(table.channel_dots, channel_dots<T>);
}

}  // namespace

void fill_norm(NormTable& table) {
  fill_for<float>(table);
  fill_for<double>(table);
}

}  // namespace flambeau::FLAMBEAU_ISA
