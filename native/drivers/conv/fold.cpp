// Unfolding and folding: every window of an image as a column, and the sum of such columns in an image's places. Each
// is the other's gradient. A thread has whole planes, so that sums have one order.
#include <algorithm>
#include <cstring>
#include <string>

#include "../../parallel/thread_pool.h"
#include "../../tensor/output.h"
#include "conv.h"

namespace flambeau {
namespace {

constexpr int64_t kGrain = 32 * 1024;  // elements of columns that are worth a thread

struct FoldAxis {
  int64_t in, out, kernel, stride, padding, dilation;
  // Of window 0's element `tap`, in the image; negative in the padding.
  int64_t source(int64_t tap) const { return tap * dilation - padding; }
};

struct FoldShape {
  int64_t planes, taps, columns;
  FoldAxis y, x;
};

// images [n, c, y, x], kernel [y, x].
FoldShape shape_of(const char* op, const Dims& images, const ConvParams& p, const Dims& kernel) {
  if (images.rank != 4 || kernel.rank != 2) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": images [n, c, h, w] and a kernel [h, w] were expected, got " +
                                      to_string(images) + " and " + to_string(kernel));
  }
  const FoldAxis y{images[2], p.size[0], kernel[0], p.stride[0], p.padding[0], p.dilation[0]};
  const FoldAxis x{images[3], p.size[1], kernel[1], p.stride[1], p.padding[1], p.dilation[1]};
  for (const FoldAxis& axis : {y, x}) {
    if (axis.kernel < 1 || axis.stride < 1 || axis.dilation < 1 || axis.out < 1) {
      throw Error("BAD_ARGUMENT", std::string(op) + ": kernel, stride, dilation and blocks must be positive");
    }
    const double reach = static_cast<double>(axis.out) * static_cast<double>(axis.stride) +
                         static_cast<double>(axis.kernel) * static_cast<double>(axis.dilation) +
                         static_cast<double>(axis.padding) + static_cast<double>(axis.in);
    if (!(reach < 0x1p52)) throw Error("SIZE_OVERFLOW", std::string(op) + ": sizes are too large");
  }
  const int64_t taps = count({y.kernel, x.kernel});
  count({images[0], images[1], taps, y.out, x.out});
  return {images[0] * images[1], taps, y.out * x.out, y, x};
}

// Calls each(element of the image, element of the columns) for what is both in a window and in the plane, and
// outside(element of the columns) for the rest, tap by tap.
template <class Each, class Outside>
void walk_windows(const FoldShape& s, Each&& each, Outside&& outside) {
  int64_t at = 0;
  for (int64_t ky = 0; ky < s.y.kernel; ++ky) {
    for (int64_t kx = 0; kx < s.x.kernel; ++kx) {
      for (int64_t oy = 0; oy < s.y.out; ++oy) {
        const int64_t y = oy * s.y.stride + s.y.source(ky);
        const bool row_is_inside = y >= 0 && y < s.y.in;
        int64_t x = s.x.source(kx);
        for (int64_t ox = 0; ox < s.x.out; ++ox, x += s.x.stride, ++at) {
          if (row_is_inside && x >= 0 && x < s.x.in) each(y * s.x.in + x, at);
          else outside(at);
        }
      }
    }
  }
}

template <class Work>
void each_plane(const char* op, const FoldShape& s, DType dtype, Work&& work) {
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    parallel_for(s.planes, 1 + kGrain / (s.taps * s.columns), [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; ++plane) work(T{}, plane);
    });
  };
  if (dtype == DType::f32) run(float{});
  else if (dtype == DType::f64) run(double{});
  else throw_no_kernel(op, dtype);
}

Dims columns_of(const Dims& images, const FoldShape& s) { return {images[0], images[1] * s.taps, s.columns}; }

}  // namespace

void unfold(const Tensor& x, const ConvParams& p, const Dims& kernel, Out out) {
  const char* const op = "unfold";
  if (x.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { unfold(widened(x), p, kernel, wide); });
  }
  const FoldShape s = shape_of(op, x.shape, p, kernel);
  make_or_check(op, out, x.dtype, columns_of(x.shape, s));
  const Tensor images = contiguous(x);
  Output y = Output::contiguous(out, {&images});
  each_plane(op, s, x.dtype, [&](auto zero, int64_t plane) {
    using T = decltype(zero);
    const T* const from = images.as<T>() + plane * s.y.in * s.x.in;
    T* const to = y->as<T>() + plane * s.taps * s.columns;
    walk_windows(s, [&](int64_t source, int64_t at) { to[at] = from[source]; }, [&](int64_t at) { to[at] = 0; });
  });
  y.commit();
}

void fold(const Tensor& columns, const ConvParams& p, const Dims& kernel, const Dims& image, Out out) {
  const char* const op = "fold";
  if (columns.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { fold(widened(columns), p, kernel, image, wide); });
  }
  if (columns.rank() != 3 || kernel.rank != 2 || image.rank != 2) {
    throw Error("SHAPE_MISMATCH",
                std::string(op) + ": columns [n, c·taps, l] were expected, got " + to_string(columns.shape));
  }
  const int64_t taps = std::max<int64_t>(1, count(kernel));
  const Dims images{columns.shape[0], columns.shape[1] / taps, image[0], image[1]};
  const FoldShape s = shape_of(op, images, p, kernel);
  if (!(columns.shape == columns_of(images, s))) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": columns of shape " + to_string(columns_of(images, s)) +
                                      " were expected, got " + to_string(columns.shape));
  }
  make_or_check(op, out, columns.dtype, images);
  const Tensor dense = contiguous(columns);
  Output y = Output::contiguous(out, {&dense});
  each_plane(op, s, columns.dtype, [&](auto zero, int64_t plane) {
    using T = decltype(zero);
    const T* const from = dense.as<T>() + plane * s.taps * s.columns;
    const int64_t size = s.y.in * s.x.in;
    T* const to = y->as<T>() + plane * size;
    if (size > 0) std::memset(to, 0, static_cast<size_t>(size) * sizeof(T));
    walk_windows(s, [&](int64_t target, int64_t at) { to[target] += from[at]; }, [](int64_t) {});
  });
  y.commit();
}

}  // namespace flambeau
