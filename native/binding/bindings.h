// The functions that lib/native/addon.ts sees, in groups; addon.cpp lists them by name.
#pragma once

#include "../drivers/random_fill.h"
#include "bind.h"

namespace flambeau {

// --- system.cpp
// createError(code, message) → Error; collect(major) or null; scratch: Float64Array of kScratchLength.
void configure(Environment& e, napi_value create_error, napi_value collect, View scratch, napi_value scratch_array);
napi_value kernel_names_of(Environment& e, napi_value family);
napi_value isa(Environment& e);
napi_value supported_isa_names(Environment& e);
double get_num_threads(Environment& e);
void set_threads(Environment& e, int n);
double available_threads(Environment& e);
double available_bytes(Environment& e);
// counters is a Float64Array(6): live bytes, tensors, process bytes, storages, cached, peak.
void memory(Environment& e, View counters);
void reset_peak(Environment& e);
void release_cache(Environment& e);

// --- tensors.cpp. Shapes and strides come from scratch.
Handle create_empty(Environment& e, DType dtype, int rank, Out out);
Handle create_full(Environment& e, DType dtype, int rank, double value, Out out);
Handle create_from(Environment& e, DType dtype, int rank, View data, Out out);    // copies
Handle create_shared(Environment& e, DType dtype, int rank, View data, Out out);  // keeps the ArrayBuffer
Handle create_arange(Environment& e, DType dtype, double start, double step, double n, Out out);
Handle view(Environment& e, const Tensor& x, int rank, int64_t offset, Out out);
void dispose(Environment& e, double handle);
void read(Environment& e, const Tensor& x, View target);  // row-major, same dtype
double item(Environment& e, const Tensor& x);             // one element, as a number
napi_value item_bigint(Environment& e, const Tensor& x);  // one int64 element

// --- ops.cpp
Handle op_unary(Environment& e, UnaryKernel kernel, const Tensor& x, double p0, double p1, Out out);
Handle op_predicate(Environment& e, PredicateKernel kernel, const Tensor& x, Out out);
Handle op_binary(Environment& e, BinaryKernel kernel, const Tensor& a, const Tensor& b, double p0, double p1, Out out);
Handle op_binary_scalar(Environment& e, BinaryKernel kernel, const Tensor& x, double scalar, bool reversed, double p0,
                        Out out);
Handle op_compare(Environment& e, CompareKernel kernel, const Tensor& a, const Tensor& b, Out out);
Handle op_compare_scalar(Environment& e, CompareKernel kernel, const Tensor& x, double scalar, Out out);
Handle op_where(Environment& e, const Tensor& cond, const Tensor& a, const Tensor& b, Out out);
Handle op_cast(Environment& e, const Tensor& x, DType dtype, Out out);
void op_copy(Environment& e, const Tensor& source, Tensor& target);
void op_fill(Environment& e, Tensor& target, double value);
Handle op_reduce(Environment& e, ReduceKernel kernel, const Tensor& x, int axes, bool keepdim, Out out);
Handle op_arg_reduce(Environment& e, ArgReduceKernel kernel, const Tensor& x, int axis, bool keepdim, Out out);
Handle op_scan(Environment& e, ScanKernel kernel, const Tensor& x, int axis, Out out);
Handle op_softmax(Environment& e, SoftmaxKernel kernel, const Tensor& x, int axis, Out out);
Handle op_softmax_backward(Environment& e, SoftmaxBackwardKernel kernel, const Tensor& g, const Tensor& y, int axis,
                           Out out);
// x [m, in] times weight [out, in] transposed, without a JavaScript view of the weight.
Handle op_linear(Environment& e, const Tensor& x, const Tensor& weight, const Tensor* bias, Activation activation,
                 Out out);
Handle op_linear_int8(Environment& e, const Tensor& x, const Tensor& weight, const Tensor& scales, const Tensor* bias,
                      bool reduce_range, Out out);
Handle op_matmul(Environment& e, const Tensor& a, const Tensor& b, const Tensor* bias, Activation activation, Out out);

// --- conv_ops.cpp. scratch holds stride y x, padding y x, dilation y x, groups, size y x.
Handle op_conv(Environment& e, const Tensor& x, const Tensor& weight, const Tensor* bias, Out out);
Handle op_conv_input(Environment& e, const Tensor& grad, const Tensor& weight, const Tensor* bias, Out out);
Handle op_conv_weight(Environment& e, const Tensor& x, const Tensor& grad, Out out);

// --- attention_ops.cpp
// handles: q, k, v, mask (0 where none), out, lse (0 where none); the last two are written into.
void op_attention(Environment& e, View handles, double scale, bool causal);
// handles: g, q, k, v, mask (0 where none), out, lse, and dq, dk, dv to write into.
void op_attention_backward(Environment& e, View handles, double scale, bool causal);

// --- recurrent_ops.cpp. The tensors of a Recurrence (native/drivers/recurrent.h), in its order; for backward, those of
// RecurrenceGradients too. 0 where there is none.
void op_recurrent(Environment& e, View handles, int cell, bool reverse);
void op_recurrent_backward(Environment& e, View handles, int cell, bool reverse);

// --- indexing_ops.cpp
Handle op_index_select(Environment& e, const Tensor& x, int axis, const Tensor& index, Out out);
Handle op_embedding(Environment& e, const Tensor& weight, const Tensor& index, Out out);
void op_index_add(Environment& e, Tensor& target, int axis, const Tensor& index, const Tensor& source);
Handle op_gather(Environment& e, const Tensor& x, int axis, const Tensor& index, Out out);
void op_scatter(Environment& e, Tensor& target, int axis, const Tensor& index, const Tensor& source);
void op_scatter_add(Environment& e, Tensor& target, int axis, const Tensor& index, const Tensor& source);
Handle op_concat(Environment& e, View handles, int axis, Out out);
Handle op_triangle(Environment& e, const Tensor& x, int64_t diagonal, bool upper, Out out);
// The second result's handle is returned through scratch[0].
Handle op_sort(Environment& e, const Tensor& x, int axis, bool descending, Out values, Out indices);
Handle op_topk(Environment& e, const Tensor& x, int axis, int64_t k, bool largest, Out values, Out indices);
Handle op_nonzero(Environment& e, const Tensor& x, Out out);  // the number of rows is left in scratch[0]
Handle op_flip(Environment& e, const Tensor& x, int axes, Out out);
Handle op_nll(Environment& e, const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index,
              Out losses, Out weights);  // weights' handle through scratch[0]
Handle op_nll_backward(Environment& e, const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes,
                       int64_t ignore_index, Out out);
Handle op_cross_entropy(Environment& e, const Tensor& x, const Tensor& target, const Tensor* weight,
                        int64_t ignore_index, double smoothing, LossReduction reduction, Out loss, Out stats);
Handle op_cross_entropy_backward(Environment& e, const Tensor& g, const Tensor& x, const Tensor& target,
                                 const Tensor* weight, const Tensor& stats, int64_t ignore_index, double smoothing,
                                 Out out);

// --- norm_ops.cpp. Statistics and gradients are written into given tensors; 0 for none.
Handle op_row_norm(Environment& e, bool rms, const Tensor& x, const Tensor* weight, const Tensor* bias, int axes,
                   double eps, Tensor* mean, Tensor* rstd, Out out);
void op_row_norm_backward(Environment& e, bool rms, const Tensor& g, const Tensor& x, const Tensor* weight,
                          const Tensor* mean, const Tensor& rstd, int axes, Tensor* dx, Tensor* dweight, Tensor* dbias);
Handle op_batch_norm(Environment& e, const Tensor& x, const Tensor* weight, const Tensor* bias, Tensor* running_mean,
                     Tensor* running_var, bool training, double momentum, double eps, Tensor* mean, Tensor* rstd,
                     Out out);
void op_batch_norm_backward(Environment& e, const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor& mean,
                            const Tensor& rstd, bool training, Tensor* dx, Tensor* dweight, Tensor* dbias);
Handle op_group_norm(Environment& e, const Tensor& x, int64_t groups, const Tensor* weight, const Tensor* bias,
                     double eps, Tensor* mean, Tensor* rstd, Out out);
void op_group_norm_backward(Environment& e, const Tensor& g, const Tensor& x, int64_t groups, const Tensor* weight,
                            const Tensor& mean, const Tensor& rstd, Tensor* dx, Tensor* dweight, Tensor* dbias);
// The windows come from scratch: size, out, kernel, stride, padding, dilation of the height, then of the width.
Handle op_max_pool(Environment& e, const Tensor& x, Tensor* indices, Out out);
Handle op_max_pool_backward(Environment& e, const Tensor& g, const Tensor& indices, Out out);
Handle op_avg_pool(Environment& e, const Tensor& x, bool count_include_pad, double divisor, Out out);
Handle op_avg_pool_backward(Environment& e, const Tensor& g, bool count_include_pad, double divisor, Out out);

// --- random_ops.cpp
napi_value create_generator(Environment& e);
void seed_generator(Environment& e, Generator& generator, uint64_t seed);
void copy_generator(Environment& e, const Generator& source, Generator& target);
napi_value seed_of(Environment& e, const Generator& generator);
void op_sample(Environment& e, Generator& generator, Distribution distribution, Tensor& x, double a, double b);
void op_random_from_to(Environment& e, Generator& generator, Tensor& x, int64_t low, int64_t high);
void op_random_full(Environment& e, Generator& generator, Tensor& x);
void op_randperm(Environment& e, Generator& generator, Tensor& x);
void op_bernoulli(Environment& e, Generator& generator, Tensor& x, double p, double value);
void op_bernoulli_tensor(Environment& e, Generator& generator, Tensor& x, const Tensor& p);
Handle op_multinomial(Environment& e, Generator& generator, const Tensor& p, int64_t samples, Out out);

// --- optim_ops.cpp. handles lists, per parameter, [param, grad, momentum] (0 where none) or
// [param, grad, exp_avg, exp_avg_sq, max_exp_avg_sq]; hyper is a Float64Array, whose fields optim_ops.cpp names.
void op_sgd(Environment& e, View handles, View hyper);
void op_adam(Environment& e, View handles, View hyper);

}  // namespace flambeau
