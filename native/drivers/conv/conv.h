// Convolution over one axis (tensors of rank 3) or two; the first entries of the arrays are then not used. Any strides;
// what lies outside of the image counts as zero. f32 and f64.
#pragma once

#include "../../kernels/epilogue.h"
#include "../../tensor/written.h"

namespace flambeau {

struct ConvParams {
  int64_t stride[2], padding[2], dilation[2], groups;
  int64_t size[2];  // of the result: y and x
};
// x [n, c, …], weight [o, c / groups, …] → activation(scale · conv + bias + residual) [n, o, size]; scale and bias are
// [o], residual has the result's shape, each may be null. With the numbers of the separate ops. Padding may exceed
// `padding` at the end, as the size asks for.
void conv(const Tensor& x, const Tensor& weight, const Tensor* bias, const Tensor* scale, const Tensor* residual,
          Activation activation, const ConvParams& p, Out out);
// Its gradient by x, that is the transposed convolution of grad [n, o, …] → [n, c, size]; scale and bias are [c].
void conv_input(const Tensor& grad, const Tensor& weight, const Tensor* bias, const Tensor* scale,
                const Tensor* residual, Activation activation, const ConvParams& p, Out out);
// Its gradient by weight: x [n, c, …], grad [n, o, …] → [o, c / groups, size].
void conv_weight(const Tensor& x, const Tensor& grad, const ConvParams& p, Out out);

// fold.cpp. x [n, c, h, w] → [n, c · taps, y · x]: for each channel and each of the kernel's [y, x] elements, what it
// meets in each of the p.size windows; zero outside. p.groups is not used.
void unfold(const Tensor& x, const ConvParams& p, const Dims& kernel, Out out);
// Its gradient: columns summed where they came from, in images of size `image` [h, w].
void fold(const Tensor& columns, const ConvParams& p, const Dims& kernel, const Dims& image, Out out);

}  // namespace flambeau
