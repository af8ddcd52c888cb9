// Everything the addon keeps for one JavaScript environment (the main thread or one worker). Nothing of the binding
// lives in C++ statics, so the addon loads in any number of workers.
#pragma once

#include <node_api.h>

#include "registry.h"

namespace flambeau {

// Shapes and strides cross in a Float64Array that JavaScript fills and native code reads: no cost per element.
inline constexpr int kScratchLength = 4 * kMaxRank;

struct Environment {
  explicit Environment(napi_env e) : env(e), registry(e) {}

  // Throws the JavaScript error made by the factory that configure() registered.
  void raise(const char* code, const char* message);

  napi_env env;
  Registry registry;
  double* scratch = nullptr;
  napi_ref scratch_ref = nullptr;
  napi_ref create_error = nullptr;
};

}  // namespace flambeau
