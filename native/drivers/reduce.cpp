// Kernels that look along an axis: x is brought to [outer, n, inner] without a copy where its memory allows.
#include "reduce.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "../kernels/reduce.h"
#include "../parallel/thread_pool.h"
#include "../tensor/copy.h"
#include "../tensor/integers.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

// How a reduction sees a tensor: its axes from the outermost in memory to the innermost, adjacent ones of one kind
// (kept or reduced) merged. Size-1 axes are left out.
struct MemoryOrder {
  bool dense = true;  // the axes in this order are contiguous
  int rank = 0;
  int axis[kMaxRank];
  int group_count = 0;
  int64_t group_size[kMaxRank];
  bool group_reduced[kMaxRank];
};

MemoryOrder memory_order(const Tensor& x, const bool (&reduced)[kMaxRank]) {
  MemoryOrder order;
  for (int i = 0; i < x.rank(); ++i) {
    if (x.shape[i] == 1) continue;
    int at = order.rank++;
    for (; at > 0 && x.strides[order.axis[at - 1]] < x.strides[i]; --at) order.axis[at] = order.axis[at - 1];
    order.axis[at] = i;
  }
  int64_t step = 1;
  for (int k = order.rank - 1; k >= 0; --k) {
    order.dense = order.dense && x.strides[order.axis[k]] == step;
    step *= x.shape[order.axis[k]];
  }
  for (int k = 0; k < order.rank; ++k) {
    const int axis = order.axis[k];
    const int last = order.group_count - 1;
    if (last >= 0 && order.group_reduced[last] == reduced[axis]) {
      order.group_size[last] *= x.shape[axis];
    } else {
      order.group_size[order.group_count] = x.shape[axis];
      order.group_reduced[order.group_count++] = reduced[axis];
    }
  }
  return order;
}

// Elements one thread should have at least, and the length of a block in a long reduction.
constexpr int64_t kBlock = 32 * 1024;

// Long reductions are cut into blocks of a size that the shape alone decides, never the number of threads, so that the
// rounding is the same on every machine. Fewer outer rows than this are not parallel enough by themselves.
constexpr int64_t kFewRows = 16;

void run_reduce(ReduceFn fn, size_t item, const char* x, char* y, const Extents& e) {
  const int64_t row = e.n * e.inner;
  const int64_t block = std::max<int64_t>(8, ceil_div(kBlock, e.inner));
  if (e.outer >= kFewRows || e.n < 2 * block) {
    if (e.outer * row <= kBlock) {
      fn(x, y, static_cast<size_t>(e.outer), static_cast<size_t>(e.n), static_cast<size_t>(e.inner));
      return;
    }
    parallel_for(e.outer, std::max<int64_t>(1, kBlock / std::max<int64_t>(1, row)), [&](int64_t begin, int64_t end) {
      fn(x + static_cast<size_t>(begin * row) * item, y + static_cast<size_t>(begin * e.inner) * item,
         static_cast<size_t>(end - begin), static_cast<size_t>(e.n), static_cast<size_t>(e.inner));
    });
    return;
  }
  const int64_t blocks = ceil_div(e.n, block);
  const StorageRef partial(Storage::allocate(static_cast<size_t>(e.outer * blocks * e.inner) * item));
  char* const partials = static_cast<char*>(partial->data());
  parallel_for(e.outer * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t first = unit % blocks * block;
      fn(x + static_cast<size_t>((unit / blocks * e.n + first) * e.inner) * item,
         partials + static_cast<size_t>(unit * e.inner) * item, 1, static_cast<size_t>(std::min(block, e.n - first)),
         static_cast<size_t>(e.inner));
    }
  });
  run_reduce(fn, item, partials, y, {e.outer, blocks, e.inner});
}

Dims reduced_shape(const Tensor& x, const bool (&reduced)[kMaxRank], bool keepdim) {
  Dims shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) {
      shape.push(x.shape[i]);
    } else if (keepdim) {
      shape.push(1);
    }
  }
  return shape;
}

void check_not_empty(OpName op, const Tensor& x, int axis) {
  if (axis >= x.rank() || x.shape[axis] != 0) return;
  throw Error("OUT_OF_RANGE",
              op.str() + "(): Expected reduction dim " + std::to_string(axis) + " to have non-zero size.");
}

// Strides, in logical order, of the contiguous result whose kept axes lie in memory order.
Dims result_strides(const Tensor& x, const MemoryOrder& order, const bool (&reduced)[kMaxRank], bool keepdim) {
  int64_t stride_of[kMaxRank] = {};
  int64_t step = 1;
  for (int k = order.rank - 1; k >= 0; --k) {
    const int axis = order.axis[k];
    if (reduced[axis]) continue;
    stride_of[axis] = step;
    step *= x.shape[axis];
  }
  Dims strides;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i] || keepdim) strides.push(stride_of[i]);
  }
  return strides;
}

