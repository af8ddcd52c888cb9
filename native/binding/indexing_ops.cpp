#include <vector>

#include "../drivers/drivers.h"
#include "bindings.h"

namespace flambeau {
namespace {

// Two results: the first handle is returned, the second left in scratch.
Handle finish_both(Environment& e, Out& first, Out& second) {
  const Handle handle = first.finish();
  e.scratch[0] = second.finish();
  return handle;
}

}  // namespace

Handle op_index_select(Environment&, const Tensor& x, int axis, const Tensor& index, Out out) {
  index_select(x, axis, index, out.tensor());
  return out.finish();
}

Handle op_embedding(Environment&, const Tensor& weight, const Tensor& index, Out out) {
  embedding(weight, index, out.tensor());
  return out.finish();
}

void op_index_add(Environment&, Tensor& target, int axis, const Tensor& index, const Tensor& source) {
  index_add(target, axis, index, source);
}

Handle op_gather(Environment&, const Tensor& x, int axis, const Tensor& index, Out out) {
  gather(x, axis, index, out.tensor());
  return out.finish();
}

void op_scatter(Environment&, Tensor& target, int axis, const Tensor& index, const Tensor& source) {
  scatter(target, axis, index, source);
}

void op_scatter_add(Environment&, Tensor& target, int axis, const Tensor& index, const Tensor& source) {
  scatter_add(target, axis, index, source);
}

Handle op_concat(Environment& e, View handles, int axis, Out out) {
  if (handles.type != napi_float64_array || handles.length == 0) throw Error("BAD_ARGUMENT", "cat: no tensors");
  const double* list = static_cast<const double*>(handles.data);
  std::vector<const Tensor*> inputs;
  for (size_t i = 0; i < handles.length; ++i) inputs.push_back(&e.registry.at(list[i]));
  concat(inputs.data(), static_cast<int>(inputs.size()), axis, out.tensor());
  return out.finish();
}

Handle op_triangle(Environment&, const Tensor& x, int64_t diagonal, bool upper, Out out) {
  triangle(x, diagonal, upper, out.tensor());
  return out.finish();
}

Handle op_sort(Environment& e, const Tensor& x, int axis, bool descending, Out values, Out indices) {
  sort(x, axis, descending, values.tensor(), indices.tensor());
  return finish_both(e, values, indices);
}

Handle op_topk(Environment& e, const Tensor& x, int axis, int64_t k, bool largest, Out values, Out indices) {
  topk(x, axis, k, largest, values.tensor(), indices.tensor());
  return finish_both(e, values, indices);
}

Handle op_nonzero(Environment& e, const Tensor& x, Out out) {
  nonzero(x, out.tensor());
  e.scratch[0] = static_cast<double>(out.tensor().shape[0]);
  return out.finish();
}

Handle op_flip(Environment& e, const Tensor& x, int axes, Out out) {
  flip(x, e.dims(axes), out.tensor());
  return out.finish();
}

Handle op_nll(Environment& e, const Tensor& x, const Tensor& target, const Tensor* weight, int64_t ignore_index,
              Out losses, Out weights) {
  nll_forward(x, target, weight, ignore_index, losses.tensor(), weights.tensor());
  return finish_both(e, losses, weights);
}

Handle op_nll_backward(Environment&, const Tensor& g, const Tensor& target, const Tensor& weights, int64_t classes,
                       int64_t ignore_index, Out out) {
  nll_backward(g, target, weights, classes, ignore_index, out.tensor());
  return out.finish();
}

Handle op_cross_entropy(Environment& e, const Tensor& x, const Tensor& target, const Tensor* weight,
                        int64_t ignore_index, double smoothing, LossReduction reduction, Out loss, Out stats) {
  cross_entropy(x, target, weight, ignore_index, smoothing, reduction, loss.tensor(), stats.tensor());
  return finish_both(e, loss, stats);
}

Handle op_cross_entropy_backward(Environment&, const Tensor& g, const Tensor& x, const Tensor& target,
                                 const Tensor* weight, const Tensor& stats, int64_t ignore_index, double smoothing,
                                 Out out) {
  cross_entropy_backward(g, x, target, weight, stats, ignore_index, smoothing, out.tensor());
  return out.finish();
}

}  // namespace flambeau
