#include "loss.h"

#include <algorithm>

#include "../kernels/loss.h"
#include "../parallel/thread_pool.h"
#include "../tensor/copy.h"
#include "../tensor/element.h"
#include "../tensor/output.h"
#include "reduce.h"

namespace flambeau {
namespace {

void check_target(const Tensor& target, int64_t n, int64_t classes, int64_t ignore_index) {
  check_dtype("nllLoss", target, DType::i64);
  if (target.rank() != 1 || target.shape[0] != n) {
    throw Error("SHAPE_MISMATCH",
                "nllLoss: targets of shape [" + std::to_string(n) + "] were expected, got " + to_string(target.shape));
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t t = target.as<int64_t>()[i * target.strides[0]];
    if (t == ignore_index || (t >= 0 && t < classes)) continue;
    throw Error("INDEX_OUT_OF_RANGE", "nllLoss: target " + std::to_string(t) + " is out of range for " +
                                          std::to_string(classes) + " classes");
  }
}

void check_weight(const Tensor& x, const Tensor& weight) {
  check_same_dtype("nllLoss", x, weight);
  if (weight.rank() == 1 && weight.shape[0] == x.shape[1]) return;
  throw Error("SHAPE_MISMATCH", "nllLoss: weights of shape [" + std::to_string(x.shape[1]) + "] were expected, got " +
                                    to_string(weight.shape));
}

void check_matrix(const Tensor& x) {
  if (x.rank() == 2) return;
  throw Error("SHAPE_MISMATCH", "nllLoss: an input of shape [n,classes] was expected, got " + to_string(x.shape));
}

void check_floats(const Tensor& x) {
  if (!is_floating(x.dtype)) throw_no_kernel("nllLoss", x.dtype);
}

template <class F>
void with_floats(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  if (dtype == DType::bf16) return f(BFloat16(0.0f));
  f(double{});
}

}  // namespace

void nll(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, Out losses, Out weights) {
  check_floats(x);
  check_matrix(x);
  const int64_t n = x.shape[0], classes = x.shape[1];
  check_target(target, n, classes, ignore_index);
  if (weight) check_weight(x, *weight);
  make_or_check("nllLoss", losses, x.dtype, {n});
  make_or_check("nllLoss", weights, x.dtype, {n});
  Output l = Output::contiguous(losses, {&x, &target, weight ? weight : &x});
  Output w = Output::contiguous(weights, {&x, &target, weight ? weight : &x, &*losses});
  const int64_t* const at = target.as<int64_t>();
  with_floats(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* const from = x.as<T>();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t t = at[i * target.strides[0]];
      const bool ignored = t == ignore_index;
      const T scale = ignored ? T(0) : weight ? weight->as<T>()[t * weight->strides[0]] : T(1);
      l->as<T>()[i] = ignored ? T(0) : T(-scale * from[i * x.strides[0] + t * x.strides[1]]);
      w->as<T>()[i] = scale;
    }
  });
  l.commit();
  w.commit();
}

void nll_backward(const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes, int64_t ignore_index,
                  Out out) {
  check_floats(g);
  check_same_dtype("nllLoss", g, weights);
  const int64_t n = weights.numel;
  check_target(target, n, classes, ignore_index);
  const Tensor wide_g = broadcast_to(g, {n}), wide_weights = broadcast_to(weights, {n});
  make_or_check("nllLoss", out, g.dtype, {n, classes});
  Output dx = Output::contiguous(out, {&wide_g, &target, &wide_weights});
  fill(*dx, 0);
  const int64_t* const at = target.as<int64_t>();
  with_floats(g.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t t = at[i * target.strides[0]];
      if (t == ignore_index) continue;
      dx->as<T>()[i * classes + t] =
          T(-wide_g.as<T>()[i * wide_g.strides[0]] * wide_weights.as<T>()[i * wide_weights.strides[0]]);
    }
  });
  dx.commit();
}

namespace {

// The operands of both directions of the cross entropy, checked, as the kernels want them.
struct CrossEntropy {
  Tensor x, target, weight;
  CrossEntropyArgs args;
  int64_t rows, classes;

  CrossEntropy(const Tensor& logits, const Tensor& targets, const Tensor* weights, int64_t ignore_index,
               double smoothing) {
    check_floats(logits);
    check_matrix(logits);
    rows = logits.shape[0];
    classes = logits.shape[1];
    check_target(targets, rows, classes, ignore_index);
    x = contiguous(logits);
    target = contiguous(targets);
    args = {target.as<int64_t>(), ignore_index, nullptr, smoothing, static_cast<double>(classes)};
    if (!weights) return;
    check_weight(logits, *weights);
    weight = contiguous(*weights);
    args.weight = weight.data();
    Tensor sum;
    reduce(ReduceKernel::sum, weight, Dims{0}, false, sum);
    args.weight_sum = sum.dtype == DType::f32 ? *sum.as<float>() : *sum.as<double>();
  }

