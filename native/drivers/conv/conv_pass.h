// Convolution's shapes, and the pass that forward and both gradients by the input are made of.
#pragma once

#include <vector>

#include "../../tensor/integers.h"
#include "../../tensor/tensor.h"
#include "conv_ending.h"

namespace flambeau {

struct ConvAxis {
  int64_t in, out, kernel, stride, padding, dilation;
};
struct ConvShape {
  DType dtype;
  int64_t batch, in_channels, out_channels, groups;
  ConvAxis y, x;  // a convolution over one axis has an y of size 1
  int64_t taps() const { return y.kernel * x.kernel; }
  int64_t in_size() const { return y.in * x.in; }
  int64_t out_size() const { return y.out * x.out; }
};

// One axis of a pass: place q of the grid reads source index q * step + u of each tap. Taps whose u differ by multiples
// of the step share a plane (the source padded with zeros, every step-th element), at different shifts.
struct AxisPlan {
  std::vector<int64_t> tap, plane, shift;  // by tap: its place in the kernel, its plane, its shift in it
  std::vector<int64_t> base;               // by plane: the source index of its first element
  int64_t step = 1, count = 0, extent = 0;
  int64_t first = 0, out_step = 1;  // place q of the grid is output first + q * out_step
  int64_t halo() const { return extent - count; }
};
AxisPlan forward_plan(const ConvAxis& axis);
// The gradient of the inputs that are congruent to `phase` modulo the stride.
AxisPlan backward_plan(const ConvAxis& axis, int64_t phase);

// out[n, row, place] = bias[row] + Σ over channels and taps of weights · source, by groups.
struct ConvPass {
  DType dtype;
  int64_t batch, groups;
  int64_t channels, rows;  // in a group
  AxisPlan y, x;
  const char* source;  // [batch, groups * channels, source_y, source_x]
  int64_t source_y, source_x;
  Tensor weights;      // contiguous; element (row, channel, tap) of a group is at the strides' sum plus the tap's place
  bool keeps_weights;  // whether their packed form may be kept beside them: rows and taps in the order of the memory
  int64_t weight_group_stride, weight_row_stride, weight_channel_stride, kernel_x;
  char* out;  // [batch, groups * rows, out_y, out_x]
  int64_t out_y, out_x;
  const ConvEnding& ending;  // of groups * rows channels
  bool writes_all;           // every output is a place of the grid: the pass applies the ending, else its caller
};
void run(const ConvPass& pass);

// The planes of `channels` channels of one image from row `first` of the grid on, `rows` rows with the halo; zero
// outside of the source. buffer is [channels][planes of y][planes of x][rows][x.extent].
void fill_planes(DType dtype, const AxisPlan& y, const AxisPlan& x, const char* source, int64_t source_y,
                 int64_t source_x, int64_t channels, int64_t first, int64_t rows, char* buffer);
// Where each tap of each channel begins in such a buffer; channels outermost.
std::vector<int64_t> tap_offsets(const AxisPlan& y, const AxisPlan& x, int64_t channels, int64_t rows);

// The gradient of 3×3 filters at stride 1 through the transforms of F(3×3, 4×4), whose filter is then a tile of the
// outputs' gradient. False where that does not apply or does not pay, or when a result is not finite.
bool winograd_weight_gradient(const ConvShape& s, const float* x, const float* grad, float* out);

// grad_weight = Σ over images and places of grad_out · x; see conv_weight.cpp. Contiguous operands.
void conv_weight_gradient(const ConvShape& s, const char* x, const char* grad, char* out);

// A convolution at dilation 1 in float32 through Winograd's transforms.
struct WinogradConv {
  int64_t batch, channels, rows;
  const float* source;                               // [batch, channels, source_y, source_x]
  int64_t source_y, source_x, padding_y, padding_x;  // padding may be negative
  Tensor weights;  // contiguous; [rows, channels, taps, taps], or transposed through the strides and flipped
  int64_t weight_row_stride, weight_channel_stride;
  bool flipped;
  float* out;  // [batch, rows, out_y, out_x]
  int64_t out_y, out_x;
  const ConvEnding& ending;
  int64_t skip_y = 0, skip_x = 0;  // outputs of the first tiles that lie before the first
  int64_t first_image = 0;         // of the ending's, where out begins
};
// The transforms (an index of KernelTable::winograd) that pay for 3×3 kernels and these sizes; -1 where none do.
int winograd_form(int64_t batch, int64_t channels, int64_t rows, int64_t out_y, int64_t out_x);
// False when a result is not finite: transforms spread what is not over whole tiles, so that it must be computed anew.
bool winograd(const WinogradConv& conv, int form);
// The forward convolution at stride 2 with kernels of 3×3 and 4×4, and with those from 5×5 to 8×8 as one at stride 1
// over the four phases of the image. False also where that does not apply or does not pay.
bool winograd_strided(const ConvShape& s, const float* x, const Tensor& weight, const ConvEnding& ending, float* out);
// The gradient by the input of 3×3 and 4×4 kernels at stride 2; false likewise.
bool winograd_transposed(const ConvShape& s, const float* grad, const Tensor& weight, const ConvEnding& ending,
                         float* out);

// Threads for that many multiply-adds.
int conv_threads(double work);
// A block of scratch memory; throws SIZE_OVERFLOW for sizes that no memory has.
StorageRef conv_scratch(double elements, size_t item);

}  // namespace flambeau
