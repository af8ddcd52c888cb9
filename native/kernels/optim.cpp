// Optimizer steps: torch/optim's single-tensor formulas, operation by operation, in one pass over memory.
#include "optim.h"
#include "family.h"
#include "simd/run.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

template <class T>
void sgd(const SgdArgs* args, void* param, const void* grad, void* momentum_buffer, size_t n) {
  using V = Vec<T>;
  T* w = static_cast<T*>(param);
  const T* g = static_cast<const T*>(grad);
  T* buffer = static_cast<T*>(momentum_buffer);
  const auto scalar = [](double x) { return V(static_cast<T>(x)); };
  const V minus_lr = scalar(-args->lr), momentum = scalar(args->momentum), decay = scalar(args->weight_decay);
  const V undamped = scalar(1 - args->dampening);
  const bool has_decay = args->weight_decay != 0, has_momentum = args->momentum != 0, nesterov = args->nesterov;
  const bool maximize = args->maximize, first = args->first_step;
  for_each<V>(n, [=](auto at) {
    const V before = at.load(w);
    V d = at.load(g);
    if (maximize) d = -d;
    if (has_decay) d = fma(decay, before, d);
    if (has_momentum) {
      const V m = first ? d : fma(undamped, d, at.load(buffer) * momentum);
      at.store(buffer, m);
      d = nesterov ? fma(momentum, m, d) : m;
    }
    at.store(w, fma(minus_lr, d, before));
  });
}

template <class T>
void adam(const AdamArgs* args, void* param, const void* grad, void* exp_avg, void* exp_avg_sq, void* max_exp_avg_sq,
          size_t n) {
  using V = Vec<T>;
  T* w = static_cast<T*>(param);
  const T* g = static_cast<const T*>(grad);
  T* first = static_cast<T*>(exp_avg);
  T* second = static_cast<T*>(exp_avg_sq);
  T* largest = static_cast<T*>(max_exp_avg_sq);
  const auto scalar = [](double x) { return V(static_cast<T>(x)); };
  const V decay = scalar(args->weight_decay), shrink = scalar(1 - args->lr * args->weight_decay);
  const V beta1 = scalar(args->beta1), rest1 = scalar(1 - args->beta1);
  const V beta2 = scalar(args->beta2), rest2 = scalar(1 - args->beta2);
  const V correction2_scale = scalar(1 / ::sqrt(args->bias_correction2)), eps = scalar(args->eps);
  const V minus_step = scalar(-(args->lr / args->bias_correction1));
  const bool has_decay = args->weight_decay != 0, decoupled = args->decoupled;
  const bool amsgrad = args->amsgrad, maximize = args->maximize;
  const bool from_start = 1 - args->beta1 < 0.5;  // lerp starts from the nearer end
  for_each<V>(n, [=](auto at) {
    V x = at.load(w);
    V d = at.load(g);
    if (maximize) d = -d;
    if (has_decay && decoupled) x = x * shrink;
    if (has_decay && !decoupled) d = fma(decay, x, d);
    V m = at.load(first);
    m = from_start ? fma(rest1, d - m, m) : d - (d - m) * beta1;
    at.store(first, m);
    const V v = fma(rest2 * d, d, at.load(second) * beta2);
    at.store(second, v);
    V scale = v;
    if (amsgrad) {
      scale = maximum(at.load(largest), v);
      at.store(largest, scale);
    }
    const V denominator = fma(sqrt(scale), correction2_scale, eps);
    at.store(w, x + minus_step * m / denominator);
  });
}

}  // namespace

void fill_optim(OptimTable& table) {
  set<float>(table.sgd, sgd<float>);
  set<double>(table.sgd, sgd<double>);
  set<float>(table.adam, adam<float>);
  set<double>(table.adam, adam<double>);
}

}  // namespace flambeau::FLAMBEAU_ISA
