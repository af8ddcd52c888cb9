// The gradients of max and average pooling, a plane's windows giving back to the elements they cover.
#include "pooling_windows.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Planes at a time, so that one's sums need not wait for another's.
template <class T, int kPlanes>
FLAMBEAU_INLINE void scatter(const T* g, const IndexOf<T>* places, int64_t out, int64_t in, T* dx) {
  memset(dx, 0, static_cast<size_t>(kPlanes * in) * sizeof(T));
  for (int64_t i = 0; i < out; ++i) {
    for (int p = 0; p < kPlanes; ++p) {
      // A place outside the plane is that of a window which covers nothing.
      const int64_t place = places[p * out + i];
      if (static_cast<uint64_t>(place) < static_cast<uint64_t>(in)) dx[p * in + place] += g[p * out + i];
    }
  }
}

template <class T>
void max_pool_backward(const PoolArgs* args, const void* g, const void* indices, void* dx, size_t planes) {
  const int64_t in = args->h.size * args->w.size, out = args->h.out * args->w.out;
  const T* from = static_cast<const T*>(g);
  const IndexOf<T>* places = static_cast<const IndexOf<T>*>(indices);
  T* to = static_cast<T*>(dx);
  // Neighbours often share a maximum where windows overlap: a sum then waits for the one before.
  const bool waits = args->w.kernel > args->w.stride;
  const auto each = [&](auto at_once) {
    constexpr size_t kPlanes = at_once;
    for (; planes >= kPlanes; planes -= kPlanes) {
      scatter<T, kPlanes>(from, places, out, in, to);
      from += kPlanes * out, places += kPlanes * out, to += kPlanes * in;
    }
  };
  if (waits) each(std::integral_constant<size_t, 4>());
  each(std::integral_constant<size_t, 1>());
}

template <class T>
void spread_windows(const PoolArgs& args, const T* g, T* dx) {
  const PoolAxis &h = args.h, &w = args.w;
  for (int64_t oh = 0; oh < h.out; ++oh) {
    const Window rows = window_of(h, oh);
    const int64_t height = divisor_of(args, h, rows);
    for (int64_t ow = 0; ow < w.out; ++ow) {
      const Window columns = window_of(w, ow);
      const double divisor =
          args.divisor != 0 ? args.divisor : static_cast<double>(height * divisor_of(args, w, columns));
      const T share = *g++ / static_cast<T>(divisor);
      for (int64_t i = rows.begin; i < rows.end; ++i) {
        for (int64_t j = columns.begin; j < columns.end; ++j) dx[i * w.size + j] += share;
      }
    }
  }
}

// What a row of windows gives to each of its rows is the same, and gathered once.
template <class T>
void spread_staged(const PoolArgs& args, Stage<T>& stage, const T* g, T* dx) {
  const PoolAxis &h = args.h, &w = args.w;
  const int64_t elements = stage.row_elements(w);
  T row[Stage<T>::kElements], shares[Stage<T>::kMaxTile];
  for (int64_t first = 0; first < w.out; first += stage.tile) {
    const int64_t outputs = w.out - first < stage.tile ? w.out - first : stage.tile;
    const Covered columns = covered(w, stage, first);
    stage.prepare(args, first);
    for (int64_t oh = 0; oh < h.out; ++oh) {
      const Window rows = window_of(h, oh);
      const T height =
          static_cast<T>(args.divisor != 0 ? args.divisor : static_cast<double>(divisor_of(args, h, rows)));
      const T* const from = g + oh * w.out + first;
      FLAMBEAU_LOOP
      for (int64_t i = 0; i < outputs; ++i) shares[i] = from[i] / (height * stage.widths[i]);
      memset(row, 0, static_cast<size_t>(elements) * sizeof(T));
      for (int64_t tap = 0; tap < w.kernel; ++tap) {
        T* const to = row + tap;
        FLAMBEAU_LOOP
        for (int64_t i = 0; i < outputs; ++i) to[i * w.stride] += shares[i];
      }
      const T* const part = row + columns.skip;
      for (int64_t r = rows.begin; r < rows.end; ++r) {
        T* const to = dx + r * w.size + columns.start + columns.skip;
        FLAMBEAU_LOOP
        for (int64_t i = 0; i < columns.count; ++i) to[i] += part[i];
      }
    }
  }
}

template <class T>
void avg_pool_backward(const PoolArgs* args, const void* g, void* dx, size_t planes) {
  const int64_t in = args->h.size * args->w.size, out = args->h.out * args->w.out;
  const T* from = static_cast<const T*>(g);
  T* to = static_cast<T*>(dx);
  Stage<T> stage;
  if (args->h.kernel != 0 && args->w.dilation == 1) stage.plan(args->w, 1);
  for (size_t p = 0; p < planes; ++p, from += out, to += in) {
    memset(to, 0, static_cast<size_t>(in) * sizeof(T));
    if (stage.planned()) spread_staged(*args, stage, from, to);
    else spread_windows(*args, from, to);
  }
}

template <class T>
void fill_for(PoolingTable& table) {
  set<T>(table.max_pool_backward, max_pool_backward<T>);
  set<T>(table.avg_pool_backward, avg_pool_backward<T>);
}

}  // namespace

void fill_pooling_backward(PoolingTable& table) {
  fill_for<float>(table);
  fill_for<double>(table);
}

}  // namespace flambeau::FLAMBEAU_ISA
