// Generators, which are external values that JavaScript owns, and what fills tensors from them.
#include "../drivers/random_fill.h"
#include "bindings.h"

namespace flambeau {

napi_value create_generator(Environment& e) {
  auto* generator = new Generator();
  napi_value value = nullptr;
  const auto release = [](napi_env, void* data, void*) { delete static_cast<Generator*>(data); };
  if (napi_create_external(e.env, generator, release, nullptr, &value) != napi_ok) {
    delete generator;
    throw Error("INTERNAL", "Generator: the engine refused an object");
  }
  if (napi_type_tag_object(e.env, value, &kGeneratorTag) != napi_ok) {
    throw Error("INTERNAL", "Generator: the engine refused a tag");
  }
  return value;
}

void seed_generator(Environment&, Generator& generator, uint64_t seed) { generator.manual_seed(seed); }

void copy_generator(Environment&, const Generator& source, Generator& target) { target = source; }

napi_value seed_of(Environment& e, const Generator& generator) {
  napi_value value = nullptr;
  napi_create_bigint_uint64(e.env, generator.initial_seed(), &value);
  return value;
}

void op_sample(Environment&, Generator& generator, Distribution distribution, Tensor& x, double a, double b) {
  sample(generator, distribution, x, a, b);
}

void op_random_from_to(Environment&, Generator& generator, Tensor& x, int64_t low, int64_t high) {
  if (low >= high) throw Error("BAD_ARGUMENT", "random: the range is empty");
  random_from_to(generator, x, low, high);
}

void op_random_full(Environment&, Generator& generator, Tensor& x) { random_full(generator, x); }

void op_randperm(Environment&, Generator& generator, Tensor& x) { randperm(generator, x); }

void op_bernoulli(Environment&, Generator& generator, Tensor& x, double p, double value) {
  bernoulli(generator, x, p, value);
}

void op_bernoulli_tensor(Environment&, Generator& generator, Tensor& x, const Tensor& p) { bernoulli(generator, x, p); }

Handle op_multinomial(Environment&, Generator& generator, const Tensor& p, int64_t samples, Out out) {
  if (p.rank() != 2 || samples < 1) throw Error("BAD_ARGUMENT", "multinomial: weights must be [rows, categories]");
  out.tensor() = empty(DType::i64, Dims{p.shape[0], samples});
  multinomial(generator, p, out.tensor());
  return out.finish();
}

}  // namespace flambeau
