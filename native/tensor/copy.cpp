#include <algorithm>

#include "../kernels/elementwise.h"
#include "copy.h"
#include "element.h"
#include "integers.h"
#include "map.h"
#include "output.h"

namespace flambeau {
namespace {

// Copies and fills run at the speed of memory: below this a thread costs more than it saves.
constexpr int64_t kCopyGrain = 64 * 1024;

template <class T>
void copy_run(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<T*>(to + i * to_stride) = *reinterpret_cast<const T*>(from + i * from_stride);
  }
}

// Two axes of a copy whose source is contiguous along the outer one (`rows`). A tile is read along its columns and
// written along its rows, through a buffer: strided access to memory itself would hit few cache sets again and again.
constexpr int64_t kTile = 32;

struct TileAxes {
  int64_t rows, columns;
  int64_t from_column, to_row, to_column;  // byte strides
};

template <class T>
void copy_tile_rows(const char* from, char* to, const TileAxes& axes, int64_t first_row) {
  constexpr int64_t kItem = sizeof(T);
  alignas(64) T tile[kTile][kTile];
  const int64_t height = std::min(kTile, axes.rows - first_row);
  for (int64_t column = 0; column < axes.columns; column += kTile) {
    const int64_t width = std::min(kTile, axes.columns - column);
    for (int64_t j = 0; j < width; ++j) {
      std::memcpy(tile[j], from + first_row * kItem + (column + j) * axes.from_column,
                  static_cast<size_t>(height * kItem));
    }
    for (int64_t i = 0; i < height; ++i) {
      copy_run<T>(reinterpret_cast<const char*>(&tile[0][i]), kTile * kItem,
                  to + (first_row + i) * axes.to_row + column * axes.to_column, axes.to_column, width);
    }
  }
}

// Operand 0 is the target, operand 1 the source. True when the copy was a transposition and is done.
bool copy_transposed(const Walk<2>& walk, size_t item) {
  const int inner = walk.rank - 1;
  if (walk.inner_stride(1) <= static_cast<int64_t>(item) || walk.inner_size() < 8) return false;
  int outer = -1;
  for (int axis = 0; axis < inner; ++axis) {
    if (walk.stride[1][axis] == static_cast<int64_t>(item) && walk.size[axis] >= 8) outer = axis;
  }
  if (outer < 0) return false;
  const TileAxes axes{walk.size[outer], walk.size[inner], walk.stride[1][inner], walk.stride[0][outer],
                      walk.stride[0][inner]};
  const int64_t strips = ceil_div(axes.rows, kTile);
  int64_t planes = 1;
  for (int axis = 0; axis < inner; ++axis) planes *= axis == outer ? 1 : walk.size[axis];
  const int64_t grain = std::max<int64_t>(1, kCopyGrain / (kTile * axes.columns));
  with_item_type(item, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(planes * strips, grain, [&](int64_t begin, int64_t end) {
      for (int64_t unit = begin; unit < end; ++unit) {
        char *to = walk.base[0], *from = walk.base[1];
        int64_t rest = unit / strips;
        for (int axis = inner - 1; axis >= 0; --axis) {
          if (axis == outer) continue;
          const int64_t index = rest % walk.size[axis];
          rest /= walk.size[axis];
          to += index * walk.stride[0][axis];
          from += index * walk.stride[1][axis];
        }
        copy_tile_rows<T>(from, to, axes, unit % strips * kTile);
      }
    });
  });
  return true;
}

// Same dtype, same shape, no harmful overlap.
void copy_elements(const Tensor& source, Tensor& target) {
  const size_t item = item_size(source.dtype);
  const Walk<2> walk = make_walk<2>({&target, &source});
  if (walk.numel == 0 || copy_transposed(walk, item)) return;
  const int64_t to_stride = walk.inner_stride(0), from_stride = walk.inner_stride(1);
  const bool runs = to_stride == static_cast<int64_t>(item) && from_stride == to_stride;
  with_item_type(item, [&](auto zero) {
    using T = decltype(zero);
    parallel_for(walk.numel, kCopyGrain, [&](int64_t begin, int64_t end) {
      for_each_row(walk, begin, end, [&](char* const(&p)[2], int64_t n) {
        if (runs && n > 16) {
          std::memcpy(p[0], p[1], static_cast<size_t>(n) * sizeof(T));
        } else {
          copy_run<T>(p[1], from_stride, p[0], to_stride, n);
        }
      });
    });
  });
}

