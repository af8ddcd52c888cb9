// Random numbers in bulk.
#pragma once

#include "../dtype.h"

namespace flambeau {

// The Mersenne twister in bulk, and PyTorch's ways from its draws to numbers.
struct RandomKernel {
  void (*refill)(uint32_t* state);                                   // the next 624 words of the state
  void (*temper)(const uint32_t* state, uint32_t* draws, size_t n);  // words of the state to draws
  void (*unit_f32)(const uint32_t* draws, float* y, size_t n);       // uniform on [0, 1)
  // y[i]: whether the uniform double of draws 2 i and 2 i + 1, times 2^53, is below limit
  void (*toss)(const uint32_t* draws, uint8_t* y, size_t n, uint64_t limit);
  // In place, of uniforms on [0, 1); null where the ISA has no fused multiply-add, which the numbers depend on.
  void (*scale_f32)(float* y, size_t n, float low, float high);           // to [low, high)
  void (*normal_f32)(float* y, size_t blocks, float mean, float stddev);  // blocks of 16
};

struct RandomTable {
  RandomKernel random;
};

}  // namespace flambeau
