// Convolution: what is asked is checked here, then one of the algorithms runs. Forward and the gradients by input and
// by weight are each other's gradients, so that these three are all there is, transposed convolution included.
#include "conv.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../../parallel/thread_pool.h"
#include "../../tensor/copy.h"
#include "../../tensor/output.h"
#include "../gemm/gemm.h"
#include "conv_pass.h"

namespace flambeau {
namespace {

// A tensor of rank 3 has a y of size 1.

Dims dims_of(const Tensor& like, int64_t a, int64_t b, int64_t y, int64_t x) {
  return like.rank() == 3 ? Dims{a, b, x} : Dims{a, b, y, x};
}

void check_operands(const char* op, const Tensor& a, const Tensor& b) {
  check_same_dtype(op, a, b);
  if (a.dtype != DType::f32 && a.dtype != DType::f64) throw_no_kernel(op, a.dtype);
  if ((a.rank() != 3 && a.rank() != 4) || b.rank() != a.rank()) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": two tensors of 3 or of 4 dimensions were expected, got " +
                                      to_string(a.shape) + " and " + to_string(b.shape));
  }
}

// Every index that the loops form stays far from overflow.
void check_axis_sizes(const char* op, const ConvAxis& axis) {
  const double reach = static_cast<double>(axis.out) * static_cast<double>(axis.stride) +
                       static_cast<double>(axis.kernel) * static_cast<double>(axis.dilation) +
                       std::fabs(static_cast<double>(axis.padding)) + static_cast<double>(axis.in);
  if (!(reach < 0x1p52)) throw Error("SIZE_OVERFLOW", std::string(op) + ": sizes are too large");
  if (axis.in < 0 || axis.out < 0 || axis.kernel < 1 || axis.stride < 1 || axis.dilation < 1) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": kernel, stride and dilation must be positive, sizes not negative");
  }
}

// in: [batch, in channels, y, x], out likewise, weight [out channels, in channels / groups, y, x].
ConvShape shape_of(const char* op, DType dtype, const ConvParams& p, const Dims& in, const Dims& weight,
                   const Dims& out) {
  const int r = in.rank;
  const auto y = [&](const Dims& d) { return r == 3 ? int64_t{1} : d[2]; };
  ConvShape s{dtype,
              in[0],
              in[1],
              weight[0],
              p.groups,
              {y(in), y(out), y(weight), p.stride[0], p.padding[0], p.dilation[0]},
              {in[r - 1], out[r - 1], weight[r - 1], p.stride[1], p.padding[1], p.dilation[1]}};
  check_axis_sizes(op, s.y);
  check_axis_sizes(op, s.x);
  if (p.groups < 1 || weight[0] % p.groups != 0 || weight[1] != in[1] / p.groups || in[1] % p.groups != 0 ||
      out[0] != in[0] || out[1] != weight[0]) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": input " + to_string(in) + ", weight " + to_string(weight) +
                                      " and output " + to_string(out) + " do not fit together in " +
                                      std::to_string(p.groups) + " groups");
  }
  return s;
}

// The residues of input indices modulo the stride that some tap reaches.
std::vector<int64_t> reached_phases(const ConvAxis& axis) {
  std::vector<int64_t> phases;
  for (int64_t t = 0; t < axis.kernel; ++t) {
    const int64_t residue = (t * axis.dilation - axis.padding) % axis.stride;
    const int64_t phase = residue < 0 ? residue + axis.stride : residue;
    if (phase < axis.in) phases.push_back(phase);
  }
  std::sort(phases.begin(), phases.end());
  phases.erase(std::unique(phases.begin(), phases.end()), phases.end());
  return phases;
}

bool is_plain_3x3(const ConvShape& s) {
  const auto plain = [](const ConvAxis& a) { return a.kernel == 3 && a.stride == 1 && a.dilation == 1; };
  return s.dtype == DType::f32 && s.groups == 1 && plain(s.y) && plain(s.x);
}

float* floats(const Tensor& x) { return x.as<float>(); }
const Tensor& or_else(const Tensor* x, const Tensor& other) { return x ? *x : other; }

// A kernel of one element at stride 1: a matrix product over the channels, in place. Images too small to fill the
// threads are better cut by run().
bool is_product(const ConvShape& s) {
  const auto plain = [](const ConvAxis& a) {
    return a.kernel == 1 && a.stride == 1 && a.padding == 0 && a.in == a.out;
  };
  return s.groups == 1 && plain(s.y) && plain(s.x);
}
bool has_long_rows(const ConvShape& s) { return s.in_size() >= 256 && s.in_channels >= 16 && s.out_channels >= 16; }

