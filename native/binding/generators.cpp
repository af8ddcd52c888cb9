// Generators, which are external values that JavaScript owns.
#include "../drivers/random_fill.h"
#include "exports.h"

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

void seed_generator(Generator& generator, uint64_t seed) { generator.manual_seed(seed); }

void copy_generator(Generator& source, Generator& target) { target = source; }

napi_value seed_of(Environment& e, Generator& generator) {
  napi_value value = nullptr;
  napi_create_bigint_uint64(e.env, generator.initial_seed(), &value);
  return value;
}

}  // namespace flambeau
