// One driver per kernel family: from strided, broadcast tensors to contiguous runs for the kernel, in parallel.
//
// Conventions. `out` is an empty Tensor (no storage) on entry to ask for a fresh contiguous result, or an existing
// tensor of the right shape and dtype to write into, strided or not; it may be one of the inputs (same layout), and any
// other overlap is resolved through a temporary. Operands of one call share their dtype: promotion is the caller's. A
// dtype for which kernels.def has no slot throws DTYPE_MISMATCH naming the kernel.
#pragma once

#include <vector>

#include "../kernels/table.h"
#include "../tensor/copy.h"
#include "../tensor/tensor.h"
#include "gemm/gemm.h"

namespace flambeau {

// --- elementwise.cpp
void unary(UnaryKernel kernel, const Tensor& x, const double (&p)[2], Tensor& out);
void predicate(PredicateKernel kernel, const Tensor& x, Tensor& out);
void binary(BinaryKernel kernel, const Tensor& a, const Tensor& b, const double (&p)[2], Tensor& out);
// b (or a, when `reversed`) is the scalar, converted to x's dtype.
void binary_scalar(BinaryKernel kernel, const Tensor& x, double scalar, bool reversed, const double (&p)[2],
                   Tensor& out);
void compare(CompareKernel kernel, const Tensor& a, const Tensor& b, Tensor& out);
void compare_scalar(CompareKernel kernel, const Tensor& x, double scalar, Tensor& out);
void where(const Tensor& cond, const Tensor& a, const Tensor& b, Tensor& out);

// --- reduce.cpp. axes lists distinct axes in any order; keepdim keeps them with size 1.
void reduce(ReduceKernel kernel, const Tensor& x, const Dims& axes, bool keepdim, Tensor& out);
void arg_reduce(ArgReduceKernel kernel, const Tensor& x, int axis, bool keepdim, Tensor& out);  // axis -1: flattened
void scan(ScanKernel kernel, const Tensor& x, int axis, Tensor& out);
void softmax(SoftmaxKernel kernel, const Tensor& x, int axis, Tensor& out);
void softmax_backward(SoftmaxBackwardKernel kernel, const Tensor& g, const Tensor& y, int axis, Tensor& out);

// --- matmul.cpp. a is [..., m, k], b is [..., k, n] with broadcast batch axes; any strides (transposed operands are
// read in place). bias is [n] or null, activation as in Epilogue. f32 and f64 through gemm(); integers through a plain
// loop that wraps.
void matmul(const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation, Tensor& out);
// x [..., in] times weight [out, in] transposed; the weight's packed panels are kept while it does not change.
void linear(const Tensor& x, const Tensor& weight, const Tensor* bias, Activation activation, Tensor& out);

// --- conv.cpp. Over one axis (tensors of rank 3) or two; the first entries of the arrays are then not used. Any
// strides; what lies outside of the image counts as zero. f32 and f64.
struct ConvParams {
  int64_t stride[2], padding[2], dilation[2], groups;
  int64_t size[2];  // of the result: y and x
};
// x [n, c, …], weight [o, c / groups, …] → [n, o, size]; bias is [o] or null. Padding may exceed `padding` at the end,
// as the size asks for.
void conv(const Tensor& x, const Tensor& weight, const Tensor* bias, const ConvParams& p, Tensor& out);
// Its gradient by x, that is the transposed convolution of grad [n, o, …] → [n, c, size]; bias is [c] or null.
void conv_input(const Tensor& grad, const Tensor& weight, const Tensor* bias, const ConvParams& p, Tensor& out);
// Its gradient by weight: x [n, c, …], grad [n, o, …] → [o, c / groups, size].
void conv_weight(const Tensor& x, const Tensor& grad, const ConvParams& p, Tensor& out);

// --- attention.cpp. q [.., queries, depth], k [.., keys, depth], v [.., keys, value_depth] with the same leading axes
// (stride 0 where they were broadcast); mask, of q's dtype or boolean, is null or [.., queries, keys]. lse [..,
// queries] may be null. All results are given, have dense rows and overlap no operand; the gradients may interleave.
void attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask, double scale, bool causal,
               const Tensor& out, const Tensor* lse);
void attention_backward(const Tensor& g, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask,
                        const Tensor& out, const Tensor& lse, double scale, bool causal, const Tensor& dq,
                        const Tensor& dk, const Tensor& dv);

// --- quantized.cpp. x is f32 [m, k], weight int8 [n, k] with one f32 scale or one a row, bias f32 [n] or null; out is
// f32 [m, n]. x is quantised to 8 bits, or to 7 where reduce_range, by its least and greatest element.
void linear_int8(const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias, bool reduce_range,
                 Tensor& out);

