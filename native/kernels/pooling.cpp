// Max and average pooling of planes [h, w]. Windows of equal size and distance take the fast path: rows are staged with
// their padding in a buffer, sorted by position modulo the stride, so that each tap of neighbouring windows is one
// contiguous load whatever the stride. Everything else (adaptive windows that differ, giant ones) goes window by
// window.
#include "pooling_windows.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
struct MaxOp {
  static constexpr bool is_max = true;
  static T identity() { return -static_cast<T>(INFINITY); }
  template <class V>
  static FLAMBEAU_INLINE V fold(V a, V b) {
    return maximum(a, b);
  }
};
template <class T>
struct SumOp {
  static constexpr bool is_max = false;
  static T identity() { return 0; }
  template <class V>
  static FLAMBEAU_INLINE V fold(V a, V b) {
    return a + b;
  }
};

// PyTorch's rule: the first of equal maxima, the last of several NaNs.
template <class T>
bool is_better(T value, T best) {
  return value > best || value != value;
}

template <template <class> class Op, class T>
void pool_windows(const PoolArgs& args, const T* x, T* y, IndexOf<T>* indices) {
  for (int64_t oh = 0; oh < args.h.out; ++oh) {
    const Window h = window_of(args.h, oh);
    for (int64_t ow = 0; ow < args.w.out; ++ow) {
      const Window w = window_of(args.w, ow);
      T result = Op<T>::identity();
      int64_t best = h.begin * args.w.size + w.begin;
      for (int64_t i = h.begin; i < h.end; i += h.step) {
        for (int64_t j = w.begin; j < w.end; j += w.step) {
          const T value = x[i * args.w.size + j];
          if constexpr (Op<T>::is_max) {
            if (!is_better(value, result)) continue;
            result = value;
            best = i * args.w.size + j;
          } else {
            result += value;
          }
        }
      }
      if constexpr (!Op<T>::is_max) {
        const double divisor = args.divisor != 0
                                   ? args.divisor
                                   : static_cast<double>(divisor_of(args, args.h, h) * divisor_of(args, args.w, w));
        result /= static_cast<T>(divisor);
      }
      *y++ = result;
      if (indices != nullptr) *indices++ = static_cast<IndexOf<T>>(best);
    }
  }
}

// --- windows of equal size and distance

// Sorts a row of positions by their remainder modulo the stride.
template <class T>
void sort_phases(const T* row, int64_t stride, int64_t length, T* phases) {
  if (stride == 2) {
    FLAMBEAU_LOOP
    for (int64_t i = 0; i < length; ++i) {
      phases[i] = row[2 * i];
      phases[length + i] = row[2 * i + 1];
    }
    return;
  }
  for (int64_t q = 0; q < stride; ++q) {
    for (int64_t i = 0; i < length; ++i) phases[q * length + i] = row[i * stride + q];
  }
}

template <class T>
void fill_run(T* p, int64_t begin, int64_t end, T value) {
  for (int64_t i = begin; i < end; ++i) p[i] = value;
}

// Values alone: the rows of a window are folded first, then the taps along the row.
template <template <class> class Op, class T>
void pool_values(const PoolArgs& args, Stage<T>& stage, const T* x, T* y) {
  using V = Vec<T>;
  constexpr int64_t kLanes = static_cast<int64_t>(V::size);
  const PoolAxis &h = args.h, &w = args.w;
  const int64_t elements = stage.row_elements(w);
  T buffer[Stage<T>::kElements];
  T* const phases = w.stride == 1 ? buffer : buffer + elements;
  for (int64_t first = 0; first < w.out; first += stage.tile) {
    const int64_t outputs = w.out - first < stage.tile ? w.out - first : stage.tile;
    const Covered columns = covered(w, stage, first);
    fill_run(buffer, 0, columns.skip < elements ? columns.skip : elements, Op<T>::identity());
    fill_run(buffer, columns.skip + columns.count, elements, Op<T>::identity());
    if constexpr (!Op<T>::is_max) stage.prepare(args, first);
    for (int64_t oh = 0; oh < h.out; ++oh) {
      const Window rows = window_of(h, oh);
      const T* const from = x + columns.start + columns.skip;
      T* const row = buffer + columns.skip;
      const auto fold_rows = [&](int64_t i, auto load, auto store) {
        V total(Op<T>::identity());
        for (int64_t r = rows.begin; r < rows.end; r += rows.step)
          total = Op<T>::fold(total, load(from + r * w.size + i));
        store(row + i, total);
      };
      int64_t i = 0;
      for (; i + kLanes <= columns.count; i += kLanes) {
        fold_rows(i, [](const T* p) { return V::load(p); }, [](T* p, V v) { v.store(p); });
      }
      if (i < columns.count) {
        const size_t rest = static_cast<size_t>(columns.count - i);
        fold_rows(
            i, [=](const T* p) { return V::load_partial(p, rest); }, [=](T* p, V v) { v.store_partial(p, rest); });
      }
      if (w.stride != 1) sort_phases(buffer, w.stride, stage.length, phases);
      T* const to = y + oh * w.out + first;
      const V height(static_cast<T>(args.divisor != 0 ? args.divisor : static_cast<double>(divisor_of(args, h, rows))));
      for (int64_t j = 0; j < outputs; j += kLanes) {
        V total = V::load(phases + stage.offset[0] + j);
        for (int64_t tap = 1; tap < w.kernel; ++tap)
          total = Op<T>::fold(total, V::load(phases + stage.offset[tap] + j));
        if constexpr (!Op<T>::is_max) total = total / (height * V::load(stage.widths + j));
        if (j + kLanes <= outputs) total.store(to + j);
        else total.store_partial(to + j, static_cast<size_t>(outputs - j));
      }
    }
  }
}

