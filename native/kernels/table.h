// What a kernel is to the rest of the core: a function over pointers and counts, found in a table by family, name and
// dtype. One table per ISA. Every pointer addresses contiguous elements of the slot's dtype; runs may alias exactly
// (y == x) but never overlap in part. Kernels never allocate, never throw and know nothing of tensors.
#pragma once

#include "../dtype.h"
#include "attention.h"
#include "recurrent.h"

namespace flambeau {

// The element type behind a table slot; an empty slot (nullptr) means the kernel does not exist for that dtype.
using UnaryFn = void (*)(const void* x, void* y, size_t n, const double* p);

// a_step and b_step are 0 (the operand is one element, used n times) or 1; not both 0. A BINARY kernel of bf16 takes
// that one element as a float.
using BinaryFn = void (*)(const void* a, size_t a_step, const void* b, size_t b_step, void* y, size_t n,
                          const double* p);

// cond is bool; steps as in BinaryFn, for cond, a and b.
using WhereFn = void (*)(const void* cond, size_t cond_step, const void* a, size_t a_step, const void* b, size_t b_step,
                         void* y, size_t n);

// x is [outer, n, inner]; y is [outer, inner] for a reduction, x's shape for a scan.
using ReduceFn = void (*)(const void* x, void* y, size_t outer, size_t n, size_t inner);
// Over the middle axis of [outer, n, stride], of which the first `inner` columns are done.
using SoftmaxFn = void (*)(const void* x, void* y, size_t outer, size_t n, size_t inner, size_t stride);
using SoftmaxBackwardFn = void (*)(const void* g, const void* y, void* dx, size_t outer, size_t n, size_t inner,
                                   size_t stride);

using CastFn = void (*)(const void* x, void* y, size_t n);

// What is applied to a tile of C while it is still in L1, after the last KC block:
// C = activation(scale * C + row_bias + col_bias) + residual.
enum class Activation : uint8_t { none, relu, sigmoid, tanh, gelu, gelu_tanh, silu };
struct Epilogue {
  const void* row_bias = nullptr;  // one value per column of C, added to every row (nn.Linear's bias)
  Activation activation = Activation::none;
  const void* col_bias = nullptr;  // one value per row of C, added to every column (a convolution's bias)
  const void* residual = nullptr;  // a matrix of C's shape, rows residual_stride apart, no part of C
  int64_t residual_stride = 0;
  double scale = 1;
};

// Where an operand that is read once lies: the nearest level that holds all of it. Changes how it is read and no
// result.
enum class Reach : uint8_t { l2, l3, memory };

// A register-blocked micro-kernel with its packing (names as in BLIS).
// Panels: A is packed as ceil(m / mr) panels of [k][mr], B as ceil(n / nr) panels of [k][nr], zero padded, so that the
// micro-kernel never branches on a tail while it multiplies. All strides are in elements.
struct GemmKernel {
  int mr, nr;
  void (*pack_a)(const void* a, int64_t row_stride, int64_t col_stride, int64_t m, int64_t k, void* panel);
  void (*pack_b)(const void* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n, void* panel);
  // C[m, n] (row stride ldc) = A·B, or += when accumulate; m <= mr, n <= nr. b is a panel (b_row_stride nr) or, when
  // n == nr, rows of B itself. epilogue is null but for the last KC block; its pointers are then to what belongs to
  // this tile's first element. next: what tiles to come read first, or null; kLine bytes of it go to L2 for every
  // kStepsPerLine of k, where the kernel gains by it.
  static constexpr int64_t kLine = 64, kStepsPerLine = 2;
  void (*micro)(int64_t k, const void* a_panel, const void* b, int64_t b_row_stride, void* c, int64_t ldc, int64_t m,
                int64_t n, bool accumulate, const Epilogue* epilogue, const void* next);

  // The same with A in place: any strides, m <= mr. n < nr needs a padded panel, unless reads_partial_rows. Takes more
  // instructions than a packed A, if prefers_panels.
  bool reads_partial_rows, prefers_panels;
  void (*direct)(int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride, const void* b,
                 int64_t b_row_stride, void* c, int64_t ldc, int64_t m, int64_t n, bool accumulate,
                 const Epilogue* epilogue);

