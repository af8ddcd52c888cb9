#include "output.h"

#include <algorithm>

#include "copy.h"

namespace flambeau {
namespace {

// One past the last byte an element of t occupies.
const char* end_of(const Tensor& t) {
  int64_t last = 0;
  for (int i = 0; i < t.rank(); ++i) last += (t.shape[i] - 1) * t.strides[i];
  return t.data() + (last + 1) * static_cast<int64_t>(item_size(t.dtype));
}

bool same_places(const Tensor& a, const Tensor& b) {
  if (a.data() != b.data() || item_size(a.dtype) != item_size(b.dtype) || !(a.shape == b.shape)) return false;
  for (int i = 0; i < a.rank(); ++i) {
    if (a.shape[i] != 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

}  // namespace

// Addresses are compared, not storages: two storages may wrap one ArrayBuffer.
bool shares_memory(const Tensor& a, const Tensor& b) {
  if (a.numel == 0 || b.numel == 0) return false;
  return a.data() < end_of(b) && b.data() < end_of(a);
}

bool is_safe_to_overwrite(const Tensor& out, const Tensor& input) {
  return same_places(out, input) || !shares_memory(out, input);
}

void make_or_check(OpName op, Tensor& out, DType dtype, const Dims& shape) {
  if (!out.storage) {
    out = empty(dtype, shape);
    return;
  }
  check_dtype(op, out, dtype);
  if (!(out.shape == shape)) {
    throw Error("SHAPE_MISMATCH",
                op.str() + ": an output of shape " + to_string(shape) + " was expected, got " + to_string(out.shape));
  }
}

void Output::commit() {
  if (!direct_) copy_into(stand_in_, out_);
}

Tensor widened(const Tensor& x) {
  if (x.dtype != DType::bf16) return x;
  Tensor wide;
  cast(x, DType::f32, wide);
  return wide;
}

void round_into(OpName op, const Tensor& wide, Tensor& out) {
  make_or_check(op, out, DType::bf16, wide.shape);
  copy_into(wide, out);
}

const char* OpName::c_str() const {
  const char* const* names = nullptr;
  if (kernel_ < 0) return name_;
  return kernel_ < kernel_names(name_, &names) ? names[kernel_] : name_;
}

void throw_no_kernel(OpName op, DType dtype) {
  throw Error("DTYPE_MISMATCH", op.str() + ": does not exist for " + dtype_name(dtype));
}

void check_same_dtype(OpName op, const Tensor& a, const Tensor& b) {
  if (a.dtype == b.dtype) return;
  throw Error("DTYPE_MISMATCH", op.str() + ": operands of one dtype were expected, got " + dtype_name(a.dtype) +
                                    " and " + dtype_name(b.dtype));
}

void check_dtype(OpName op, const Tensor& x, DType dtype) {
  if (x.dtype == dtype) return;
  throw Error("DTYPE_MISMATCH", op.str() + ": " + dtype_name(dtype) + " was expected, got " + dtype_name(x.dtype));
}

void check_axis(OpName op, const Tensor& x, int64_t axis) {
  if (axis >= 0 && axis < std::max(1, x.rank())) return;
  throw Error("OUT_OF_RANGE",
              op.str() + ": an axis of " + to_string(x.shape) + " was expected, got " + std::to_string(axis));
}

}  // namespace flambeau
