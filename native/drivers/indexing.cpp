#include "indexing.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../kernels/elementwise.h"
#include "../tensor/copy.h"
#include "../tensor/element.h"
#include "../tensor/map.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

// Elements moved that are worth a thread.
constexpr int64_t kMoveGrain = 64 * 1024;

int64_t axis_size(const Tensor& x, int axis) { return x.rank() == 0 ? 1 : x.shape[axis]; }
int64_t axis_stride(const Tensor& x, int axis) { return x.rank() == 0 ? 0 : x.strides[axis]; }

void check_indices(const char* op, const Tensor& index, int axis, int64_t size) {
  const Walk<1> walk = make_walk<1>({&index});
  for_each_row(walk, 0, walk.numel, [&](char* const(&p)[1], int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t value = *reinterpret_cast<const int64_t*>(p[0] + i * walk.inner_stride(0));
      if (value >= 0 && value < size) continue;
      throw Error("INDEX_OUT_OF_RANGE", std::string(op) + ": index " + std::to_string(value) +
                                            " is out of range for axis " + std::to_string(axis) + " with size " +
                                            std::to_string(size));
    }
  });
}

void check_index_list(const char* op, const Tensor& index) {
  check_dtype(op, index, DType::i64);
  if (index.rank() <= 1) return;
  throw Error("SHAPE_MISMATCH", std::string(op) + ": a list of indices was expected, got " + to_string(index.shape));
}

[[noreturn]] void throw_shapes(const char* op, const char* expectation, const Tensor& a, const Tensor& b) {
  throw Error("SHAPE_MISMATCH",
              std::string(op) + ": " + expectation + ", got " + to_string(a.shape) + " and " + to_string(b.shape));
}

// index must have x's rank and, but along `except`, no larger sizes.
void check_covered(const char* op, const Tensor& index, const Tensor& x, int except) {
  bool covered = index.rank() == x.rank();
  for (int i = 0; covered && i < x.rank(); ++i) covered = i == except || index.shape[i] <= x.shape[i];
  if (!covered) throw_shapes(op, "an index no larger than the tensor was expected", index, x);
}

// The part of x that an index of this shape walks over; along `axis` (if any) it stays put.
Tensor under_index(const Tensor& x, const Dims& shape, int axis) {
  Tensor view = x;
  view.shape = shape;
  view.numel = count(shape);
  if (axis >= 0 && axis < x.rank()) view.strides[axis] = 0;
  return view;
}

Tensor without_sharing(const Tensor& x, const Tensor& target) {
  if (!shares_memory(x, target)) return x;
  Tensor clone;
  cast(x, x.dtype, clone);
  return clone;
}

template <class T>
T add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
  } else {
    return static_cast<T>(a + b);
  }
}

// Writes along an axis where the index says. One thread: indices may repeat, and the last one wins or the sum has an
// order.
template <class T, class Combine>
void scatter_along(Tensor& target, int axis, const Tensor& index, const Tensor& source, Combine combine) {
  const Tensor to = under_index(target, index.shape, axis), from = under_index(source, index.shape, -1);
  const Walk<3> walk = make_walk<3>({&to, &index, &from});
  const int64_t step = axis_stride(target, axis);
  for_each_row(walk, 0, walk.numel, [&](char* const(&p)[3], int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = *reinterpret_cast<const int64_t*>(p[1] + i * walk.inner_stride(1));
      T& element = reinterpret_cast<T*>(p[0] + i * walk.inner_stride(0))[at * step];
      element = combine(element, *reinterpret_cast<const T*>(p[2] + i * walk.inner_stride(2)));
    }
  });
}

// What scatter and scatter_add have in common; returns the operands that are safe to read while target is written.
struct ScatterOperands {
  Tensor index, source;
};

ScatterOperands check_scatter(const char* op, Tensor& target, int axis, const Tensor& index, const Tensor& source) {
  check_axis(op, target, axis);
  check_dtype(op, index, DType::i64);
  check_same_dtype(op, target, source);
  if (index.numel != 0) {  // PyTorch lets an empty index pass whatever its shape
    check_covered(op, index, target, axis);
    check_covered(op, index, source, -1);
  }
  check_indices(op, index, axis, axis_size(target, axis));
  return {without_sharing(index, target), without_sharing(source, target)};
}

