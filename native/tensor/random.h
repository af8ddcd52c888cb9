// PyTorch's CPU generator, number for number: MT19937 and the transformations of ATen's DistributionTemplates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flambeau {

// Owned by an environment (or by a JavaScript Generator); not thread safe.
class Generator {
 public:
  explicit Generator(uint64_t seed = 5489);
  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return seed_; }
  uint32_t random();     // 32 bits
  uint64_t random64();   // two draws
  // The second half of a Box-Muller pair waits here for the next scalar normal, as in at::CPUGeneratorImpl.
  bool has_next_normal = false;
  double next_normal = 0;

 private:
  void refill();
  uint64_t seed_;
  uint32_t state_[624];
  int next_;
};

// Each fills n contiguous elements as the PyTorch op of that name does on the CPU.
void uniform_f32(Generator& g, float* y, size_t n, double from, double to);
void uniform_f64(Generator& g, double* y, size_t n, double from, double to);
void normal_f32(Generator& g, float* y, size_t n, double mean, double stddev);
void normal_f64(Generator& g, double* y, size_t n, double mean, double stddev);
void random_from_to(Generator& g, int64_t* y, size_t n, int64_t low, int64_t high);  // randint
void randperm(Generator& g, int64_t* y, int64_t n);
void bernoulli_scalar(Generator& g, uint8_t* y, size_t n, double p);            // tensor.bernoulli_(p), nn.Dropout's mask
void bernoulli_f32(Generator& g, const float* p, uint8_t* y, size_t n);         // torch.bernoulli(p)
void bernoulli_f64(Generator& g, const double* p, uint8_t* y, size_t n);

}  // namespace flambeau