// [outer, n, inner] for one axis, x contiguous; grain is in elements.
template <class Run>
void along_axis(const Tensor& x, int axis, int64_t grain, Run&& run) {
  if (x.numel == 0) return;
  const Extents e = around(x.shape, axis);
  const int64_t row = e.n * e.inner;
  parallel_for(e.outer, std::max<int64_t>(1, grain / row), [&](int64_t begin, int64_t end) {
    run(static_cast<size_t>(begin * row), static_cast<size_t>(end - begin), static_cast<size_t>(e.n),
        static_cast<size_t>(e.inner));
  });
}

}  // namespace

void reduce(ReduceKernel kernel, const Tensor& x, const Dims& axes, bool keepdim, Out out) {
  const OpName op("reduce", kernel);
  if (x.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { reduce(kernel, widened(x), axes, keepdim, wide); });
  }
  const ReduceFn fn = find_kernel(op, kernels<ReduceTable>().reduce, kernel, x.dtype);
  const bool has_identity = kernel == ReduceKernel::sum || kernel == ReduceKernel::prod;
  bool reduced[kMaxRank] = {};
  for (int i = 0; i < axes.rank; ++i) {
    check_axis(op, x, axes[i]);
    if (!has_identity) check_not_empty(op, x, static_cast<int>(axes[i]));
    reduced[axes[i]] = true;
  }
  const Dims shape = reduced_shape(x, reduced, keepdim);
  make_or_check(op, out, x.dtype, shape);
  if (out->numel == 0) return;
  if (x.numel == 0) return fill(*out, kernel == ReduceKernel::prod ? 1 : 0);

  MemoryOrder order = memory_order(x, reduced);
  Tensor dense = x;
  if (!order.dense) {
    dense = contiguous(x);
    order = memory_order(dense, reduced);
  }
  const size_t item = item_size(x.dtype);
  Output y = Output::contiguous(out, {&x});
  // The last group to go writes the result; kept axes that memory holds in another order take one small copy more.
  int groups_left = 0;
  for (int g = 0; g < order.group_count; ++g) groups_left += order.group_reduced[g];
  Tensor result;
  result.dtype = x.dtype;
  result.shape = shape;
  result.strides = result_strides(x, order, reduced, keepdim);
  result.numel = out->numel;
  result.storage = dense.storage;
  result.offset = dense.offset;
  const bool ordered = result.is_contiguous();
  const char* from = dense.data();
  for (int g = order.group_count - 1; groups_left > 0; --g) {
    if (!order.group_reduced[g]) continue;
    Extents e{1, order.group_size[g], 1};
    for (int k = 0; k < g; ++k) e.outer *= order.group_size[k];
    for (int k = g + 1; k < order.group_count; ++k) e.inner *= order.group_reduced[k] ? 1 : order.group_size[k];
    --groups_left;
    if (groups_left == 0 && ordered) {
      run_reduce(fn, item, from, y->data(), e);
      return y.commit();
    }
    StorageRef next(Storage::allocate(static_cast<size_t>(e.outer * e.inner) * item));
    run_reduce(fn, item, from, static_cast<char*>(next->data()), e);
    result.storage = std::move(next);
    result.offset = 0;
    from = result.data();
  }
  copy_into(result, *out);
}

void arg_reduce(ArgReduceKernel kernel, const Tensor& x, int axis, bool keepdim, Out out) {
  const OpName op("argReduce", kernel);
  if (x.dtype == DType::bf16) return arg_reduce(kernel, widened(x), axis, keepdim, out);
  const ReduceFn fn = find_kernel(op, kernels<ReduceTable>().arg_reduce, kernel, x.dtype);
  bool reduced[kMaxRank] = {};
  if (axis != -1) {
    check_axis(op, x, axis);
    check_not_empty(op, x, axis);
    reduced[axis] = true;
  } else {
    if (x.numel == 0) {
      throw Error("OUT_OF_RANGE", op.str() +
                                      "(): Expected reduction dim to be specified for input.numel() == 0. "
                                      "Specify the reduction dim with the 'dim' argument.");
    }
    std::fill_n(reduced, x.rank(), true);
  }
  make_or_check(op, out, DType::i64, reduced_shape(x, reduced, keepdim));
  if (out->numel == 0) return;
  const Tensor dense = contiguous(x);
  const Extents e = axis == -1 ? Extents{1, x.numel, 1} : around(x.shape, axis);
  Output y = Output::contiguous(out, {&dense});
  int64_t* const indices = y->as<int64_t>();
  const size_t item = item_size(x.dtype);
  if (e.outer == 1 && e.inner == 1 && e.n >= 2 * kBlock) {
    // The winners of the blocks, then the winner among them.
    const int64_t blocks = ceil_div(e.n, kBlock);
    std::vector<int64_t> winners(static_cast<size_t>(blocks));
    std::vector<char> values(static_cast<size_t>(blocks) * item);
    parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        int64_t& winner = winners[static_cast<size_t>(b)];
        const int64_t first = b * kBlock;
        fn(dense.data() + static_cast<size_t>(first) * item, &winner, 1,
           static_cast<size_t>(std::min(kBlock, e.n - first)), 1);
        winner += first;
        std::memcpy(values.data() + static_cast<size_t>(b) * item, dense.data() + static_cast<size_t>(winner) * item,
                    item);
      }
    });
    int64_t best;
    fn(values.data(), &best, 1, static_cast<size_t>(blocks), 1);
    indices[0] = winners[static_cast<size_t>(best)];
  } else {
    const int64_t row = e.n * e.inner;
    parallel_for(e.outer, std::max<int64_t>(1, kBlock / row), [&](int64_t begin, int64_t end) {
      fn(dense.data() + static_cast<size_t>(begin * row) * item, indices + begin * e.inner,
         static_cast<size_t>(end - begin), static_cast<size_t>(e.n), static_cast<size_t>(e.inner));
    });
  }
  y.commit();
}