Tensor narrow(const Tensor& x, int axis, int64_t start, int64_t size) {
  Tensor view = x;
  view.shape[axis] = size;
  view.offset += start * x.strides[axis];
  view.numel = count(view.shape);
  return view;
}

// The slices [inner] of x [outer, n, inner] that a checked, contiguous list names; x is contiguous.
void copy_slices(const Tensor& x, const Extents& e, const Tensor& list, const Tensor& y) {
  const int64_t* const at = list.as<int64_t>();
  const int64_t count = list.numel;
  with_item_type(item_size(x.dtype), [&](auto zero) {
    using T = decltype(zero);
    const T* const from = x.as<T>();
    T* const to = y.as<T>();
    parallel_for(e.outer * count, 1 + kMoveGrain / e.inner, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* source = from + (row / count * e.n + at[row % count]) * e.inner;
        if (e.inner == 1) {
          to[row] = *source;
        } else {
          std::memcpy(to + row * e.inner, source, static_cast<size_t>(e.inner) * sizeof(T));
        }
      }
    });
  });
}

}  // namespace

void index_select(const Tensor& x, int axis, const Tensor& index, Out out) {
  check_axis("indexSelect", x, axis);
  check_index_list("indexSelect", index);
  check_indices("indexSelect", index, axis, axis_size(x, axis));
  Dims shape = x.shape;
  if (shape.rank > 0) shape[axis] = index.numel;
  if (shape.rank == 0 && index.numel != 1) throw_shapes("indexSelect", "one index for a scalar was expected", index, x);
  make_or_check("indexSelect", out, x.dtype, shape);
  if (out->numel == 0) return;
  const Tensor dense = contiguous(x), list = contiguous(index);
  Output y = Output::contiguous(out, {&dense, &list});
  copy_slices(dense, around(x.shape, axis), list, *y);
  y.commit();
}

void embedding(const Tensor& weight, const Tensor& index, Out out) {
  check_dtype("embedding", index, DType::i64);
  if (weight.rank() != 2 || index.rank() >= kMaxRank) {
    throw_shapes("embedding", "a matrix and indices into its rows were expected", weight, index);
  }
  check_indices("embedding", index, 0, weight.shape[0]);
  Dims shape = index.shape;
  shape.push(weight.shape[1]);
  make_or_check("embedding", out, weight.dtype, shape);
  if (out->numel == 0) return;
  const Tensor dense = contiguous(weight), list = contiguous(index);
  Output y = Output::contiguous(out, {&dense, &list});
  copy_slices(dense, around(weight.shape, 0), list, *y);
  y.commit();
}

void index_add(Target target, int axis, const Tensor& index, const Tensor& source) {
  check_axis("indexAdd", target, axis);
  check_index_list("indexAdd", index);
  check_same_dtype("indexAdd", target, source);
  const Extents e = around(target->shape, axis);
  const int64_t size = e.n, n = index.numel;
  bool fits = source.rank() == target->rank();
  for (int i = 0; fits && i < target->rank(); ++i) fits = source.shape[i] == (i == axis ? n : target->shape[i]);
  if (!fits || (target->rank() == 0 && n != 1)) {
    throw_shapes("indexAdd", "a source with one slice per index was expected", source, target);
  }
  check_indices("indexAdd", index, axis, size);
  if (source.numel == 0) return;
  const Tensor from = contiguous(without_sharing(source, target)), list = contiguous(without_sharing(index, target));
  Tensor sum = contiguous(target);
  const int64_t* const at = list.as<int64_t>();
  const BinaryFn fn =
      kernels<ElementwiseTable>().binary[static_cast<int>(BinaryKernel::add)][static_cast<int>(target->dtype)];
  with_dtype(target->dtype, [&](auto zero) {
    using T = decltype(zero);
    T* const y = sum.as<T>();
    const T* const x = from.as<T>();
    // Each thread owns a range of target rows and adds in the order of the index, as a single one would.
    const int64_t grain = source.numel < kMoveGrain ? e.outer * size : 1 + kMoveGrain * size / (n * e.inner);
    parallel_for(e.outer * size, grain, [&](int64_t begin, int64_t end) {
      for (int64_t outer = begin / size; outer * size < end; ++outer) {
        for (int64_t j = 0; j < n; ++j) {
          const int64_t row = outer * size + at[j];
          if (row < begin || row >= end) continue;
          T* to = y + row * e.inner;
          const T* addend = x + (outer * n + j) * e.inner;
          if (e.inner >= 16) {
            fn(to, 1, addend, 1, to, static_cast<size_t>(e.inner), nullptr);
          } else {
            for (int64_t i = 0; i < e.inner; ++i) to[i] = add(to[i], addend[i]);
          }
        }
      }
    });
  });
  if (sum.storage.get() != target->storage.get()) copy_into(sum, target);
}