// out [rows, size] = weight [rows, channels] · x [channels, size], for each image, and what follows.
void multiply_images(const ConvShape& s, int64_t rows, int64_t channels, MatrixView weight, const Tensor& x,
                     const ConvEnding& ending, const Tensor& out) {
  const int64_t size = s.in_size(), item = static_cast<int64_t>(item_size(s.dtype)), bytes = rows * size * item;
  Epilogue epilogue = ending.epilogue;
  if (ending.bias) epilogue.col_bias = ending.bias;
  const bool any = !ending.is_empty || ending.bias;
  for (int64_t n = 0; n < s.batch; ++n) {
    gemm(s.dtype, rows, size, channels, weight, {x.data() + n * channels * size * item, size, 1},
         out.data() + n * bytes, size, any ? &epilogue : nullptr);
    if (epilogue.residual) epilogue.residual = static_cast<const char*>(epilogue.residual) + bytes;
  }
}

// One value per channel, contiguous; empty for null.
Tensor by_channel(const char* op, const char* name, const Tensor* x, DType dtype, int64_t channels) {
  if (!x) return {};
  check_dtype(op, *x, dtype);
  if (x->rank() != 1 || x->shape[0] != channels) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": a " + name + " of shape [" + std::to_string(channels) +
                                      "] was expected, got " + to_string(x->shape));
  }
  return contiguous(*x);
}

// The terms of an ending as dense tensors, which live as long as the ending is used.
class Terms {
 public:
  Terms(const char* op, DType dtype, const Dims& shape, const Tensor* bias, const Tensor* scale, const Tensor* residual,
        Activation activation)
      : bias_(by_channel(op, "bias", bias, dtype, shape[1])),
        scale_(by_channel(op, "scale", scale, dtype, shape[1])),
        ending{dtype, shape[1], 0, {}, !scale && !residual && activation == Activation::none, nullptr} {
    if (residual) {
      check_dtype(op, *residual, dtype);
      if (!(residual->shape == shape)) {
        throw Error("SHAPE_MISMATCH", std::string(op) + ": a residual of shape " + to_string(shape) +
                                          " was expected, got " + to_string(residual->shape));
      }
      residual_ = contiguous(*residual);
      ending.epilogue.residual = residual_.data();
    }
    ending.size = shape.rank == 3 ? shape[2] : shape[2] * shape[3];
    ending.epilogue.residual_stride = ending.size;
    ending.epilogue.activation = activation;
    if (scale) ending.epilogue.col_scale = scale_.data();
    if (bias && scale) ending.epilogue.col_bias = bias_.data();
    if (bias && !scale) ending.bias = bias_.data();
  }

  const Tensor& bias() const { return bias_; }

 private:
  Tensor bias_, scale_, residual_;

 public:
  ConvEnding ending;
};

// Where passes wrote a part of the outputs each.
void finish_all(const ConvShape& s, const ConvEnding& ending, const Tensor& out) {
  if (ending.is_empty) return;
  const int64_t bytes = ending.channels * ending.size * static_cast<int64_t>(item_size(s.dtype));
  parallel_for(s.batch * ending.channels, 1 + 16384 / (1 + ending.size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / ending.channels;
      ending.apply(out.data() + image * bytes, image, i % ending.channels, 1, 0, ending.size);
    }
  });
}

}  // namespace

void conv(const Tensor& x, const Tensor& weight, const Tensor* bias, const Tensor* scale, const Tensor* residual,
          Activation activation, const ConvParams& p, Out out) {
  check_operands("conv", x, weight);
  const Dims shape = dims_of(x, x.shape[0], weight.shape[0], p.size[0], p.size[1]);
  const ConvShape s = shape_of("conv", x.dtype, p, x.shape, weight.shape, shape);
  const Terms terms("conv", x.dtype, shape, bias, scale, residual, activation);
  const ConvEnding& ending = terms.ending;
  make_or_check("conv", out, x.dtype, shape);
  if (out->numel == 0) return;
  const Tensor from = contiguous(x), w = contiguous(weight);
  Output y = Output::contiguous(out, {&x, &weight, &or_else(bias, x), &or_else(scale, x), &or_else(residual, x)});
  const int64_t channels = s.in_channels / s.groups, rows = s.out_channels / s.groups;
  if (is_product(s) && has_long_rows(s)) {
    multiply_images(s, rows, channels, {w.data(), channels, 1}, from, ending, *y);
    return y.commit();
  }
  if (winograd_strided(s, floats(from), w, ending, floats(*y))) return y.commit();
  const int form = is_plain_3x3(s) ? winograd_form(s.batch, channels, rows, s.y.out, s.x.out) : -1;
  if (form >= 0 && winograd({s.batch, channels, rows, from.as<float>(), s.y.in, s.x.in, s.y.padding, s.x.padding, w,
                             channels * 9, 9, false, y->as<float>(), s.y.out, s.x.out, ending},
                            form)) {
    return y.commit();
  }
  run({s.dtype,
       s.batch,
       s.groups,
       channels,
       rows,
       forward_plan(s.y),
       forward_plan(s.x),
       from.data(),
       s.y.in,
       s.x.in,
       w,
       true,
       rows * channels * s.taps(),
       channels * s.taps(),
       s.taps(),
       s.x.kernel,
       y->data(),
       s.y.out,
       s.x.out,
       ending,
       true});
  y.commit();
}