void convert(const Tensor& source, Tensor& target) {
  if (&source == &target) return;
  Output y = Output::elementwise(target, {&source});
  if (source.dtype == target.dtype) {
    copy_elements(source, *y);
  } else {
    const CastFn fn = kernels<ElementwiseTable>().cast[static_cast<int>(source.dtype)][static_cast<int>(target.dtype)];
    map_runs<2>({&*y, &source}, kCheapGrain,
                [fn](char* const(&p)[2], const size_t (&)[2], size_t n) { fn(p[1], p[0], n); });
  }
  y.commit();
}

void fill_element(Tensor& target, const Element& element) {
  // memset writes whole lines without reading them first, which costs half of what stores do beyond the caches.
  const bool zero = std::all_of(element.bytes, element.bytes + item_size(target.dtype), [](char c) { return c == 0; });
  const Walk<1> walk = make_walk<1>({&target});
  with_item_type(item_size(target.dtype), [&](auto value) {
    using T = decltype(value);
    std::memcpy(&value, element.bytes, sizeof value);
    parallel_for(walk.numel, kCopyGrain, [&](int64_t begin, int64_t end) {
      for_each_row(walk, begin, end, [&](char* const(&p)[1], int64_t n) {
        if (walk.inner_stride(0) == sizeof(T)) {
          if (zero) std::memset(p[0], 0, static_cast<size_t>(n) * sizeof(T));
          else std::fill_n(reinterpret_cast<T*>(p[0]), n, value);
        } else {
          copy_run<T>(reinterpret_cast<const char*>(&value), 0, p[0], walk.inner_stride(0), n);
        }
      });
    });
  });
}

}  // namespace

void move_run(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n, size_t item) {
  with_item_type(item, [&](auto zero) { copy_run<decltype(zero)>(from, from_stride, to, to_stride, n); });
}

bool runs_across(const Tensor& x) {
  int last = x.rank() - 1;
  while (last >= 0 && x.shape[last] == 1) --last;
  bool across = false;
  for (int i = 0; i <= last; ++i) {
    if (x.shape[i] == 1) continue;
    if (x.strides[i] == 0) return false;
    across = across || (i < last && x.strides[i] == 1);
  }
  return across;
}

void gather_elements(const Walk<1>& walk, int64_t begin, int64_t end, size_t item, char* to) {
  with_item_type(item, [&](auto zero) {
    using T = decltype(zero);
    for_each_row(walk, begin, end, [&](char* const(&from)[1], int64_t n) {
      copy_run<T>(from[0], walk.inner_stride(0), to, sizeof(T), n);
      to += n * static_cast<int64_t>(sizeof(T));
    });
  });
}

void scatter_elements(const char* from, const Walk<1>& walk, int64_t begin, int64_t end, size_t item) {
  with_item_type(item, [&](auto zero) {
    using T = decltype(zero);
    for_each_row(walk, begin, end, [&](char* const(&to)[1], int64_t n) {
      copy_run<T>(from, sizeof(T), to[0], walk.inner_stride(0), n);
      from += n * static_cast<int64_t>(sizeof(T));
    });
  });
}

void cast(const Tensor& x, DType dtype, Out out) {
  make_or_check("cast", out, dtype, x.shape);
  convert(x, out);
}

void copy_into(const Tensor& source, Target target) {
  if (source.shape == target->shape) {
    convert(source, target);
  } else {
    convert(broadcast_to(source, target->shape), target);
  }
}

void fill(Target target, double value) { fill_element(target, Element(value, target->dtype)); }
void fill_i64(Target target, int64_t value) { fill_element(target, Element(value, target->dtype)); }

void arange(double start, double step, Target out) {
  constexpr int64_t kChunk = 512;
  const CastFn fn = kernels<ElementwiseTable>().cast[static_cast<int>(DType::f64)][static_cast<int>(out->dtype)];
  const Walk<1> walk = make_walk<1>({&*out});
  const size_t item = item_size(out->dtype);
  parallel_for(walk.numel, kCheapGrain, [&](int64_t begin, int64_t end) {
    double values[kChunk];
    char converted[kChunk * 8];
    for (int64_t at = begin; at < end; at += kChunk) {
      const int64_t n = std::min(kChunk, end - at);
      for (int64_t i = 0; i < n; ++i) values[i] = start + static_cast<double>(at + i) * step;
      const char* from = reinterpret_cast<const char*>(values);
      if (out->dtype != DType::f64) {
        fn(values, converted, static_cast<size_t>(n));
        from = converted;
      }
      scatter_elements(from, walk, at, at + n, item);
    }
  });
}

}  // namespace flambeau