  // call(first row, rows), on several threads.
  template <class Call>
  void each_rows(Call&& call) const {
    const int64_t grain = std::max<int64_t>(1, 4 * 1024 / std::max<int64_t>(1, classes));
    parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
      call(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    });
  }
  CrossEntropyArgs args_from(size_t row) const {
    CrossEntropyArgs part = args;
    part.target += row;
    return part;
  }
};

}  // namespace

void cross_entropy(const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index, double smoothing,
                   LossReduction reduction, Out loss, Out stats) {
  if (x.dtype == DType::bf16) {
    if (weight) check_same_dtype("nllLoss", x, *weight);
    const Tensor wide_weight = weight ? widened(*weight) : Tensor();
    return compute_wide("nllLoss", loss, [&](Tensor& wide) {
      cross_entropy(widened(x), target, weight ? &wide_weight : nullptr, ignore_index, smoothing, reduction, wide,
                    stats);
    });
  }
  const CrossEntropy c(x, target, weight, ignore_index, smoothing);
  const CrossEntropyFn fn = kernels<LossTable>().cross_entropy[static_cast<int>(x.dtype)];
  const Dims rows_shape{c.rows};
  make_or_check("crossEntropy", loss, x.dtype, reduction == LossReduction::none ? rows_shape : Dims{});
  make_or_check("crossEntropy", stats, x.dtype, {2 * c.rows + 1});
  Output total_loss = Output::contiguous(loss, {&x, &target, weight ? weight : &x});
  Output kept = Output::contiguous(stats, {&x, &target, weight ? weight : &x, &*loss});
  Tensor losses = reduction == LossReduction::none ? *total_loss : empty(x.dtype, rows_shape);
  const Tensor weights = empty(x.dtype, rows_shape);
  const size_t item = item_size(x.dtype), classes = static_cast<size_t>(c.classes);
  c.each_rows([&](size_t first, size_t rows) {
    const CrossEntropyArgs args = c.args_from(first);
    fn(&args, c.x.data() + first * classes * item, losses.data() + first * item, weights.data() + first * item,
       kept->data() + 2 * first * item, rows, classes);
  });
  if (reduction != LossReduction::none) reduce(ReduceKernel::sum, losses, Dims{0}, false, *total_loss);
  Tensor total;
  if (reduction == LossReduction::mean) reduce(ReduceKernel::sum, weights, Dims{0}, false, total);
  with_floats(x.dtype, [&](auto one) {
    using T = decltype(one);
    const T divisor = total.storage ? *total.as<T>() : T(1);
    kept->as<T>()[2 * c.rows] = divisor;
    if (total.storage) *total_loss->as<T>() = T(*total_loss->as<T>() / divisor);
  });
  total_loss.commit();
  kept.commit();
}

void cross_entropy_backward(const Tensor& g, const Tensor& x, const Tensor& target, const Tensor* weight,
                            const Tensor& stats, int64_t ignore_index, double smoothing, Out out) {
  if (x.dtype == DType::bf16) {
    check_same_dtype("nllLoss", g, x);
    if (weight) check_same_dtype("nllLoss", x, *weight);
    const Tensor wide_weight = weight ? widened(*weight) : Tensor();
    return compute_wide("nllLoss", out, [&](Tensor& wide) {
      cross_entropy_backward(widened(g), widened(x), target, weight ? &wide_weight : nullptr, stats, ignore_index,
                             smoothing, wide);
    });
  }
  const CrossEntropy c(x, target, weight, ignore_index, smoothing);
  const CrossEntropyBackwardFn fn = kernels<LossTable>().cross_entropy_backward[static_cast<int>(x.dtype)];
  check_same_dtype("nllLoss", g, x);
  check_same_dtype("nllLoss", stats, x);
  const bool by_row = g.rank() == 1;
  if (g.rank() > 1 || (by_row && g.shape[0] != c.rows) || !stats.is_contiguous() || stats.numel != 2 * c.rows + 1) {
    throw Error("SHAPE_MISMATCH", "nllLoss: a gradient of the loss's shape was expected, got " + to_string(g.shape));
  }
  Tensor grad = contiguous(g);
  if (!by_row) {
    grad = empty(g.dtype, {});
    with_floats(g.dtype, [&](auto zero) {
      using T = decltype(zero);
      *grad.as<T>() = T(*g.as<T>() / stats.as<T>()[2 * c.rows]);
    });
  }
  make_or_check("nllLoss", out, x.dtype, x.shape);
  Output dx = Output::contiguous(out, {&c.x, &grad, &stats});
  const size_t item = item_size(x.dtype), classes = static_cast<size_t>(c.classes), step = by_row;
  c.each_rows([&](size_t first, size_t rows) {
    const CrossEntropyArgs args = c.args_from(first);
    fn(&args, c.x.data() + first * classes * item, stats.data() + 2 * first * item, grad.data() + step * first * item,
       step, dx->data() + first * classes * item, rows, classes);
  });
  dx.commit();
}

}  // namespace flambeau
