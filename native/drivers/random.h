// PyTorch's CPU generator, number for number: MT19937 and the transformations of ATen's DistributionTemplates, as the
// 2.13 wheels compute them from AVX2 upwards on any CPU but Intel's. (On Intel's, bernoulli_scalar alone draws from an
// MKL stream instead; the same seed then gives another mask, in PyTorch as well as here against it.)
//
// float32 results of uniform_f32, and of normal_f32 from 16 elements, use no libm function and so are the same bits on
// every platform. The others call log, log1p, sin, cos, tan, exp in double: a libm whose result differs in the last
// place shows in float64, and next to never after rounding to float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../dtype.h"

namespace flambeau {

// Owned by a JavaScript Generator, the default one included; not thread safe.
class Generator {
 public:
  explicit Generator(uint64_t seed = 67280421310721);  // the seed of a fresh torch.Generator()
  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return seed_; }

  uint32_t random() {
    if (next_ == kWords) refill();
    uint32_t y = state_[next_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }
  void draw(uint32_t* y, size_t n);  // the next n draws
  uint64_t random64() {              // two draws, the high half first
    const uint64_t high = random();
    return high << 32 | random();
  }

  // The second half of a Box-Muller pair waits here for the next scalar normal, as in at::CPUGeneratorImpl.
  bool has_next_normal = false;
  double next_normal = 0;

 private:
  static constexpr int kWords = 624;
  void refill();
  uint64_t seed_;
  uint32_t state_[kWords];
  int next_;
};

// Each fills n contiguous elements as the PyTorch op of that name does on the CPU. Arguments are valid: the caller has
// refused what PyTorch refuses (from > to, stddev < 0, p outside [0, 1], an empty range, rate or sigma <= 0).
void uniform_f32(Generator& g, float* y, size_t n, double from, double to);
void uniform_f64(Generator& g, double* y, size_t n, double from, double to);
void normal_f32(Generator& g, float* y, size_t n, double mean, double stddev);
// Of bf16, as float to be rounded: each block of 16 has 16 draws of its own, a ragged end too.
void normal_bf16(Generator& g, float* y, size_t n, double mean, double stddev);
void normal_f64(Generator& g, double* y, size_t n, double mean, double stddev);

// One value after the other: what normal_f32 and normal_f64 do below 16 elements, and PyTorch at any size when the
// tensor is not contiguous.
void normal_serial(Generator& g, double* y, size_t n, double mean, double stddev);

// PyTorch computes these in double for both float types; float32 is the rounded result.
void exponential(Generator& g, double* y, size_t n, double rate);
void log_normal(Generator& g, double* y, size_t n, double mean, double stddev);
void cauchy(Generator& g, double* y, size_t n, double median, double sigma);
void geometric(Generator& g, double* y, size_t n, double p);

// randint, and random_(low, high) of every dtype: integers in [low, high).
void random_from_to(Generator& g, int64_t* y, size_t n, int64_t low, int64_t high);
// random_() without bounds: [0, the dtype's largest value], and [0, 2^24] or [0, 2^53] for float32 and float64.
void random_full(Generator& g, DType dtype, int64_t* y, size_t n);
void randperm(Generator& g, int64_t* y, int64_t n);

void bernoulli_scalar(Generator& g, uint8_t* y, size_t n, double p);     // tensor.bernoulli_(p), nn.Dropout's mask
void bernoulli_f32(Generator& g, const float* p, uint8_t* y, size_t n);  // torch.bernoulli(p)
void bernoulli_f64(Generator& g, const double* p, uint8_t* y, size_t n);

// torch.multinomial(p, samples, replacement=True): p is rows × categories weights, y is rows × samples. Throws
// OUT_OF_RANGE when a weight is negative or not finite, or when a row sums to 0. (Without replacement PyTorch divides
// the weights by exponential() draws and takes the largest; lib/ops composes that.)
void multinomial_f32(Generator& g, const float* p, int64_t* y, size_t rows, size_t categories, size_t samples);
void multinomial_f64(Generator& g, const double* p, int64_t* y, size_t rows, size_t categories, size_t samples);

}  // namespace flambeau
