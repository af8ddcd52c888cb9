#if !defined(_WIN32)
#include <sys/file.h>

#include <cerrno>
#endif

#include <string>
#include <vector>

#include "../dispatch/dispatch.h"
#include "../kernels/table.h"
#include "../memory/system_memory.h"
#include "../parallel/thread_pool.h"
#include "exports.h"

namespace flambeau {
namespace {

napi_value string_of(Environment& e, const char* text) {
  napi_value value;
  napi_create_string_utf8(e.env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value array_of(Environment& e, const char* const* names, int n) {
  napi_value array;
  napi_create_array_with_length(e.env, n, &array);
  for (int i = 0; i < n; ++i) napi_set_element(e.env, array, i, string_of(e, names[i]));
  return array;
}

std::string text_of(Environment& e, napi_value value) {
  char text[32];
  size_t length;
  if (napi_get_value_string_utf8(e.env, value, text, sizeof text, &length) != napi_ok) {
    throw Error("BAD_ARGUMENT", "a name was expected");
  }
  return std::string(text, length);
}

void keep(Environment& e, napi_value value, napi_ref& ref) {
  if (ref) napi_delete_reference(e.env, ref);
  ref = nullptr;
  napi_create_reference(e.env, value, 1, &ref);
}

}  // namespace

void configure(Environment& e, napi_value create_error, napi_value collect, View scratch, napi_value scratch_array) {
  if (scratch.type != napi_float64_array || scratch.length < static_cast<size_t>(kScratchLength)) {
    throw Error("BAD_ARGUMENT", "configure: scratch must be a Float64Array of " + std::to_string(kScratchLength));
  }
  keep(e, create_error, e.create_error);
  keep(e, scratch_array, e.scratch_ref);
  e.scratch = static_cast<double*>(scratch.data);
  e.registry.set_collector(collect);
  kernels();  // an unsupported CPU or FLAMBEAU_ISA is reported now, not at the first op
}

napi_value kernel_names_of(Environment& e, napi_value family) {
  const std::string name = text_of(e, family);
  const char* const* names = nullptr;
  const int n = kernel_names(name.c_str(), &names);
  if (n < 0) throw Error("BAD_ARGUMENT", "kernelNames: no family " + name);
  return array_of(e, names, n);
}

napi_value code_names_of(Environment& e, napi_value list) {
  const std::string wanted = text_of(e, list);
  std::vector<const char*> names;
  each_code([&](const char* of, const char* name) {
    if (wanted == of) names.push_back(name);
  });
  if (names.empty()) throw Error("BAD_ARGUMENT", "codeNames: no list " + wanted);
  return array_of(e, names.data(), static_cast<int>(names.size()));
}

napi_value isa(Environment& e) { return string_of(e, kernels().isa); }

napi_value supported_isa_names(Environment& e) {
  const char* const* names = supported_isas();
  int n = 0;
  while (names[n]) ++n;
  return array_of(e, names, n);
}

double get_num_threads() { return num_threads(); }
void set_threads(int n) {
  if (n < 1 || n > kMaxThreads) {
    throw Error("BAD_ARGUMENT",
                "setNumThreads: expected 1 to " + std::to_string(kMaxThreads) + ", got " + std::to_string(n));
  }
  set_num_threads(n);
}
double available_threads() { return available_cores(); }

void memory(Environment& e, View counters) {
  if (counters.type != napi_float64_array || counters.length < 6) throw Error("BAD_ARGUMENT", "memory: bad counters");
  const MemoryStats stats = memory_stats();
  double* out = static_cast<double*>(counters.data);
  out[0] = static_cast<double>(e.registry.live_bytes());
  out[1] = static_cast<double>(e.registry.live());
  out[2] = static_cast<double>(stats.live_bytes);
  out[3] = static_cast<double>(stats.live_storages);
  out[4] = static_cast<double>(stats.cached_bytes);
  out[5] = static_cast<double>(stats.peak_bytes);
}
double available_bytes() { return static_cast<double>(available_memory()); }
void reset_peak() { reset_peak_memory(); }
void release_cache() { empty_cache(); }

double lock_file(int file) {
#if defined(_WIN32)
  (void)file;  // a descriptor of Node's C library means nothing here
  return -1;
#else
  if (flock(file, LOCK_EX | LOCK_NB) == 0) return 1;
  return errno == EWOULDBLOCK ? 0 : -1;
#endif
}

}  // namespace flambeau