void conv_input(const Tensor& grad, const Tensor& weight, const Tensor* bias, const Tensor* scale,
                const Tensor* residual, Activation activation, const ConvParams& p, Out out) {
  check_operands("convTranspose", grad, weight);
  const Dims shape = dims_of(grad, grad.shape[0], weight.shape[1] * p.groups, p.size[0], p.size[1]);
  const ConvShape s = shape_of("convTranspose", grad.dtype, p, shape, weight.shape, grad.shape);
  const Terms terms("convTranspose", grad.dtype, shape, bias, scale, residual, activation);
  const ConvEnding& ending = terms.ending;
  make_or_check("convTranspose", out, grad.dtype, shape);
  if (out->numel == 0) return;
  const Tensor from = contiguous(grad), w = contiguous(weight);
  Output y =
      Output::contiguous(out, {&grad, &weight, &or_else(bias, grad), &or_else(scale, grad), &or_else(residual, grad)});
  const int64_t channels = s.out_channels / s.groups, rows = s.in_channels / s.groups;
  if (is_product(s) && has_long_rows(s)) {
    multiply_images(s, rows, channels, {w.data(), 1, rows}, from, ending, *y);
    return y.commit();
  }
  // At stride 1 this is a convolution with the taps in reverse.
  const int form = is_plain_3x3(s) ? winograd_form(s.batch, channels, rows, s.y.in, s.x.in) : -1;
  if (form >= 0 && winograd({s.batch, channels, rows, from.as<float>(), s.y.out, s.x.out, 2 - s.y.padding,
                             2 - s.x.padding, w, 9, rows * 9, true, y->as<float>(), s.y.in, s.x.in, ending},
                            form)) {
    return y.commit();
  }
  if (winograd_transposed(s, floats(from), w, ending, floats(*y))) return y.commit();
  // Each residue of the stride is a convolution of its own, with the taps that reach it.
  const std::vector<int64_t> phases_y = reached_phases(s.y), phases_x = reached_phases(s.x);
  if (static_cast<int64_t>(phases_y.size()) < std::min(s.y.stride, s.y.in) ||
      static_cast<int64_t>(phases_x.size()) < std::min(s.x.stride, s.x.in)) {
    const Dims by_row = shape.rank == 3 ? Dims{0, 1, 0} : Dims{0, 1, 0, 0};
    if (ending.bias) copy_into(as_strided(terms.bias(), shape, by_row, terms.bias().offset), *y);
    else fill(*y, 0);
  }
  const bool one_pass = s.y.stride == 1 && s.x.stride == 1 && !phases_y.empty() && !phases_x.empty();
  for (const int64_t phase_y : phases_y) {
    for (const int64_t phase_x : phases_x) {
      run({s.dtype,
           s.batch,
           s.groups,
           channels,
           rows,
           backward_plan(s.y, phase_y),
           backward_plan(s.x, phase_x),
           from.data(),
           s.y.out,
           s.x.out,
           w,
           false,
           channels * rows * s.taps(),
           s.taps(),
           rows * s.taps(),
           s.x.kernel,
           y->data(),
           s.y.in,
           s.x.in,
           ending,
           one_pass});
    }
  }
  if (!one_pass) finish_all(s, ending, *y);
  y.commit();
}

void conv_weight(const Tensor& x, const Tensor& grad, const ConvParams& p, Out out) {
  check_operands("conv", x, grad);
  if (p.groups < 1) throw Error("BAD_ARGUMENT", "conv: groups must be positive");
  const Dims shape = dims_of(x, grad.shape[1], x.shape[1] / p.groups, p.size[0], p.size[1]);
  const ConvShape s = shape_of("conv", x.dtype, p, x.shape, shape, grad.shape);
  make_or_check("conv", out, x.dtype, shape);
  if (out->numel == 0) return;
  const Tensor from = contiguous(x), g = contiguous(grad);
  Output y = Output::contiguous(out, {&x, &grad});
  if (is_product(s) && s.batch > 0) {
    const int64_t size = s.in_size(), item = static_cast<int64_t>(item_size(s.dtype));
    for (int64_t n = 0; n < s.batch; ++n) {
      GemmOptions options;
      options.accumulate = n > 0;
      gemm(s.dtype, s.out_channels, s.in_channels, size, {g.data() + n * s.out_channels * size * item, size, 1},
           {from.data() + n * s.in_channels * size * item, 1, size}, y->data(), s.in_channels, nullptr, options);
    }
  } else if (!winograd_weight_gradient(s, floats(from), floats(g), floats(*y))) {
    conv_weight_gradient(s, from.data(), g.data(), y->data());
  }
  y.commit();
}

}  // namespace flambeau
