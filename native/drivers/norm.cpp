// Layer and RMS norm: rows of the last axes.
#include "norm.h"

#include <algorithm>

#include "../kernels/norm.h"
#include "../kernels/reduce.h"
#include "../tensor/copy.h"
#include "../tensor/integers.h"
#include "../tensor/map.h"
#include "../tensor/output.h"
#include "norm_checks.h"

namespace flambeau {
namespace {

const char* name_of(RowNorm kind) { return kind == RowNorm::layer ? "layerNorm" : "rmsNorm"; }

struct Rows {
  int64_t count, n;
};

Rows rows_of(const char* op, const Tensor& x, int axes) {
  if (axes < 1 || axes > x.rank()) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": an input of at least " + std::to_string(axes) +
                                      " axes was expected, got " + to_string(x.shape));
  }
  Rows rows{1, 1};
  for (int i = 0; i < x.rank(); ++i) (i < x.rank() - axes ? rows.count : rows.n) *= x.shape[i];
  return rows;
}

}  // namespace

Tensor check_operand(const char* op, const char* what, const Tensor& x, const Tensor& operand, int64_t n) {
  check_same_dtype(op, x, operand);
  if (operand.numel != n) {
    throw Error("SHAPE_MISMATCH", std::string(op) + ": " + what + " of " + std::to_string(n) +
                                      " elements was expected, got " + to_string(operand.shape));
  }
  return contiguous(operand);
}

void check_result(const char* op, const Tensor& x, const Tensor& result, int64_t n) {
  check_same_dtype(op, x, result);
  if (result.numel != n || !result.is_contiguous() || shares_memory(x, result)) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": a contiguous result of " + std::to_string(n) +
                                    " elements was expected, got " + to_string(result.shape));
  }
}

void fill_if(Tensor* t, double value) {
  if (t) fill(*t, value);
}

void row_norm(RowNorm kind, const Tensor& x, const Tensor* weight, const Tensor* bias, int axes, double eps,
              OptionalTarget mean, OptionalTarget rstd, Out out) {
  const char* const op = name_of(kind);
  const bool centred = kind == RowNorm::layer;
  const RowNormFn fn =
      (centred ? kernels<NormTable>().layer_norm : kernels<NormTable>().rms_norm)[static_cast<int>(x.dtype)];
  if (!fn) throw_no_kernel(op, x.dtype);
  const Rows rows = rows_of(op, x, axes);
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, rows.n) : Tensor();
  const Tensor b = bias ? check_operand(op, "a bias", x, *bias, rows.n) : Tensor();
  if (mean) check_result(op, x, *mean, rows.count);
  if (rstd) check_result(op, x, *rstd, rows.count);
  make_or_check(op, out, x.dtype, x.shape);
  if (x.numel == 0) {
    fill_if(mean, 0);
    fill_if(rstd, 0);
    return;
  }
  const Tensor from = contiguous(x);
  Output y = Output::contiguous(out, {&from, weight ? &w : &from, bias ? &b : &from});
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  const auto at = [](const Tensor& t, int64_t bytes) { return t.storage ? t.data() + bytes : nullptr; };
  parallel_for(rows.count, std::max<int64_t>(1, kNormGrain / rows.n), [&](int64_t begin, int64_t end) {
    fn(from.data() + begin * rows.n * item, at(w, 0), at(b, 0), y->data() + begin * rows.n * item,
       mean ? mean->data() + begin * item : nullptr, rstd ? rstd->data() + begin * item : nullptr,
       static_cast<size_t>(end - begin), static_cast<size_t>(rows.n), eps);
  });
  y.commit();
}

void row_norm_backward(RowNorm kind, const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor* mean,
                       const Tensor& rstd, int axes, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias) {
  const char* const op = kind == RowNorm::layer ? "layerNormBackward" : "rmsNormBackward";
  const bool centred = kind == RowNorm::layer;
  const RowNormBackwardFn fn = (centred ? kernels<NormTable>().layer_norm_backward
                                        : kernels<NormTable>().rms_norm_backward)[static_cast<int>(x.dtype)];
  if (!fn) throw_no_kernel(op, x.dtype);
  const Rows rows = rows_of(op, x, axes);
  check_same_dtype(op, g, x);
  const Tensor grad = contiguous(g.shape == x.shape ? g : broadcast_to(g, x.shape)), from = contiguous(x);
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, rows.n) : Tensor();
  if (centred && !mean) throw Error("BAD_ARGUMENT", std::string(op) + ": the means were expected, got none");
  const Tensor centre = centred ? check_operand(op, "a mean", x, *mean, rows.count) : Tensor();
  const Tensor scale = check_operand(op, "an rstd", x, rstd, rows.count);
  if (dx) check_result(op, x, *dx, x.numel);
  if (dweight) check_result(op, x, *dweight, rows.n);
  if (dbias) check_result(op, x, *dbias, rows.n);
  if (x.numel == 0 || (!dx && !dweight && !dbias)) {
    fill_if(dweight, 0);
    fill_if(dbias, 0);
    return;
  }
  // The sums over rows are taken in blocks of a size that the shape alone decides, then over the blocks.
  const bool sums = dweight || dbias;
  const int64_t block = std::clamp<int64_t>((rows.count + 31) / 32, 16, 512);
  const int64_t blocks = ceil_div(rows.count, block);
  const Tensor parts = sums ? empty(x.dtype, {2, blocks, rows.n}) : Tensor();
  const int64_t item = static_cast<int64_t>(item_size(x.dtype)), row = rows.n * item;
  parallel_for(blocks, std::max<int64_t>(1, kNormGrain / (block * rows.n)), [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const int64_t first = k * block;
      char* const weights = sums ? parts.data() + k * row : nullptr;
      char* const biases = sums ? parts.data() + (blocks + k) * row : nullptr;
      if (sums) std::memset(weights, 0, static_cast<size_t>(row));
      if (sums) std::memset(biases, 0, static_cast<size_t>(row));
      fn(grad.data() + first * row, from.data() + first * row, w.storage ? w.data() : nullptr,
         centred ? centre.data() + first * item : nullptr, scale.data() + first * item,
         dx ? dx->data() + first * row : nullptr, weights, biases,
         static_cast<size_t>(std::min(block, rows.count - first)), static_cast<size_t>(rows.n),
         static_cast<size_t>((end - begin) * block * row));
    }
  });
  if (!sums) return;
  const ReduceFn sum = kernels<ReduceTable>().reduce[static_cast<int>(ReduceKernel::sum)][static_cast<int>(x.dtype)];
  const size_t count = static_cast<size_t>(blocks), n = static_cast<size_t>(rows.n);
  if (dweight) sum(parts.data(), dweight->data(), 1, count, n);
  if (dbias) sum(parts.data() + blocks * row, dbias->data(), 1, count, n);
}

}  // namespace flambeau
