// The addon's entry point and the table of everything it exports.
#include <napi.h>

#include "bindings.h"

namespace flambeau {
namespace {

struct Export {
  const char* name;
  napi_callback call;
};

#define FLAMBEAU_EXPORT(name, fn) {name, Binding<decltype(&fn)>::template call<&fn>}

const Export kExports[] = {
    FLAMBEAU_EXPORT("configure", configure),
    FLAMBEAU_EXPORT("kernelNames", kernel_names_of),
    FLAMBEAU_EXPORT("isa", isa),
    FLAMBEAU_EXPORT("supportedIsas", supported_isa_names),
    FLAMBEAU_EXPORT("getNumThreads", get_num_threads),
    FLAMBEAU_EXPORT("setNumThreads", set_threads),
    FLAMBEAU_EXPORT("availableThreads", available_threads),
    FLAMBEAU_EXPORT("availableBytes", available_bytes),
    FLAMBEAU_EXPORT("memory", memory),
    FLAMBEAU_EXPORT("resetPeak", reset_peak),
    FLAMBEAU_EXPORT("releaseCache", release_cache),
    FLAMBEAU_EXPORT("empty", create_empty),
    FLAMBEAU_EXPORT("full", create_full),
    FLAMBEAU_EXPORT("from", create_from),
    FLAMBEAU_EXPORT("share", create_shared),
    FLAMBEAU_EXPORT("arange", create_arange),
    FLAMBEAU_EXPORT("view", view),
    FLAMBEAU_EXPORT("dispose", dispose),
    FLAMBEAU_EXPORT("read", read),
    FLAMBEAU_EXPORT("item", item),
    FLAMBEAU_EXPORT("itemBigInt", item_bigint),
    FLAMBEAU_EXPORT("unary", op_unary),
    FLAMBEAU_EXPORT("predicate", op_predicate),
    FLAMBEAU_EXPORT("binary", op_binary),
    FLAMBEAU_EXPORT("binaryScalar", op_binary_scalar),
    FLAMBEAU_EXPORT("compare", op_compare),
    FLAMBEAU_EXPORT("compareScalar", op_compare_scalar),
    FLAMBEAU_EXPORT("where", op_where),
    FLAMBEAU_EXPORT("cast", op_cast),
    FLAMBEAU_EXPORT("copy", op_copy),
    FLAMBEAU_EXPORT("fill", op_fill),
    FLAMBEAU_EXPORT("reduce", op_reduce),
    FLAMBEAU_EXPORT("argReduce", op_arg_reduce),
    FLAMBEAU_EXPORT("scan", op_scan),
    FLAMBEAU_EXPORT("softmax", op_softmax),
    FLAMBEAU_EXPORT("softmaxBackward", op_softmax_backward),
    FLAMBEAU_EXPORT("matmul", op_matmul),
    FLAMBEAU_EXPORT("linear", op_linear),
    FLAMBEAU_EXPORT("linearInt8", op_linear_int8),
    FLAMBEAU_EXPORT("conv", op_conv),
    FLAMBEAU_EXPORT("convInput", op_conv_input),
    FLAMBEAU_EXPORT("convWeight", op_conv_weight),
    FLAMBEAU_EXPORT("attention", op_attention),
    FLAMBEAU_EXPORT("attentionBackward", op_attention_backward),
    FLAMBEAU_EXPORT("recurrent", op_recurrent),
    FLAMBEAU_EXPORT("recurrentBackward", op_recurrent_backward),
    FLAMBEAU_EXPORT("indexSelect", op_index_select),
    FLAMBEAU_EXPORT("embedding", op_embedding),
    FLAMBEAU_EXPORT("indexAdd", op_index_add),
    FLAMBEAU_EXPORT("gather", op_gather),
    FLAMBEAU_EXPORT("scatter", op_scatter),
    FLAMBEAU_EXPORT("scatterAdd", op_scatter_add),
    FLAMBEAU_EXPORT("concat", op_concat),
    FLAMBEAU_EXPORT("triangle", op_triangle),
    FLAMBEAU_EXPORT("sort", op_sort),
    FLAMBEAU_EXPORT("topk", op_topk),
    FLAMBEAU_EXPORT("nonzero", op_nonzero),
    FLAMBEAU_EXPORT("flip", op_flip),
    FLAMBEAU_EXPORT("nll", op_nll),
    FLAMBEAU_EXPORT("nllBackward", op_nll_backward),
    FLAMBEAU_EXPORT("rowNorm", op_row_norm),
    FLAMBEAU_EXPORT("rowNormBackward", op_row_norm_backward),
    FLAMBEAU_EXPORT("batchNorm", op_batch_norm),
    FLAMBEAU_EXPORT("batchNormBackward", op_batch_norm_backward),
    FLAMBEAU_EXPORT("groupNorm", op_group_norm),
    FLAMBEAU_EXPORT("groupNormBackward", op_group_norm_backward),
    FLAMBEAU_EXPORT("maxPool", op_max_pool),
    FLAMBEAU_EXPORT("maxPoolBackward", op_max_pool_backward),
    FLAMBEAU_EXPORT("avgPool", op_avg_pool),
    FLAMBEAU_EXPORT("avgPoolBackward", op_avg_pool_backward),
    FLAMBEAU_EXPORT("crossEntropy", op_cross_entropy),
    FLAMBEAU_EXPORT("crossEntropyBackward", op_cross_entropy_backward),
    FLAMBEAU_EXPORT("createGenerator", create_generator),
    FLAMBEAU_EXPORT("seedGenerator", seed_generator),
    FLAMBEAU_EXPORT("copyGenerator", copy_generator),
    FLAMBEAU_EXPORT("seedOf", seed_of),
    FLAMBEAU_EXPORT("sample", op_sample),
    FLAMBEAU_EXPORT("randomFromTo", op_random_from_to),
    FLAMBEAU_EXPORT("randomFull", op_random_full),
    FLAMBEAU_EXPORT("randperm", op_randperm),
    FLAMBEAU_EXPORT("bernoulli", op_bernoulli),
    FLAMBEAU_EXPORT("bernoulliTensor", op_bernoulli_tensor),
    FLAMBEAU_EXPORT("multinomial", op_multinomial),
    FLAMBEAU_EXPORT("sgd", op_sgd),
    FLAMBEAU_EXPORT("adam", op_adam),
};

#undef FLAMBEAU_EXPORT

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
  for (const Export& entry : kExports) {
    exports.Set(entry.name, Napi::Function(env, [&] {
                  napi_value fn = nullptr;
                  napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.call, e, &fn);
                  return fn;
                }()));
  }
  return exports;
}

}  // namespace
}  // namespace flambeau

static Napi::Object init(Napi::Env env, Napi::Object exports) { return flambeau::initialize(env, exports); }
NODE_API_MODULE(flambeau, init)