// With the place of each maximum: taps are visited in row-major order, as PyTorch does, so that ties and NaNs choose
// as there.
template <class T>
void max_pool_indices(const PoolArgs& args, Stage<T>& stage, const T* x, T* y, IndexOf<T>* indices) {
  using V = Vec<T>;
  using Bits = typename V::Bits;
  using U = Unsigned<T>;
  constexpr int64_t kLanes = static_cast<int64_t>(V::size);
  const PoolAxis &h = args.h, &w = args.w;
  const int64_t elements = stage.row_elements(w);
  T buffer[Stage<T>::kElements];
  T* const raw = buffer + h.kernel * elements;  // a row before its phases are sorted
  for (int64_t first = 0; first < w.out; first += stage.tile) {
    const int64_t outputs = w.out - first < stage.tile ? w.out - first : stage.tile;
    const Covered columns = covered(w, stage, first);
    stage.prepare(args, first);
    for (int64_t oh = 0; oh < h.out; ++oh) {
      const Window rows = window_of(h, oh);
      int64_t staged = 0;
      for (int64_t r = rows.begin; r < rows.end; r += rows.step, ++staged) {
        T* const phases = buffer + staged * elements;
        T* const row = w.stride == 1 ? phases : raw;
        fill_run(row, 0, columns.skip < elements ? columns.skip : elements, -static_cast<T>(INFINITY));
        memcpy(row + columns.skip, x + r * w.size + columns.start + columns.skip,
               static_cast<size_t>(columns.count) * sizeof(T));
        fill_run(row, columns.skip + columns.count, elements, -static_cast<T>(INFINITY));
        if (w.stride != 1) sort_phases(row, w.stride, stage.length, phases);
      }
      for (int64_t j = 0; j < outputs; j += kLanes) {
        const Bits column = V::load(stage.starts + j).bits();
        V best(-static_cast<T>(INFINITY));
        V place = V::from_bits(V::load(stage.begins + j).bits() + Bits(static_cast<U>(rows.begin * w.size)));
        for (int64_t s = 0; s < staged; ++s) {
          const T* const phases = buffer + s * elements + j;
          const int64_t row_start = (rows.begin + s * rows.step) * w.size;
          for (int64_t tap = 0; tap < w.kernel; ++tap) {
            const V value = V::load(phases + stage.offset[tap]);
            const auto better = (value > best) | (value != value);
            const Bits at = column + Bits(static_cast<U>(row_start + tap * w.dilation));
            best = select(better, value, best);
            place = select(better, V::from_bits(at), place);
          }
        }
        T* const to = y + oh * w.out + first + j;
        T* const index_to = reinterpret_cast<T*>(indices) + oh * w.out + first + j;
        if (j + kLanes <= outputs) {
          best.store(to);
          place.store(index_to);
        } else {
          best.store_partial(to, static_cast<size_t>(outputs - j));
          place.store_partial(index_to, static_cast<size_t>(outputs - j));
        }
      }
    }
  }
}

// --- windows without padding at strides 1 and 2: elements are taken from where they are

// The even elements of two neighbouring vectors.
template <class V>
FLAMBEAU_INLINE V even_lanes(V a, V b) {
  typename V::Elem lanes[2 * V::size], even[V::size];
  a.store(lanes);
  b.store(lanes + V::size);
  for (size_t i = 0; i < V::size; ++i) even[i] = lanes[2 * i];
  return V::load(even);
}
#if defined(__AVX512F__) && defined(__AVX512DQ__)
FLAMBEAU_INLINE VecF32 even_lanes(VecF32 a, VecF32 b) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return VecF32(_mm512_permutex2var_ps(a.v, even, b.v));
}
FLAMBEAU_INLINE VecF64 even_lanes(VecF64 a, VecF64 b) {
  return VecF64(_mm512_permutex2var_pd(a.v, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b.v));
}
#elif defined(__AVX2__)
FLAMBEAU_INLINE VecF32 even_lanes(VecF32 a, VecF32 b) {
  const __m256d pairs = _mm256_castps_pd(_mm256_shuffle_ps(a.v, b.v, 0x88));
  return VecF32(_mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xD8)));
}
FLAMBEAU_INLINE VecF64 even_lanes(VecF64 a, VecF64 b) {
  return VecF64(_mm256_permute4x64_pd(_mm256_unpacklo_pd(a.v, b.v), 0xD8));
}
#endif