void gather(const Tensor& x, int axis, const Tensor& index, Out out) {
  check_axis("gather", x, axis);
  check_dtype("gather", index, DType::i64);
  if (index.numel != 0) check_covered("gather", index, x, axis);
  check_indices("gather", index, axis, axis_size(x, axis));
  make_or_check("gather", out, x.dtype, index.shape);
  if (out->numel == 0) return;
  Output y = Output::contiguous(out, {&x, &index});
  const Tensor from = under_index(x, index.shape, axis);
  const Walk<3> walk = make_walk<3>({&*y, &index, &from});
  const int64_t step = axis_stride(x, axis);
  with_item_type(item_size(x.dtype), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(walk.numel, kCheapGrain, [&](int64_t begin, int64_t end) {
      for_each_row(walk, begin, end, [&](char* const(&p)[3], int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          const int64_t at = *reinterpret_cast<const int64_t*>(p[1] + i * walk.inner_stride(1));
          *reinterpret_cast<T*>(p[0] + i * walk.inner_stride(0)) =
              reinterpret_cast<const T*>(p[2] + i * walk.inner_stride(2))[at * step];
        }
      });
    });
  });
  y.commit();
}

void scatter(Target target, int axis, const Tensor& index, const Tensor& source) {
  const ScatterOperands safe = check_scatter("scatter", target, axis, index, source);
  if (index.numel == 0) return;
  with_item_type(item_size(target->dtype), [&](auto zero) {
    using T = decltype(zero);
    scatter_along<T>(target, axis, safe.index, safe.source, [](T, T value) { return value; });
  });
}

void scatter_add(Target target, int axis, const Tensor& index, const Tensor& source) {
  const ScatterOperands safe = check_scatter("scatterAdd", target, axis, index, source);
  if (index.numel == 0) return;
  with_dtype(target->dtype, [&](auto zero) {
    using T = decltype(zero);
    scatter_along<T>(target, axis, safe.index, safe.source, [](T sum, T value) { return add(sum, value); });
  });
}

void concat(const TensorList& inputs, int axis, Out out) {
  // As in PyTorch, tensors of shape [0] join with anything.
  const auto is_nothing = [](const Tensor& t) { return t.rank() == 1 && t.shape[0] == 0; };
  const int n = inputs.n;
  if (n == 0) throw Error("BAD_ARGUMENT", "cat: at least one tensor was expected, got none");
  const Tensor* first = &inputs[0];
  for (int i = 0; i < n && is_nothing(*first); ++i) first = &inputs[i];
  if (first->rank() == 0) throw Error("SHAPE_MISMATCH", "cat: tensors with axes were expected, got a scalar");
  check_axis("cat", *first, axis);
  Dims shape = first->shape;
  shape[axis] = 0;
  bool shared = false;
  for (int i = 0; i < n; ++i) {
    const Tensor& t = inputs[i];
    check_same_dtype("cat", *first, t);
    if (is_nothing(t)) continue;
    bool fits = t.rank() == shape.rank;
    for (int k = 0; fits && k < shape.rank; ++k) fits = k == axis || t.shape[k] == shape[k];
    if (!fits) throw_shapes("cat", "shapes that differ along the axis alone were expected", *first, t);
    shape[axis] += t.shape[axis];
    shared = shared || (out->storage && shares_memory(out, t));
  }
  make_or_check("cat", out, first->dtype, shape);
  Tensor target = shared ? empty(out->dtype, shape) : *out;
  int64_t start = 0;
  for (int i = 0; i < n; ++i) {
    const Tensor& t = inputs[i];
    if (is_nothing(t)) continue;
    Tensor part = narrow(target, axis, start, t.shape[axis]);
    copy_into(t, part);
    start += t.shape[axis];
  }
  if (shared) copy_into(target, *out);
}