  // C[m, n] = A·B, or += when accumulate, with the epilogue, for shapes that do not repay packing. Every element is
  // summed in an order that depends on k alone.
  // rows: B's rows are contiguous, m <= kMaxRows.
  static constexpr int64_t kMaxRows = 4;
  void (*rows)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride,
               const void* b, int64_t b_row_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue,
               Reach reach);
  // dots: A's rows and B's columns are contiguous.
  void (*dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
               int64_t b_col_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue);
  // The same for m == 1 or n == 1; in another order, so that a part of a wider product must not come here.
  void (*vector_dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
                      int64_t b_col_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue,
                      Reach reach);
  // Column j of B, whose rows are contiguous, goes to `to` + j * to_stride.
  void (*columns)(const void* b, int64_t row_stride, int64_t k, int64_t n, void* to, int64_t to_stride);
};

// The matrix kernels of bf16 and of 8-bit integers. Panels are as GemmKernel's, of 32-bit words of `depth` elements
// that are neighbours along k, zero padded: ceil(k / depth) of them rounded up to a multiple of `step`. A product runs
// over all of k at once, or over at most `most_words`.
struct WordEpilogue {
  const float* bias = nullptr;  // one value per column of C
  Activation activation = Activation::none;
  // Of integers, whose sum s is the float (s - zero_point * column_sums[j]) * scale * column_scales[j]:
  int32_t zero_point = 0;
  const int32_t* column_sums = nullptr;
  float scale = 1;
  const float* column_scales = nullptr;
};
// Which part of k a product covers, and where the mr × nr sums wait between the parts. C is written with the last.
struct WordPart {
  void* sums = nullptr;
  bool first = true, last = true;
};
struct WordKernel {
  int mr, nr, depth, step;
  int64_t most_words;  // 0: any number
  int64_t most_dots;   // rows or columns up to which `dots` are worth more than tiles, where k is long enough
  // lanes: rows of A or columns of B; strides in elements. Integers need a step_stride of 1.
  void (*pack_a)(const void* a, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels);
  void (*pack_b)(const void* b, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels);
  // C[m, n], m <= mr, n <= nr: bf16, or f32 of integers. j is the tile's first column, where the epilogue's lists
  // begin.
  void (*micro)(int64_t words, const void* a_panel, const void* b_panel, const WordPart& part, int64_t j, int64_t m,
                int64_t n, const WordEpilogue& epilogue, void* c, int64_t ldc);
  // C[m, n] where A's rows and B's columns are contiguous, without packing; bf16 only. j as above.
  void (*dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
               int64_t b_col_stride, int64_t j, const WordEpilogue& epilogue, void* c, int64_t ldc);
};
// q[i] = clamp(round(x[i] * inverse_scale) + zero_point, 0, most), half to even, of finite x.
using QuantizeFn = void (*)(const float* x, uint8_t* q, size_t n, float inverse_scale, float zero_point, float most);

// Convolution as a matrix product over a padded image: pointers into the image stand for the rows of the right-hand
// matrix. The outputs lie on a grid whose rows are `pitch` apart in the image, of which `width` are outputs.
struct ConvTarget {
  void* out;  // of the first row of the tile; place (y, x) of the grid is at y * y_stride + x * x_stride
  int64_t row_stride, y_stride, x_stride;
  int64_t pitch, width;
  const void* bias;  // one value per row of the tile, or null
};
// What a gradient of weights sums over: `count` runs of `length` elements, `pitch` apart, of each of the images.
struct ConvRuns {
  int64_t images, grad_image_stride, src_image_stride;
  int64_t count, length, pitch;
};
struct ConvKernel {
  int mr, nr, dot_rows, dot_cols;
  // Places [j, j + n) of the grid, m outputs each: out = bias + Σ_p a_panel[p][i] · src[offsets[p] + j]. m <= mr,
  // n <= nr; src is read up to nr elements from each offset.
  void (*tile)(int64_t k, const void* a_panel, const void* src, const int64_t* offsets, int64_t j, int64_t m, int64_t n,
               const ConvTarget& target);
  // A panel [channels * tap_count][mr] of weights[i * row_stride + c * channel_stride + taps[t]].
  void (*pack)(const void* weights, int64_t row_stride, int64_t channel_stride, const int64_t* taps, int64_t m,
               int64_t channels, int64_t tap_count, void* panel);
  // `rows` rows of `width`, of which [begin, end) are every step-th element of the source's row; zeros beside them.
  // from is the source of element `begin` of the first row.
  void (*plane)(const void* from, int64_t from_stride, int64_t step, int64_t begin, int64_t end, int64_t width,
                int64_t rows, void* to);
  // One output of one channel, out(y, x) = bias + Σ_t weights[t] · src[offsets[t] + y * pitch + x].
  void (*channel)(int64_t taps, const void* weights, const void* src, const int64_t* offsets, int64_t rows,
                  const ConvTarget& target);
  // sums[i][j] += Σ grad[i][…] · src[offsets[j] + …] over the runs; m <= dot_rows, n <= dot_cols, or
  // m == 1, n <= kSingleCols.
  static constexpr int kSingleCols = 9;
  void (*dots)(const ConvRuns& runs, const void* grad, int64_t grad_row_stride, const void* src, const int64_t* offsets,
               int64_t m, int64_t n, void* sums, int64_t sums_stride);
  bool (*all_finite)(const void* x, size_t n);
};

