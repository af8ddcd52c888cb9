// A linear layer over 8-bit weights whose activations are quantised in each call, with one scale for all of them.
#include "quantized.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "../tensor/output.h"
#include "../tensor/prepack.h"
#include "gemm/gemm_words.h"
#include "reduce.h"

namespace flambeau {
namespace {

// |products| stay below 255 · 128, so that so many of them never overflow an int32.
constexpr int64_t kMostTerms = INT32_MAX / (255 * 128);

struct Range {
  float least, most;
};

Range range_of(const Tensor& x) {
  Dims axes;
  for (int i = 0; i < x.rank(); ++i) axes.push(i);
  Tensor low, high;
  reduce(ReduceKernel::amin, x, axes, false, low);
  reduce(ReduceKernel::amax, x, axes, false, high);
  return {*low.as<float>(), *high.as<float>()};
}

// PyTorch's choice (ATen/native/quantized/cpu/QuantUtils.h): 0 is represented exactly; scales are not below 6.1e-5.
QuantizedRows quantization(const Tensor& x, int32_t levels) {
  const Range range = range_of(x);
  if (!std::isfinite(range.least) || !std::isfinite(range.most)) {
    throw Error("OUT_OF_RANGE", "linearDynamic: finite inputs were expected, they hold NaN or an infinity");
  }
  double low = std::min(range.least, 0.0f), high = std::max(range.most, 0.0f);
  double scale = (high - low) / levels;
  if (static_cast<float>(scale) == 0 || std::isinf(1 / static_cast<float>(scale))) scale = 0.1;
  constexpr double kSmallest = 6.1e-5f;
  if (scale < kSmallest) {
    const double stretch = kSmallest / scale;
    scale = kSmallest;
    if (low == 0) {
      high = scale * levels;
    } else if (high == 0) {
      low = -scale * levels;
    } else {
      low *= stretch;
      high *= stretch;
    }
  }
  const float single = static_cast<float>(scale);
  // From the end of the range that gives the smaller error.
  const double from_low = -low / single, from_high = levels - high / single;
  const double zero = -std::fabs(low / single) < levels - std::fabs(high / single) ? from_low : from_high;
  const auto zero_point = static_cast<int32_t>(std::nearbyint(std::clamp(zero, 0.0, static_cast<double>(levels))));
  // The rounded zero point may lift the greatest element by one step. PyTorch bounds the bytes alone; more than this
  // they never reach, and two products of 128 with a weight still fit 16 bits.
  return {x.as<float>(), x.shape[1], single, zero_point, std::min(levels + 1, 255)};
}

// What the product needs of a weight: its panels, then the sums of its rows.
size_t panel_bytes(int64_t n, int64_t k) { return (packed_int8_b_bytes(n, k) + 63) / 64 * 64; }

void derive(const Tensor& weight, void* to) {
  const int64_t n = weight.shape[0], k = weight.shape[1];
  const auto* const values = weight.as<int8_t>();
  pack_int8_b(n, k, values, to);
  auto* const sums = reinterpret_cast<int32_t*>(static_cast<char*>(to) + panel_bytes(n, k));
  for (int64_t row = 0; row < n; ++row) {
    int32_t sum = 0;
    for (int64_t p = 0; p < k; ++p) sum += values[row * k + p];
    sums[row] = sum;
  }
}

void check(const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias) {
  check_dtype("linearDynamic", x, DType::f32);
  check_dtype("linearDynamic", weight, DType::i8);
  check_dtype("linearDynamic", scales, DType::f32);
  if (x.rank() != 2 || weight.rank() != 2 || x.shape[1] != weight.shape[1]) {
    throw Error("SHAPE_MISMATCH", "linearDynamic: matrices of one width were expected, got " + to_string(x.shape) +
                                      " and " + to_string(weight.shape));
  }
  const int64_t n = weight.shape[0];
  if (scales.rank() > 1 || (scales.rank() == 1 && scales.shape[0] != n)) {
    throw Error("SHAPE_MISMATCH", "linearDynamic: one scale or one for each of " + std::to_string(n) +
                                      " rows was expected, got " + to_string(scales.shape));
  }
  if (bias) {
    check_dtype("linearDynamic", *bias, DType::f32);
    if (bias->rank() != 1 || bias->shape[0] != n) {
      throw Error("SHAPE_MISMATCH", "linearDynamic: a bias of shape [" + std::to_string(n) + "] was expected, got " +
                                        to_string(bias->shape));
    }
  }
  if (x.shape[1] > kMostTerms) {
    throw Error("OUT_OF_RANGE", "linearDynamic: at most " + std::to_string(kMostTerms) +
                                    " input features, whose sum fits 32 bits, got " + std::to_string(x.shape[1]));
  }
}

}  // namespace

void linear_int8(const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias, bool reduce_range,
                 Out out) {
  check(x, weight, scales, bias);
  const int64_t m = x.shape[0], n = weight.shape[0], k = weight.shape[1];
  make_or_check("linearDynamic", out, DType::f32, {m, n});
  if (out->numel == 0) return;
  const Tensor rows = contiguous(x);
  QuantizedRows quantized{rows.as<float>(), k, 1, 0, 0};
  if (k > 0) quantized = quantization(rows, reduce_range ? 127 : 255);

  const Tensor dense = contiguous(weight);
  const size_t bytes = panel_bytes(n, k) + static_cast<size_t>(n) * sizeof(int32_t);
  StorageRef panels;
  if (weight.is_contiguous()) {
    panels = prepacked(weight, Derivation::int8_columns, 0, bytes, [&](void* to) { derive(dense, to); });
  }
  if (!panels) {
    panels = StorageRef(Storage::allocate(bytes));
    derive(dense, panels->data());
  }
  const Tensor each = contiguous(scales.rank() == 1 ? scales : broadcast_to(scales, {n}));
  const Tensor dense_bias = bias ? contiguous(*bias) : Tensor();
  WordEpilogue epilogue;
  epilogue.bias = bias ? dense_bias.as<float>() : nullptr;
  epilogue.zero_point = quantized.zero_point;
  epilogue.column_sums = reinterpret_cast<const int32_t*>(static_cast<const char*>(panels->data()) + panel_bytes(n, k));
  epilogue.scale = quantized.scale;
  epilogue.column_scales = each.as<float>();
  Output c = bias ? Output::contiguous(out, {&rows, &dense, &each, &dense_bias})
                  : Output::contiguous(out, {&rows, &dense, &each});
  gemm_int8(m, n, k, quantized, panels->data(), c->as<float>(), n, epilogue);
  c.commit();
}

}  // namespace flambeau
