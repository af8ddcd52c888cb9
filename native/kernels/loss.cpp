// Cross entropy of logits, without a log-softmax in memory: the forward reads each row while it is in cache, the
// backward makes softmax - onehot in one pass.
#include "loss.h"
#include "family.h"
#include "simd/math.h"
#include "simd/reduce.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class V>
FLAMBEAU_INLINE typename V::Elem first_lane(V x) {
  typename V::Elem lanes[V::size];
  x.store(lanes);
  return lanes[0];
}

template <class T>
void cross_entropy(const CrossEntropyArgs* args, const void* logits, void* losses, void* weights, void* stats,
                   size_t rows, size_t classes) {
  using V = Vec<T>;
  const T* x = static_cast<const T*>(logits);
  const T* weight = static_cast<const T*>(args->weight);
  T* loss = static_cast<T*>(losses);
  T* row_weight = static_cast<T*>(weights);
  T* stat = static_cast<T*>(stats);
  const T smoothing = static_cast<T>(args->smoothing), spread = static_cast<T>(args->smoothing / classes);
  for (size_t i = 0; i < rows; ++i, x += classes) {
    const int64_t target = args->target[i];
    if (target == args->ignore_index) {
      loss[i] = row_weight[i] = stat[2 * i] = stat[2 * i + 1] = 0;
      continue;
    }
    const V top = fold<Top, V>(classes, [=](auto at) { return at.load(x); });
    const V log_total = math::log(fold<Add, V>(classes, [=](auto at) { return math::exp_share(at.load(x) - top); }));
    const T highest = stat[2 * i] = first_lane(top), log_sum = stat[2 * i + 1] = first_lane(log_total);
    row_weight[i] = weight ? weight[target] : T(1);
    // As log-softmax subtracts: top + log_total may round where x - top does not.
    loss[i] = -(x[target] - highest - log_sum) * row_weight[i] * (T(1) - smoothing);
    if (smoothing != 0) {
      const V total = fold<Add, V>(classes, [=](auto at) {
        const V l = top - at.load(x) + log_total;
        return weight ? at.load(weight) * l : l;
      });
      loss[i] += spread * first_lane(total);
    }
  }
}

template <class T>
void cross_entropy_backward(const CrossEntropyArgs* args, const void* logits, const void* stats, const void* grads,
                            size_t g_step, void* out, size_t rows, size_t classes) {
  using V = Vec<T>;
  const T* x = static_cast<const T*>(logits);
  const T* weight = static_cast<const T*>(args->weight);
  const T* stat = static_cast<const T*>(stats);
  const T* g = static_cast<const T*>(grads);
  T* dx = static_cast<T*>(out);
  const T smoothing = static_cast<T>(args->smoothing), spread = static_cast<T>(args->smoothing / classes);
  for (size_t i = 0; i < rows; ++i, x += classes, dx += classes) {
    const int64_t target = args->target[i];
    if (target == args->ignore_index) {
      for_each<V>(classes, [=](auto at) { at.store(dx, V(0)); });
      continue;
    }
    const T grad = g[i * g_step];
    const T hit = grad * (weight ? weight[target] : T(1)) * (T(1) - smoothing);
    const V top(stat[2 * i]), log_total(stat[2 * i + 1]), even(grad * spread);
    const V scale(hit + grad * spread * static_cast<T>(args->weight_sum));
    const auto softmax = [=](auto at) { return math::exp_share(at.load(x) - top - log_total) * scale; };
    if (smoothing == 0) {
      for_each<V>(classes, [=](auto at) { at.store(dx, softmax(at)); });
    } else if (weight) {
      for_each<V>(classes, [=](auto at) { at.store(dx, softmax(at) - even * at.load(weight)); });
    } else {
      for_each<V>(classes, [=](auto at) { at.store(dx, softmax(at) - even); });
    }
    dx[target] -= hit;
  }
}

}  // namespace

void fill_loss(LossTable& table) {
  set<float>(table.cross_entropy, cross_entropy<float>);
  set<double>(table.cross_entropy, cross_entropy<double>);
  set<float>(table.cross_entropy_backward, cross_entropy_backward<float>);
  set<double>(table.cross_entropy_backward, cross_entropy_backward<double>);
}

}  // namespace flambeau::FLAMBEAU_ISA