// Winograd's transforms for kernels of `taps` × `taps` in float32, of outputs in tiles of `tile` × `tile`. Transformed
// filters have `side` × `side` places, numbered row by row; place (i, j) is multiplied by the image's place
// (image_place[i], image_place[j]), and the products of one (sum_place[i], sum_place[j]) are summed. Patches of the
// image are `step` apart. One place of all tiles, rows or channels lies together.
struct WinogradKernel {
  static constexpr int kMostSide = 6;
  int tile, taps, lanes, step;
  int side, image_side, sum_side;
  int8_t image_place[kMostSide], sum_place[kMostSide];
  // `tiles` <= lanes patches side by side from (y, x) on, which may lie outside of the image: zeros there. Place p of
  // tile t goes to out[p * out_stride + t].
  void (*input)(const float* image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t tiles, float* out,
                int64_t out_stride);
  // The tiles' outputs plus bias from element (y, x) on, where out begins, to row `rows` and column `columns`. False
  // when one of these rows is not finite.
  bool (*output)(const float* m, int64_t m_stride, int64_t tiles, float bias, float* out, int64_t out_width, int64_t y,
                 int64_t x, int64_t rows, int64_t columns);
  // For the gradient of the weights: as input, of tiles of the outputs' gradient side by side from (y, x) on; and the
  // gradient of n <= lanes filters of `tile` × `tile` elements, one after the other, from sums of products. Null but
  // for tiles of 3, whose `taps` are then the tile of the outputs.
  void (*grad)(const float* image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t tiles, float* out,
               int64_t out_stride);
  void (*weights)(const float* m, int64_t m_stride, int64_t n, float* out);
  // m <= mr filters of each channel as a panel [channels][mr] for each place; flipped reads the taps backwards.
  void (*filter)(const float* weights, int64_t row_stride, int64_t channel_stride, bool flipped, int64_t m, int64_t mr,
                 int64_t channels, float* out, int64_t out_stride);
};

// One element-wise optimizer step over n contiguous parameters. PyTorch's formulas; the step-dependent scalars are
// computed once by the caller in double.
struct SgdArgs {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first_step;  // first_step: the momentum buffer is set to the gradient, not blended
};
struct AdamArgs {
  double lr, beta1, beta2, eps, weight_decay;
  double bias_correction1, bias_correction2;
  bool decoupled;  // AdamW: weight decay acts on the parameter, not on the gradient
  bool amsgrad, maximize;
};
using SgdFn = void (*)(const SgdArgs* args, void* param, const void* grad, void* momentum_buffer, size_t n);
using AdamFn = void (*)(const AdamArgs* args, void* param, const void* grad, void* exp_avg, void* exp_avg_sq,
                        void* max_exp_avg_sq, size_t n);

// Layer norm over rows of n: y = (x - mean) * rstd * weight + bias. weight and bias [n] may be null, and so may mean
// and rstd [rows], which get the statistics. RMS norm has no mean: it is not read or written.
using RowNormFn = void (*)(const void* x, const void* weight, const void* bias, void* y, void* mean, void* rstd,
                           size_t rows, size_t n, double eps);
