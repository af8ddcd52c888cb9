// What goes along axes: reductions, scans, softmax.
#pragma once

#include "../kernels/reduce.h"
#include "../tensor/written.h"

namespace flambeau {

// axes lists distinct axes in any order; keepdim keeps them with size 1.
void reduce(ReduceKernel kernel, const Tensor& x, const Dims& axes, bool keepdim, Out out);
// Σ (x − mean)² in float64, whatever x is: f32 or f64. Equal numbers deviate by nothing, and numbers whose squares
// float32 does not hold are squared in float64.
void squared_deviations(const Tensor& x, const Dims& axes, bool keepdim, Out out);
void arg_reduce(ArgReduceKernel kernel, const Tensor& x, int axis, bool keepdim, Out out);  // axis -1: flattened
void scan(ScanKernel kernel, const Tensor& x, int axis, Out out);
void softmax(SoftmaxKernel kernel, const Tensor& x, int axis, Out out);
void softmax_backward(SoftmaxBackwardKernel kernel, const Tensor& g, const Tensor& y, int axis, Out out);

}  // namespace flambeau
