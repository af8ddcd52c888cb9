// Where a driver writes, and in whose name it fails.
#pragma once

#include <string>

#include "../dispatch/dispatch.h"
#include "../error.h"
#include "tensor.h"

namespace flambeau {

// An op's name, looked up only when it is needed: in an error.
class OpName {
 public:
  OpName(const char* name) : name_(name) {}
  // The name lib/ops knows a kernel by. family as for kernel_names().
  template <class Kernel>
  OpName(const char* family, Kernel kernel) : name_(family), kernel_(static_cast<int>(kernel)) {}
  const char* c_str() const;
  std::string str() const { return c_str(); }

 private:
  const char* name_;
  int kernel_ = -1;
};

// True when writing `out` element by element while reading `input` in the same order needs no care: they are the same
// elements in the same places, or share no byte.
bool is_safe_to_overwrite(const Tensor& out, const Tensor& input);
bool shares_memory(const Tensor& a, const Tensor& b);  // may say yes to interleaved views that share no element

// Makes an empty `out` a fresh contiguous tensor; checks dtype and shape of one that exists.
void make_or_check(OpName op, Tensor& out, DType dtype, const Dims& shape);

// The tensor to compute into: `out` itself, or a contiguous stand-in that commit() copies over.
class Output {
 public:
  // For loops that keep the order of elements: a stand-in only for a harmful overlap.
  template <int N>
  static Output elementwise(Tensor& out, const Tensor* const (&inputs)[N]) {
    bool safe = true;
    for (const Tensor* input : inputs) safe = safe && is_safe_to_overwrite(out, *input);
    return Output(out, safe);
  }
  // For kernels that want [outer, n, inner] and read elements more than once or out of order.
  template <int N>
  static Output contiguous(Tensor& out, const Tensor* const (&inputs)[N]) {
    bool safe = out.is_contiguous();
    for (const Tensor* input : inputs) safe = safe && !shares_memory(out, *input);
    return Output(out, safe);
  }
  Tensor& operator*() { return direct_ ? out_ : stand_in_; }
  Tensor* operator->() { return &**this; }
  void commit();

 private:
  Output(Tensor& out, bool direct) : out_(out), direct_(direct) {
    if (!direct) stand_in_ = empty(out.dtype, out.shape);
  }

  Tensor& out_;
  Tensor stand_in_;
  bool direct_;
};

// Where an op has no kernel for bf16: it is computed in f32 and rounded once. compute(wide) makes the f32 result.
Tensor widened(const Tensor& x);  // bf16 as f32, other dtypes as they are
void round_into(OpName op, const Tensor& wide, Tensor& out);
template <class Compute>
void compute_wide(OpName op, Tensor& out, Compute&& compute) {
  Tensor wide;
  compute(wide);
  round_into(op, wide, out);
}

[[noreturn]] void throw_no_kernel(OpName op, DType dtype);

// A slot of the kernel table; throws DTYPE_MISMATCH when the kernel does not exist for the dtype.
template <class Fn, class Kernel, size_t Count>
Fn find_kernel(OpName op, const Fn (&slots)[Count][kDTypeCount], Kernel kernel, DType dtype) {
  const Fn fn = slots[static_cast<size_t>(kernel)][static_cast<size_t>(dtype)];
  if (!fn) throw_no_kernel(op, dtype);
  return fn;
}

void check_same_dtype(OpName op, const Tensor& a, const Tensor& b);
void check_dtype(OpName op, const Tensor& x, DType dtype);
void check_axis(OpName op, const Tensor& x, int64_t axis);  // a tensor of rank 0 has an axis 0

}  // namespace flambeau