// dx [rows, n] or null, which is part of `result_bytes` that a thread writes; the rows' part is added to dweight and
// dbias [n], both or neither null.
using RowNormBackwardFn = void (*)(const void* g, const void* x, const void* weight, const void* mean, const void* rstd,
                                   void* dx, void* dweight, void* dbias, size_t rows, size_t n, size_t result_bytes);

// The passes of the norms over channels. x, g and y are [outer, n, inner]: either inner is 1 and run o belongs to
// channel (first + o) % period, or outer is 1 and column i belongs to channel i.
struct ChannelArgs {
  const void *x, *g;
  const void *mean, *scale, *slope, *shift;  // one value per channel
  size_t first, period;
  size_t result_bytes = 0;  // of which y is a part, written by one thread
  size_t ahead = 0;         // elements from x to what will be read next
};
// Each run's (column's) mean and sum of squared deviations from it.
using MomentsFn = void (*)(const void* x, double* mean, double* m2, size_t outer, size_t n, size_t inner);
// channel_affine: y = (x - mean) * scale + shift. channel_gradient: y = g * scale + (x - mean) * slope + shift.
using ChannelFn = void (*)(const ChannelArgs* args, void* y, size_t outer, size_t n, size_t inner);
// Each run's (column's) sums of g and of g * (x - mean).
using ChannelDotsFn = void (*)(const ChannelArgs* args, double* sum, double* dot, size_t outer, size_t n, size_t inner);

// Pooling of planes [h.size, w.size] to [h.out, w.out]. kernel 0: adaptive windows, window i is [i * size / out,
// ceil((i + 1) * size / out)). divisor 0: averages divide by the elements of the window, with count_include_pad its
// padding too.
struct PoolAxis {
  int64_t size, out, kernel, stride, pad, dilation;
};
struct PoolArgs {
  PoolAxis h, w;
  bool count_include_pad;
  double divisor;
};
// indices (int32 for f32, int64 for f64) get each maximum's place in its plane; null for none.
using MaxPoolFn = void (*)(const PoolArgs* args, const void* x, void* y, void* indices, size_t planes);
using MaxPoolBackwardFn = void (*)(const PoolArgs* args, const void* g, const void* indices, void* dx, size_t planes);
using AvgPoolFn = void (*)(const PoolArgs* args, const void* x, void* y, size_t planes);  // backward: (g, dx)

// The cross entropy of rows of logits [rows, classes] with one target class each.
struct CrossEntropyArgs {
  const int64_t* target;  // in [0, classes), or ignore_index
  int64_t ignore_index;
  const void* weight;  // one per class, or null for ones
  double smoothing;    // what part of each target is spread evenly over all classes
  double weight_sum;   // of all classes
};
// losses[i] = w (1 - smoothing) l(target) + smoothing / classes * the sum of w_c l(c), l(c) = log_total + top - x[c];
// weights[i] = w, that of the target; both are 0 where the target is ignored. stats[i] is the pair (top, log_total).
using CrossEntropyFn = void (*)(const CrossEntropyArgs* args, const void* x, void* losses, void* weights, void* stats,
                                size_t rows, size_t classes);
// dx = the gradient of losses[i] times g[i * g_step]; g_step is 0 or 1.
using CrossEntropyBackwardFn = void (*)(const CrossEntropyArgs* args, const void* x, const void* stats, const void* g,
                                        size_t g_step, void* dx, size_t rows, size_t classes);

// The Mersenne twister in bulk, and PyTorch's ways from its draws to numbers.
struct RandomKernel {
  void (*refill)(uint32_t* state);                                   // the next 624 words of the state
  void (*temper)(const uint32_t* state, uint32_t* draws, size_t n);  // words of the state to draws
  void (*unit_f32)(const uint32_t* draws, float* y, size_t n);       // uniform on [0, 1)
  // y[i]: whether the uniform double of draws 2 i and 2 i + 1, times 2^53, is below limit
  void (*toss)(const uint32_t* draws, uint8_t* y, size_t n, uint64_t limit);
  // In place, of uniforms on [0, 1); null where the ISA has no fused multiply-add, which the numbers depend on.
  void (*scale_f32)(float* y, size_t n, float low, float high);           // to [low, high)
  void (*normal_f32)(float* y, size_t blocks, float mean, float stddev);  // blocks of 16
};