void triangle(const Tensor& x, int64_t diagonal, bool upper, Out out) {
  const char* const op = upper ? "triu" : "tril";
  if (x.rank() < 2) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": at least two axes were expected, got " + to_string(x.shape));
  }
  make_or_check(op, out, x.dtype, x.shape);
  if (out->numel == 0) return;
  const Tensor dense = contiguous(x);
  Output y = Output::contiguous(out, {&dense});
  const int64_t rows = x.shape[x.rank() - 2], columns = x.shape[x.rank() - 1];
  const size_t item = item_size(x.dtype), row_bytes = static_cast<size_t>(columns) * item;
  // Far diagonals are all alike; clamped, their sum with a row cannot overflow.
  diagonal = std::clamp(diagonal, -rows - 1, columns + 1);
  parallel_for(x.numel / columns, 1 + kMoveGrain / columns, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t edge = row % rows + diagonal + (upper ? 0 : 1);  // of the two parts of a row
      const size_t cut = static_cast<size_t>(std::clamp<int64_t>(edge, 0, columns)) * item;
      const char* from = dense.data() + static_cast<size_t>(row) * row_bytes;
      char* to = y->data() + static_cast<size_t>(row) * row_bytes;
      if (upper) {
        std::memset(to, 0, cut);
        std::memcpy(to + cut, from + cut, row_bytes - cut);
      } else {
        std::memcpy(to, from, cut);
        std::memset(to + cut, 0, row_bytes - cut);
      }
    }
  });
  y.commit();
}

void nonzero(const Tensor& x, Out out) {
  const Tensor dense = contiguous(x);
  with_dtype(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const values = dense.as<T>();
    int64_t found = 0;
    for (int64_t i = 0; i < x.numel; ++i) found += values[i] != zero;
    make_or_check("nonzero", out, DType::i64, {found, x.rank()});
    Output y = Output::contiguous(out, {&dense});
    int64_t* row = y->as<int64_t>();
    for (int64_t i = 0, left = found; left > 0; ++i) {
      if (values[i] == zero) continue;
      int64_t rest = i;
      for (int axis = x.rank() - 1; axis >= 0; --axis) {
        row[axis] = rest % x.shape[axis];
        rest /= x.shape[axis];
      }
      row += x.rank();
      --left;
    }
    y.commit();
  });
}

void flip(const Tensor& x, const Dims& axes, Out out) {
  for (int i = 0; i < axes.rank; ++i) check_axis("flip", x, axes[i]);
  make_or_check("flip", out, x.dtype, x.shape);
  if (out->numel == 0) return;
  Output y = Output::contiguous(out, {&x});
  // Only the walk sees this view: elsewhere strides are not negative.
  Tensor flipped = x;
  for (int i = 0; i < axes.rank; ++i) {
    const int axis = static_cast<int>(axes[i]);
    if (x.rank() == 0 || flipped.strides[axis] < 0) continue;
    flipped.offset += (x.shape[axis] - 1) * x.strides[axis];
    flipped.strides[axis] = -x.strides[axis];
  }
  const Walk<2> walk = make_walk<2>({&*y, &flipped});
  parallel_for(walk.numel, kMoveGrain, [&](int64_t begin, int64_t end) {
    for_each_row(walk, begin, end, [&](char* const(&p)[2], int64_t n) {
      move_run(p[1], walk.inner_stride(1), p[0], walk.inner_stride(0), n, item_size(x.dtype));
    });
  });
  y.commit();
}

}  // namespace flambeau