// p[0], p[stride], … of count elements; nothing past the last is read.
template <class V>
FLAMBEAU_INLINE V load_strided(const typename V::Elem* p, int64_t stride, size_t count) {
  if (V::size == 1) return V::load(p);
  if (stride == 1) return count == V::size ? V::load(p) : V::load_partial(p, count);
  const size_t span = 2 * count - 1;
  const V low = span >= V::size ? V::load(p) : V::load_partial(p, span);
  return even_lanes(low, span > V::size ? V::load_partial(p + V::size, span - V::size) : low);
}

bool is_direct(const PoolArgs& args) {
  const PoolAxis &h = args.h, &w = args.w;
  return h.kernel != 0 && w.kernel != 0 && h.pad == 0 && w.pad == 0 && w.stride <= 2 && h.kernel <= 4 &&
         w.kernel <= 4 && (w.out - 1) * w.stride + (w.kernel - 1) * w.dilation < w.size;
}

template <class T>
void max_pool_direct(const PoolArgs& args, const T* x, T* y, IndexOf<T>* indices) {
  using V = Vec<T>;
  using Bits = typename V::Bits;
  using U = Unsigned<T>;
  const PoolAxis &h = args.h, &w = args.w;
  T lane_starts[V::size];
  for (size_t lane = 0; lane < V::size; ++lane) {
    const U start = static_cast<U>(static_cast<int64_t>(lane) * w.stride);
    memcpy(lane_starts + lane, &start, sizeof(T));
  }
  const Bits lanes = V::load(lane_starts).bits();
  for (int64_t oh = 0; oh < h.out; ++oh) {
    const Window rows = window_of(h, oh);
    for (int64_t j = 0; j < w.out; j += static_cast<int64_t>(V::size)) {
      const size_t left = static_cast<size_t>(w.out - j), count = left < V::size ? left : V::size;
      V best(-static_cast<T>(INFINITY));
      V place = V::from_bits(lanes + Bits(static_cast<U>(rows.begin * w.size + j * w.stride)));
      for (int64_t r = rows.begin; r < rows.end; r += rows.step) {
        for (int64_t tap = 0; tap < w.kernel; ++tap) {
          const int64_t at = r * w.size + j * w.stride + tap * w.dilation;
          const V value = load_strided<V>(x + at, w.stride, count);
          if (indices == nullptr) {
            best = maximum(best, value);
            continue;
          }
          const auto better = (value > best) | (value != value);
          best = select(better, value, best);
          place = select(better, V::from_bits(lanes + Bits(static_cast<U>(at))), place);
        }
      }
      T* const to = y + oh * w.out + j;
      if (count == V::size) best.store(to);
      else best.store_partial(to, count);
      if (indices == nullptr) continue;
      T* const index_to = reinterpret_cast<T*>(indices) + oh * w.out + j;
      if (count == V::size) place.store(index_to);
      else place.store_partial(index_to, count);
    }
  }
}

template <class T>
void max_pool(const PoolArgs* args, const void* x, void* y, void* indices, size_t planes) {
  const int64_t in = args->h.size * args->w.size, out = args->h.out * args->w.out;
  const bool direct = is_direct(*args);
  Stage<T> stage;
  if (args->h.kernel != 0) stage.plan(args->w, indices == nullptr ? 1 : args->h.kernel);
  for (size_t p = 0; p < planes; ++p) {
    const T* const from = static_cast<const T*>(x) + static_cast<int64_t>(p) * in;
    T* const to = static_cast<T*>(y) + static_cast<int64_t>(p) * out;
    IndexOf<T>* const places =
        indices == nullptr ? nullptr : static_cast<IndexOf<T>*>(indices) + static_cast<int64_t>(p) * out;
    if (direct) max_pool_direct(*args, from, to, places);
    else if (!stage.planned()) pool_windows<MaxOp>(*args, from, to, places);
    else if (places == nullptr) pool_values<MaxOp>(*args, stage, from, to);
    else max_pool_indices(*args, stage, from, to, places);
  }
}

template <class T>
void avg_pool(const PoolArgs* args, const void* x, void* y, size_t planes) {
  const int64_t in = args->h.size * args->w.size, out = args->h.out * args->w.out;
  Stage<T> stage;
  if (args->h.kernel != 0) stage.plan(args->w, 1);
  for (size_t p = 0; p < planes; ++p) {
    const T* const from = static_cast<const T*>(x) + static_cast<int64_t>(p) * in;
    T* const to = static_cast<T*>(y) + static_cast<int64_t>(p) * out;
    if (stage.planned()) pool_values<SumOp>(*args, stage, from, to);
    else pool_windows<SumOp>(*args, from, to, nullptr);
  }
}

template <class T>
void fill_for(PoolingTable& table) {
  set<T>(table.max_pool, max_pool<T>);
  set<T>(table.avg_pool, avg_pool<T>);
}

}  // namespace

void fill_pooling(PoolingTable& table) {
  fill_for<float>(table);
  fill_for<double>(table);
}

}  // namespace flambeau::FLAMBEAU_ISA