// Index enums, one per family, in the order of kernels.def.
enum class UnaryKernel : uint16_t {
#define UNARY(name, dtypes) name,
#include "families.inc"
  count
};
enum class PredicateKernel : uint16_t {
#define PREDICATE(name, dtypes) name,
#include "families.inc"
  count
};
enum class BinaryKernel : uint16_t {
#define BINARY(name, dtypes) name,
#include "families.inc"
  count
};
enum class CompareKernel : uint16_t {
#define COMPARE(name, dtypes) name,
#include "families.inc"
  count
};
enum class ReduceKernel : uint16_t {
#define REDUCE(name, dtypes) name,
#include "families.inc"
  count
};
enum class ArgReduceKernel : uint16_t {
#define ARG_REDUCE(name, dtypes) name,
#include "families.inc"
  count
};
enum class ScanKernel : uint16_t {
#define SCAN(name, dtypes) name,
#include "families.inc"
  count
};
enum class SoftmaxKernel : uint16_t {
#define SOFTMAX(name, dtypes) name,
#include "families.inc"
  count
};
enum class SoftmaxBackwardKernel : uint16_t {
#define SOFTMAX_BACKWARD(name, dtypes) name,
#include "families.inc"
  count
};

template <class Kernel>
inline constexpr size_t kernel_count = static_cast<size_t>(Kernel::count);

struct KernelTable {
  const char* isa;  // "baseline", "avx2", "avx512", "avx512vnni", "amx", "neon"
  UnaryFn unary[kernel_count<UnaryKernel>][kDTypeCount];
  UnaryFn predicate[kernel_count<PredicateKernel>][kDTypeCount];
  BinaryFn binary[kernel_count<BinaryKernel>][kDTypeCount];
  BinaryFn compare[kernel_count<CompareKernel>][kDTypeCount];
  ReduceFn reduce[kernel_count<ReduceKernel>][kDTypeCount];
  ReduceFn arg_reduce[kernel_count<ArgReduceKernel>][kDTypeCount];
  ReduceFn scan[kernel_count<ScanKernel>][kDTypeCount];
  SoftmaxFn softmax[kernel_count<SoftmaxKernel>][kDTypeCount];
  SoftmaxBackwardFn softmax_backward[kernel_count<SoftmaxBackwardKernel>][kDTypeCount];
  CrossEntropyFn cross_entropy[kDTypeCount];
  CrossEntropyBackwardFn cross_entropy_backward[kDTypeCount];
  RandomKernel random;
  WhereFn where[kDTypeCount];
  CastFn cast[kDTypeCount][kDTypeCount];  // [from][to]
  SgdFn sgd[kDTypeCount];                 // FLOATS
  AdamFn adam[kDTypeCount];               // FLOATS
  GemmKernel gemm[kDTypeCount];           // FLOATS; micro == nullptr elsewhere
  WordKernel gemm_bf16;                   // micro == nullptr where the ISA multiplies bf16 as f32
  WordKernel gemm_int8;
  QuantizeFn quantize;
  // Tiles of 2 and of 4 for 3 taps, of 3 for 4; at stride 2 for 3 taps and their gradient by the input, then for 4.
  WinogradKernel winograd[7];
  ConvKernel conv[kDTypeCount];  // FLOATS; tile == nullptr elsewhere
  // FLOATS
  RowNormFn layer_norm[kDTypeCount], rms_norm[kDTypeCount];
  RowNormBackwardFn layer_norm_backward[kDTypeCount], rms_norm_backward[kDTypeCount];
  MomentsFn moments[kDTypeCount];
  ChannelFn channel_affine[kDTypeCount], channel_gradient[kDTypeCount];
  ChannelDotsFn channel_dots[kDTypeCount];
  MaxPoolFn max_pool[kDTypeCount];
  MaxPoolBackwardFn max_pool_backward[kDTypeCount];
  AvgPoolFn avg_pool[kDTypeCount], avg_pool_backward[kDTypeCount];
  AttentionKernel attention[kDTypeCount];                   // FLOATS; forward == nullptr elsewhere
  RecurrentKernel recurrent[kDTypeCount][kRecurrentCells];  // FLOATS
};

}  // namespace flambeau
