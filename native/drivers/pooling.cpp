// Pooling: the last two axes of x are planes, each of which a kernel pools by itself.
#include "pooling.h"

#include <algorithm>
#include <string>

#include "../kernels/pooling.h"
#include "../parallel/shares.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

constexpr int64_t kPoolGrain = 16 * 1024;  // elements read that are worth a thread

void check_axis_of(const char* op, const PoolAxis& axis) {
  constexpr int64_t kLimit = int64_t(1) << 31;  // so that positions and products of two of them cannot overflow
  const auto in = [](int64_t value, int64_t low) { return value >= low && value < kLimit; };
  bool right = in(axis.size, 0) && in(axis.out, 0);
  if (axis.kernel != 0) {
    right = right && in(axis.kernel, 1) && in(axis.stride, 1) && in(axis.dilation, 1) && in(axis.pad, 0) &&
            axis.pad <= ((axis.kernel - 1) * axis.dilation + 1) / 2;
    // Every window begins inside the input or the padding before it.
    right = right && (axis.out == 0 || (axis.out - 1) * axis.stride < axis.size + axis.pad);
  }
  if (right) return;
  throw Error("BAD_ARGUMENT", std::string(op) + ": windows inside the input were expected, got size " +
                                  std::to_string(axis.size) + ", output " + std::to_string(axis.out) + ", kernel " +
                                  std::to_string(axis.kernel) + ", stride " + std::to_string(axis.stride) +
                                  ", padding " + std::to_string(axis.pad) + ", dilation " +
                                  std::to_string(axis.dilation));
}

// The planes of a tensor whose last two axes are these.
int64_t planes_of(const char* op, const Tensor& x, int64_t height, int64_t width) {
  const int rank = x.rank();
  if (rank < 2 || x.shape[rank - 2] != height || x.shape[rank - 1] != width) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": planes of " + std::to_string(height) + " by " +
                                      std::to_string(width) + " were expected, got " + to_string(x.shape));
  }
  int64_t planes = 1;
  for (int i = 0; i < rank - 2; ++i) planes *= x.shape[i];
  return planes;
}

Dims with_planes(const Tensor& x, int64_t height, int64_t width) {
  Dims shape = x.shape;
  shape[shape.rank - 2] = height;
  shape[shape.rank - 1] = width;
  return shape;
}

void check(const char* op, const PoolArgs& args) {
  check_axis_of(op, args.h);
  check_axis_of(op, args.w);
}

DType index_dtype(DType dtype) { return dtype == DType::f32 ? DType::i32 : DType::i64; }

int64_t grain(const PoolArgs& args) {
  return std::max<int64_t>(1, kPoolGrain / std::max<int64_t>(1, args.h.size * args.w.size));
}

template <class Fn>
Fn slot(const char* op, const Fn (&row)[kDTypeCount], DType dtype) {
  const Fn fn = row[static_cast<int>(dtype)];
  if (!fn) throw_no_kernel(op, dtype);
  return fn;
}

}  // namespace

void max_pool(const Tensor& x, const PoolArgs& args, OptionalTarget indices, Out out) {
  const char* const op = "maxPool";
  const MaxPoolFn fn = slot(op, kernels<PoolingTable>().max_pool, x.dtype);
  check(op, args);
  const int64_t planes = planes_of(op, x, args.h.size, args.w.size);
  if (indices && x.dtype == DType::f32 && args.h.size * args.w.size >= int64_t(1) << 31) {
    throw Error("SIZE_OVERFLOW",
                "maxPool: planes of fewer than 2^31 elements were expected, got " + to_string(x.shape));
  }
  const Dims shape = with_planes(x, args.h.out, args.w.out);
  make_or_check(op, out, x.dtype, shape);
  if (indices) make_or_check(op, *indices, index_dtype(x.dtype), shape);
  if (out->numel == 0) return;
  const Tensor from = contiguous(x);
  Output y = Output::contiguous(out, {&from});
  if (indices && !indices->is_contiguous()) throw Error("BAD_ARGUMENT", "maxPool: contiguous indices were expected");
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  const int64_t in = args.h.size * args.w.size * item, to = args.h.out * args.w.out * item;
  parallel_pieces(planes, grain(args), [&](int64_t begin, int64_t end) {
    fn(&args, from.data() + begin * in, y->data() + begin * to, indices ? indices->data() + begin * to : nullptr,
       static_cast<size_t>(end - begin));
  });
  y.commit();
}

void max_pool_backward(const Tensor& g, const Tensor& indices, const PoolArgs& args, Out dx) {
  const char* const op = "maxPoolBackward";
  const MaxPoolBackwardFn fn = slot(op, kernels<PoolingTable>().max_pool_backward, g.dtype);
  check(op, args);
  check_dtype(op, indices, index_dtype(g.dtype));
  const int64_t planes = planes_of(op, indices, args.h.out, args.w.out);
  const Tensor grad = contiguous(g.shape == indices.shape ? g : broadcast_to(g, indices.shape));
  const Tensor places = contiguous(indices);
  make_or_check(op, dx, g.dtype, with_planes(indices, args.h.size, args.w.size));
  if (dx->numel == 0) return;
  Output out = Output::contiguous(dx, {&grad, &places});
  const int64_t item = static_cast<int64_t>(item_size(g.dtype));
  const int64_t in = args.h.size * args.w.size * item, from = args.h.out * args.w.out * item;
  parallel_pieces(planes, grain(args), [&](int64_t begin, int64_t end) {
    fn(&args, grad.data() + begin * from, places.data() + begin * from, out->data() + begin * in,
       static_cast<size_t>(end - begin));
  });
  out.commit();
}

namespace {

// Planes of one size to planes of another, in either direction.
void run_average(const char* op, const AvgPoolFn (&slots)[kDTypeCount], const PoolArgs& args, const Tensor& x,
                 int64_t x_h, int64_t x_w, Tensor& out, int64_t out_h, int64_t out_w) {
  const AvgPoolFn fn = slot(op, slots, x.dtype);
  check(op, args);
  const int64_t planes = planes_of(op, x, x_h, x_w);
  make_or_check(op, out, x.dtype, with_planes(x, out_h, out_w));
  if (out.numel == 0) return;
  const Tensor dense = contiguous(x);
  Output y = Output::contiguous(out, {&dense});
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  const int64_t from = x_h * x_w * item, to = out_h * out_w * item;
  parallel_pieces(planes, grain(args), [&](int64_t begin, int64_t end) {
    fn(&args, dense.data() + begin * from, y->data() + begin * to, static_cast<size_t>(end - begin));
  });
  y.commit();
}

}  // namespace

void avg_pool(const Tensor& x, const PoolArgs& args, Out out) {
  run_average("avgPool", kernels<PoolingTable>().avg_pool, args, x, args.h.size, args.w.size, out, args.h.out,
              args.w.out);
}

void avg_pool_backward(const Tensor& g, const PoolArgs& args, Out dx) {
  run_average("avgPoolBackward", kernels<PoolingTable>().avg_pool_backward, args, g, args.h.out, args.w.out, dx,
              args.h.size, args.w.size);
}

}  // namespace flambeau
