#include "../drivers/drivers.h"
#include "bindings.h"

namespace flambeau {

Handle op_unary(Environment&, UnaryKernel kernel, const Tensor& x, double p0, double p1, Out out) {
  unary(kernel, x, {p0, p1}, out.tensor());
  return out.finish();
}

Handle op_predicate(Environment&, PredicateKernel kernel, const Tensor& x, Out out) {
  predicate(kernel, x, out.tensor());
  return out.finish();
}

Handle op_binary(Environment&, BinaryKernel kernel, const Tensor& a, const Tensor& b, double p0, double p1, Out out) {
  binary(kernel, a, b, {p0, p1}, out.tensor());
  return out.finish();
}

Handle op_binary_scalar(Environment&, BinaryKernel kernel, const Tensor& x, double scalar, bool reversed, double p0,
                        Out out) {
  binary_scalar(kernel, x, scalar, reversed, {p0, 0}, out.tensor());
  return out.finish();
}

Handle op_compare(Environment&, CompareKernel kernel, const Tensor& a, const Tensor& b, Out out) {
  compare(kernel, a, b, out.tensor());
  return out.finish();
}

Handle op_compare_scalar(Environment&, CompareKernel kernel, const Tensor& x, double scalar, Out out) {
  compare_scalar(kernel, x, scalar, out.tensor());
  return out.finish();
}

Handle op_where(Environment&, const Tensor& cond, const Tensor& a, const Tensor& b, Out out) {
  where(cond, a, b, out.tensor());
  return out.finish();
}

Handle op_cast(Environment&, const Tensor& x, DType dtype, Out out) {
  cast(x, dtype, out.tensor());
  return out.finish();
}

void op_copy(Environment&, const Tensor& source, Tensor& target) { copy_into(source, target); }

void op_fill(Environment&, Tensor& target, double value) { fill(target, value); }

Handle op_reduce(Environment& e, ReduceKernel kernel, const Tensor& x, int axes, bool keepdim, Out out) {
  reduce(kernel, x, e.dims(axes), keepdim, out.tensor());
  return out.finish();
}

Handle op_arg_reduce(Environment&, ArgReduceKernel kernel, const Tensor& x, int axis, bool keepdim, Out out) {
  arg_reduce(kernel, x, axis, keepdim, out.tensor());
  return out.finish();
}

Handle op_scan(Environment&, ScanKernel kernel, const Tensor& x, int axis, Out out) {
  scan(kernel, x, axis, out.tensor());
  return out.finish();
}

Handle op_softmax(Environment&, SoftmaxKernel kernel, const Tensor& x, int axis, Out out) {
  softmax(kernel, x, axis, out.tensor());
  return out.finish();
}

Handle op_softmax_backward(Environment&, SoftmaxBackwardKernel kernel, const Tensor& g, const Tensor& y, int axis,
                           Out out) {
  softmax_backward(kernel, g, y, axis, out.tensor());
  return out.finish();
}

Handle op_linear(Environment&, const Tensor& x, const Tensor& weight, const Tensor* bias, Activation activation,
                 Out out) {
  linear(x, weight, bias, activation, out.tensor());
  return out.finish();
}

Handle op_linear_int8(Environment&, const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias,
                      bool reduce_range, Out out) {
  linear_int8(x, weight, scales, bias, reduce_range, out.tensor());
  return out.finish();
}

Handle op_matmul(Environment&, const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation, Out out) {
  matmul(a, b, bias, activation, out.tensor());
  return out.finish();
}

}  // namespace flambeau