void scan(ScanKernel kernel, const Tensor& x, int axis, Out out) {
  const OpName op("scan", kernel);
  if (x.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { scan(kernel, widened(x), axis, wide); });
  }
  const ReduceFn fn = find_kernel(op, kernels<ReduceTable>().scan, kernel, x.dtype);
  check_axis(op, x, axis);
  make_or_check(op, out, x.dtype, x.shape);
  const Tensor dense = contiguous(x);
  Output y = Output::contiguous(out, {&dense});
  const char* const from = dense.data();
  char* const to = y->data();
  const size_t item = item_size(x.dtype);
  along_axis(dense, axis, 16 * 1024, [&](size_t first, size_t outer, size_t n, size_t inner) {
    fn(from + first * item, to + first * item, outer, n, inner);
  });
  y.commit();
}

namespace {

// [outer, n, inner] cut into slices, or into strips of this many columns where the axis is not the last:
// run(first element, outer, columns, stride).
constexpr int64_t kStrip = 256;
template <class Run>
void along_slices(const Extents& e, int64_t grain, Run&& run) {
  const int64_t row = e.n * e.inner;
  if (e.outer * row == 0) return;
  if (e.inner == 1) {
    parallel_for(e.outer, std::max<int64_t>(1, grain / row), [&](int64_t begin, int64_t end) {
      run(static_cast<size_t>(begin * row), static_cast<size_t>(end - begin), size_t{1}, size_t{1});
    });
    return;
  }
  const int64_t strips = ceil_div(e.inner, kStrip);
  const int64_t width = std::min(kStrip, e.inner);
  parallel_for(e.outer * strips, std::max<int64_t>(1, grain / (e.n * width)), [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t column = unit % strips * kStrip;
      run(static_cast<size_t>(unit / strips * row + column), size_t{1},
          static_cast<size_t>(std::min(kStrip, e.inner - column)), static_cast<size_t>(e.inner));
    }
  });
}

}  // namespace

void softmax(SoftmaxKernel kernel, const Tensor& x, int axis, Out out) {
  const OpName op("softmax", kernel);
  if (x.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { softmax(kernel, widened(x), axis, wide); });
  }
  const SoftmaxFn fn = find_kernel(op, kernels<ReduceTable>().softmax, kernel, x.dtype);
  check_axis(op, x, axis);
  make_or_check(op, out, x.dtype, x.shape);
  const Tensor dense = contiguous(x);
  Output y = Output::contiguous(out, {&dense});
  const char* const from = dense.data();
  char* const to = y->data();
  const size_t item = item_size(x.dtype);
  const Extents e = around(x.shape, axis);
  along_slices(e, 4 * 1024, [&](size_t first, size_t outer, size_t columns, size_t stride) {
    fn(from + first * item, to + first * item, outer, static_cast<size_t>(e.n), columns, stride);
  });
  y.commit();
}

void softmax_backward(SoftmaxBackwardKernel kernel, const Tensor& g, const Tensor& y, int axis, Out out) {
  const OpName op("softmaxBackward", kernel);
  if (g.dtype == DType::bf16 && y.dtype == DType::bf16) {
    return compute_wide(op, out, [&](Tensor& wide) { softmax_backward(kernel, widened(g), widened(y), axis, wide); });
  }
  const SoftmaxBackwardFn fn = find_kernel(op, kernels<ReduceTable>().softmax_backward, kernel, y.dtype);
  check_axis(op, y, axis);
  check_same_dtype(op, g, y);
  make_or_check(op, out, y.dtype, y.shape);
  const Tensor dense_g = contiguous(g.shape == y.shape ? g : broadcast_to(g, y.shape));
  const Tensor dense_y = contiguous(y);
  Output dx = Output::contiguous(out, {&dense_g, &dense_y});
  const char *const pg = dense_g.data(), *const py = dense_y.data();
  char* const to = dx->data();
  const size_t item = item_size(y.dtype);
  const Extents e = around(y.shape, axis);
  along_slices(e, 8 * 1024, [&](size_t first, size_t outer, size_t columns, size_t stride) {
    fn(pg + first * item, py + first * item, to + first * item, outer, static_cast<size_t>(e.n), columns, stride);
  });
  dx.commit();
}

}  // namespace flambeau