// --- indexing.cpp. Index tensors are int64; each value must lie in [0, size), which is checked before anything is
// written: INDEX_OUT_OF_RANGE names op, axis, value and size. Where PyTorch counts negative ones from the end, that is
// the caller's.
void index_select(const Tensor& x, int axis, const Tensor& index, Tensor& out);
void embedding(const Tensor& weight, const Tensor& index, Tensor& out);  // rows of [n, width]; out [..., width]
void index_add(Tensor& target, int axis, const Tensor& index, const Tensor& source);
void gather(const Tensor& x, int axis, const Tensor& index, Tensor& out);
void scatter(Tensor& target, int axis, const Tensor& index, const Tensor& source);
void scatter_add(Tensor& target, int axis, const Tensor& index, const Tensor& source);
void concat(const Tensor* const* inputs, int n, int axis, Tensor& out);
void triangle(const Tensor& x, int64_t diagonal, bool upper, Tensor& out);  // tril, triu of the last two axes
void nonzero(const Tensor& x, Tensor& out);                                 // [count, rank], int64
void flip(const Tensor& x, const Dims& axes, Tensor& out);

// --- sort.cpp
void sort(const Tensor& x, int axis, bool descending, Tensor& values, Tensor& indices);  // stable; NaN is largest
void topk(const Tensor& x, int axis, int64_t k, bool largest, Tensor& values, Tensor& indices);  // values in order

// --- loss.cpp
// Negative log likelihood over x [n, classes] of log-probabilities and target [n] int64; weight [classes] or null.
// losses [n] is 0 where target == ignore_index; weights [n] gets each row's weight (0 where ignored).
void nll_forward(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, Tensor& losses,
                 Tensor& weights);
// dx [n, classes] = -g[i] * weights[i] at target[i], 0 elsewhere; g is [n] (or broadcast to it).
void nll_backward(const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes, int64_t ignore_index,
                  Tensor& out);
// Cross entropy of logits x [n, classes], whose target and weight are as above, each target smoothed by `smoothing`.
// loss is [n], or [] when it is summed, or averaged by the targets' weights; stats [2 n + 1] is what the backward
// reads: two numbers a row and what the sum of the losses was divided by (of bf16 in f32). Backward: g has loss's
// shape.
enum class LossReduction : uint8_t { none, mean, sum };
void cross_entropy(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, double smoothing,
                   LossReduction reduction, Tensor& loss, Tensor& stats);
void cross_entropy_backward(const Tensor& g, const Tensor& x, const Tensor& target, const Tensor* weight,
                            const Tensor& stats, int64_t ignore_index, double smoothing, Tensor& out);

// --- norm.cpp. x's last `axes` axes are normalised; weight and bias have as many elements as those. Where given, mean
// and rstd get each row's statistics (rms has no mean). Results that are given are contiguous and share nothing with x.
enum class RowNorm { layer, rms };
void row_norm(RowNorm kind, const Tensor& x, const Tensor* weight, const Tensor* bias, int axes, double eps,
              Tensor* mean, Tensor* rstd, Tensor& out);
// Writes those of dx, dweight and dbias that are given.
void row_norm_backward(RowNorm kind, const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor* mean,
                       const Tensor& rstd, int axes, Tensor* dx, Tensor* dweight, Tensor* dbias);

// --- channel_norm.cpp. x is [samples, channels, ...]. In training the statistics are x's own, and the running ones,
// where given, move towards them by `momentum`; else they are the running ones.
void batch_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, Tensor* running_mean, Tensor* running_var,
                bool training, double momentum, double eps, Tensor* mean, Tensor* rstd, Tensor& out);
void batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor& mean, const Tensor& rstd,
                         bool training, Tensor* dx, Tensor* dweight, Tensor* dbias);
// mean and rstd have one element for each sample and group.
void group_norm(const Tensor& x, int64_t groups, const Tensor* weight, const Tensor* bias, double eps, Tensor* mean,
                Tensor* rstd, Tensor& out);
void group_norm_backward(const Tensor& g, const Tensor& x, int64_t groups, const Tensor* weight, const Tensor& mean,
                         const Tensor& rstd, Tensor* dx, Tensor* dweight, Tensor* dbias);

// --- pooling.cpp. The last two axes of x are pooled; args.h and args.w have its sizes. indices, where given, is int32
// for float32 and int64 for float64.
void max_pool(const Tensor& x, const PoolArgs& args, Tensor* indices, Tensor& out);
void max_pool_backward(const Tensor& g, const Tensor& indices, const PoolArgs& args, Tensor& dx);
void avg_pool(const Tensor& x, const PoolArgs& args, Tensor& out);
void avg_pool_backward(const Tensor& g, const PoolArgs& args, Tensor& dx);

// --- optim.cpp. All tensors of all parameters, one after the other: sgd takes (param, grad, momentum buffer), adam
// (param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq); buffers that are not used may be null. Nothing is updated unless
// all fit.
void sgd_step(const SgdArgs& args, const std::vector<Tensor*>& tensors);
void adam_step(const AdamArgs& args, const std::vector<Tensor*>& tensors);

}  // namespace flambeau
