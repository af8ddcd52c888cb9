// The addon's entry point: it exports the op table, and the functions of exports.h.
#include <napi.h>

#include <array>
#include <tuple>

#include "../ops/table.h"
#include "exports.h"

namespace flambeau {
namespace {

struct Export {
  const char* name;
  napi_callback call;
};

template <auto... Functions>
std::array<Export, sizeof...(Functions)> exports_of(const std::tuple<Op<Functions>...>& functions) {
  return std::apply(
      [](const auto&... each) {
        return std::array<Export, sizeof...(Functions)>{Export{each.name, &callback<Functions>}...};
      },
      functions);
}

constexpr std::tuple kFunctions{
    OP("configure", configure),
    OP("kernelNames", kernel_names_of),
    OP("codeNames", code_names_of),
    OP("isa", isa),
    OP("supportedIsas", supported_isa_names),
    OP("getNumThreads", get_num_threads),
    OP("setNumThreads", set_threads),
    OP("availableThreads", available_threads),
    OP("availableBytes", available_bytes),
    OP("memory", memory),
    OP("resetPeak", reset_peak),
    OP("releaseCache", release_cache),
    OP("lockFile", lock_file),
    OP("from", create_from),
    OP("share", create_shared),
    OP("dispose", dispose),
    OP("read", read),
    OP("readBytes", read_bytes),
    OP("writeBytes", write_bytes),
    OP("shape", shape_of),
    OP("item", item),
    OP("itemBigInt", item_bigint),
    OP("createGenerator", create_generator),
    OP("seedGenerator", seed_generator),
    OP("copyGenerator", copy_generator),
    OP("seedOf", seed_of),
};

// Runs while the environment's references can still be deleted, also when a worker is terminated.
void close_environment(void* data) {
  auto* e = static_cast<Environment*>(data);
  e->registry.clear();
  if (e->scratch_ref) napi_delete_reference(e->env, e->scratch_ref);
  if (e->create_error) napi_delete_reference(e->env, e->create_error);
  delete e;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto* e = new Environment(env);
  napi_add_env_cleanup_hook(env, close_environment, e);
  const auto add = [&](const Export& entry) {
    napi_value fn = nullptr;
    napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.call, e, &fn);
    exports.Set(entry.name, Napi::Function(env, fn));
  };
  for (const Export& entry : exports_of(kFunctions)) add(entry);
  for (const Export& entry : exports_of(kOps)) add(entry);
  return exports;
}

}  // namespace
}  // namespace flambeau

static Napi::Object init(Napi::Env env, Napi::Object exports) { return flambeau::initialize(env, exports); }
NODE_API_MODULE(flambeau, init)
