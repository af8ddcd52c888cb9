// What pooling and its gradient share: windows, and the tiles of them whose rows are staged.
#pragma once

#include "family.h"
#include "pooling.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// The elements [begin, end) of an axis, every step-th, that window i covers; raw is begin before it was clipped.
struct Window {
  int64_t raw, begin, end, step;
};

Window window_of(const PoolAxis& axis, int64_t i) {
  if (axis.kernel == 0) {
    const int64_t begin = i * axis.size / axis.out;
    return {begin, begin, ((i + 1) * axis.size + axis.out - 1) / axis.out, 1};
  }
  Window w{i * axis.stride - axis.pad, 0, 0, axis.dilation};
  w.begin = w.raw >= 0 ? w.raw : w.raw + (-w.raw + axis.dilation - 1) / axis.dilation * axis.dilation;
  w.end = w.raw + (axis.kernel - 1) * axis.dilation + 1;
  if (w.end > axis.size) w.end = axis.size;
  return w;
}

// What an average along the axis divides by.
int64_t divisor_of(const PoolArgs& args, const PoolAxis& axis, const Window& w) {
  if (axis.kernel == 0 || !args.count_include_pad) return w.end - w.begin;
  const int64_t end = w.raw + axis.kernel, limit = axis.size + axis.pad;
  return (end < limit ? end : limit) - w.raw;
}

template <class T>
using IndexOf = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

constexpr int64_t kMaxTaps = 64;

// Rows of one tile of outputs, staged in a buffer on the stack.
template <class T>
struct Stage {
  static constexpr int64_t kElements = 4096, kMaxTile = kElements / 2;
  static constexpr int64_t kSlack = static_cast<int64_t>(Vec<T>::size);

  int64_t tile = 0;    // outputs along w
  int64_t length = 0;  // of one phase: the positions that are equal modulo the stride
  int64_t span = 0;    // positions that the tile's windows cover
  int64_t offset[kMaxTaps];

  // Where tap j of the tile's windows begins in a staged row.
  void plan(const PoolAxis& w, int64_t rows) {
    if (w.kernel == 0 || w.kernel > kMaxTaps || w.stride > kElements || w.dilation > kElements) return;
    const int64_t reach = (w.kernel - 1) * w.dilation, room = kElements / (rows + 1);
    // (tile - 1) * stride + reach + 1 positions, and up to a stride and a vector for each phase beyond them.
    const int64_t left = room - reach - w.stride * (2 + kSlack);
    if (left < w.stride * kSlack) return;
    tile = left / w.stride;
    if (tile > w.out) tile = w.out;
    span = (tile - 1) * w.stride + reach + 1;
    length = (span + w.stride - 1) / w.stride + kSlack;
    for (int64_t j = 0; j < w.kernel; ++j) {
      offset[j] = j * w.dilation % w.stride * length + j * w.dilation / w.stride;
    }
  }
  bool planned() const { return tile > 0; }

  // What the tile's windows know of their columns; the same for all planes as long as there is one tile.
  int64_t prepared = -1;
  T widths[kMaxTile];                    // what averages divide by
  T starts[kMaxTile], begins[kMaxTile];  // where the windows start, and start when clipped, as bits
  void prepare(const PoolArgs& args, int64_t first) {
    if (prepared == first) return;
    prepared = first;
    for (int64_t i = 0; i < tile; ++i) {
      const Window window = window_of(args.w, first + i);
      widths[i] = static_cast<T>(args.divisor != 0 ? 1 : divisor_of(args, args.w, window));
      const Unsigned<T> start = static_cast<Unsigned<T>>(window.raw), begin = static_cast<Unsigned<T>>(window.begin);
      memcpy(starts + i, &start, sizeof(T));
      memcpy(begins + i, &begin, sizeof(T));
    }
  }
  int64_t row_elements(const PoolAxis& w) const { return w.stride * length; }
};

// The columns of a row that a tile beginning at output `first` covers: [skip, skip + count) of the staged positions.
struct Covered {
  int64_t start, skip, count;
};
template <class T>
Covered covered(const PoolAxis& w, const Stage<T>& stage, int64_t first) {
  const int64_t start = first * w.stride - w.pad;
  const int64_t skip = start < 0 ? -start : 0;
  const int64_t end = start + stage.span < w.size ? start + stage.span : w.size;
  return {start, skip, end - start > skip ? end - start - skip : 0};
}

}  // namespace
}  // namespace flambeau::FLAMBEAU_ISA
