#include "../error.h"
#include "copy.h"
#include "tensor.h"

namespace flambeau {
namespace {

// The largest integer below which JavaScript's numbers are exact.
constexpr int64_t kMaxCount = int64_t{1} << 53;

}  // namespace

int64_t count(const Dims& shape) {
  int64_t n = 1;
  bool has_zero = false;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape[i] == 0) {
      has_zero = true;
      continue;
    }
    if (n > kMaxCount / shape[i]) {
      throw Error("SIZE_OVERFLOW",
                  "shape: sizes whose product, zeros left out, is at most 2^53 were expected, got " + to_string(shape));
    }
    n *= shape[i];
  }
  return has_zero ? 0 : n;
}

Dims contiguous_strides(const Dims& shape) {
  Dims strides;
  strides.rank = shape.rank;
  int64_t step = 1;
  for (int i = shape.rank - 1; i >= 0; --i) {
    strides[i] = step;
    if (shape[i] > 1) step *= shape[i];
  }
  return strides;
}

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
  const Dims& longer = a.rank >= b.rank ? a : b;
  const Dims& shorter = a.rank >= b.rank ? b : a;
  Dims shape = longer;
  const int shift = longer.rank - shorter.rank;
  for (int i = 0; i < shorter.rank; ++i) {
    int64_t& size = shape[i + shift];
    if (shorter[i] == size || shorter[i] == 1) continue;
    if (size != 1) {
      throw Error("SHAPE_MISMATCH", std::string(op) + ": shapes that broadcast were expected, got " + to_string(a) +
                                        " and " + to_string(b));
    }
    size = shorter[i];
  }
  return shape;
}

std::string to_string(const Dims& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank; ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

const char* dtype_name(DType dtype) {
  static constexpr const char* kNames[kDTypeCount] = {"float32", "float64", "int32",    "int64",
                                                      "uint8",   "bool",    "bfloat16", "int8"};
  return kNames[static_cast<int>(dtype)];
}

bool Tensor::is_contiguous() const {
  if (numel == 0) return true;
  int64_t step = 1;
  for (int i = shape.rank - 1; i >= 0; --i) {
    if (shape[i] == 1) continue;
    if (strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

Tensor empty(DType dtype, const Dims& shape) {
  Tensor t;
  t.numel = count(shape);
  t.dtype = dtype;
  t.shape = shape;
  t.strides = contiguous_strides(shape);
  t.storage = StorageRef(Storage::allocate(static_cast<size_t>(t.numel) * item_size(dtype)));
  return t;
}

Tensor as_strided(const Tensor& x, const Dims& shape, const Dims& strides, int64_t offset) {
  Tensor t;
  t.numel = count(shape);
  t.dtype = x.dtype;
  t.shape = shape;
  // An empty view reads nothing, wherever it begins and whatever its strides: slices of empty tensors begin past their
  // storage, and strides that no element bounds would overflow in loops that are never entered.
  t.strides = t.numel == 0 ? contiguous_strides(shape) : strides;
  t.offset = t.numel == 0 ? 0 : offset;
  t.storage = x.storage;
  const int64_t items = static_cast<int64_t>(x.storage->bytes() / item_size(x.dtype));
  bool inside = strides.rank == shape.rank && offset >= 0 && (offset <= items || t.numel == 0);
  int64_t last = offset;  // of the highest element; stays below `items`, so that nothing overflows
  for (int i = 0; inside && i < shape.rank; ++i) {
    inside = strides[i] >= 0;
    if (!inside || t.numel == 0 || shape[i] == 1 || strides[i] == 0) continue;
    inside = shape[i] - 1 <= (items - last) / strides[i];
    if (inside) last += (shape[i] - 1) * strides[i];
  }
  if (!inside || (t.numel > 0 && last >= items)) {
    throw Error("OUT_OF_RANGE", "asStrided: a view inside the storage of " + std::to_string(items) +
                                    " elements was expected, got shape " + to_string(shape) + ", strides " +
                                    to_string(strides) + ", offset " + std::to_string(offset));
  }
  return t;
}

Tensor broadcast_to(const Tensor& x, const Dims& shape) {
  const int shift = shape.rank - x.rank();
  bool fits = shift >= 0;
  Tensor t;
  t.strides.rank = shape.rank;
  for (int i = 0; fits && i < shape.rank; ++i) {
    if (i < shift || (x.shape[i - shift] == 1 && shape[i] != 1)) {
      t.strides[i] = 0;
    } else {
      t.strides[i] = x.strides[i - shift];
      fits = x.shape[i - shift] == shape[i];
    }
  }
  if (!fits) {
    throw Error("SHAPE_MISMATCH",
                "expand: a shape that broadcasts to " + to_string(shape) + " was expected, got " + to_string(x.shape));
  }
  t.storage = x.storage;
  t.dtype = x.dtype;
  t.shape = shape;
  t.offset = x.offset;
  t.numel = count(shape);
  return t;
}

Tensor permute(const Tensor& x, const Dims& axes) {
  bool seen[kMaxRank] = {};
  bool valid = axes.rank == x.rank();
  for (int i = 0; valid && i < axes.rank; ++i) {
    valid = axes[i] >= 0 && axes[i] < x.rank() && !seen[axes[i]];
    if (valid) seen[axes[i]] = true;
  }
  if (!valid) {
    throw Error("BAD_ARGUMENT",
                "permute: each axis of " + to_string(x.shape) + " once was expected, got " + to_string(axes));
  }
  Tensor t = x;
  for (int i = 0; i < axes.rank; ++i) {
    const int axis = static_cast<int>(axes[i]);
    t.shape[i] = x.shape[axis];
    t.strides[i] = x.strides[axis];
  }
  return t;
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Tensor out;
  cast(x, x.dtype, out);
  return out;
}

int64_t matrix_offset(const Tensor& x, int64_t index) {
  int64_t offset = 0;
  for (int i = x.rank() - 3; i >= 0; --i) {
    offset += index % x.shape[i] * x.strides[i];
    index /= x.shape[i];
  }
  return offset;
}

Extents around(const Dims& shape, int axis) {
  Extents e;
  for (int i = 0; i < shape.rank; ++i) (i < axis ? e.outer : i == axis ? e.n : e.inner) *= shape[i];
  return e;
}

}  // namespace flambeau
