// Bulk draws of the Mersenne twister (Matsumoto and Nishimura, 1998) and what is made of them. Plain loops, which
// compilers turn into vector code; the numbers are those of tensor/random.cpp.
#include "random.h"
#include "box_muller.h"
#include "family.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

constexpr int kWords = 624, kShift = 397;

FLAMBEAU_INLINE uint32_t twist(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ ((0u - (v & 1)) & 0x9908b0dfu);
}

void refill(uint32_t* state) {
  int i = 0;
  for (; i < kWords - kShift; ++i) state[i] = state[i + kShift] ^ twist(state[i], state[i + 1]);
  for (; i < kWords - 1; ++i) state[i] = state[i + kShift - kWords] ^ twist(state[i], state[i + 1]);
  state[i] = state[i + kShift - kWords] ^ twist(state[i], state[0]);
}

void temper(const uint32_t* state, uint32_t* y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    uint32_t x = state[i];
    x ^= x >> 11;
    x ^= (x << 7) & 0x9d2c5680u;
    x ^= (x << 15) & 0xefc60000u;
    y[i] = x ^ (x >> 18);
  }
}

void unit_f32(const uint32_t* draws, float* y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    y[i] = static_cast<float>(static_cast<int32_t>(draws[i] & 0xffffffu)) * 0x1p-24f;
  }
}

void toss(const uint32_t* draws, uint8_t* y, size_t n, uint64_t limit) {
  constexpr uint64_t kMantissa = (uint64_t{1} << 53) - 1;
  for (size_t i = 0; i < n; ++i) {
    const uint64_t draw = uint64_t{draws[2 * i]} << 32 | draws[2 * i + 1];
    y[i] = (draw & kMantissa) < limit;
  }
}

#if defined(__AVX2__) || defined(__aarch64__) || defined(_M_ARM64)
struct FusedFma {
  FLAMBEAU_INLINE float operator()(float a, float b, float c) const { return ::fmaf(a, b, c); }
};

void scale_f32(float* y, size_t n, float low, float high) {
  const float width = high - low;
  for (size_t i = 0; i < n; ++i) {
    const float value = ::fmaf(y[i], width, low);
    y[i] = value == high ? low : value;  // rounding may reach the open end
  }
}

void normal_f32(float* y, size_t blocks, float mean, float stddev) {
  constexpr size_t kBatch = kMostPairs / 8;
  float first[kMostPairs], second[kMostPairs];
  FusedFma fma;
  for (size_t done = 0; done < blocks; done += kBatch) {
    const size_t count = blocks - done < kBatch ? blocks - done : kBatch;
    float* batch = y + 16 * done;
    for (size_t b = 0; b < count; ++b) {
      for (size_t i = 0; i < 8; ++i) first[8 * b + i] = batch[16 * b + i];
      for (size_t i = 0; i < 8; ++i) second[8 * b + i] = batch[16 * b + 8 + i];
    }
    box_muller(first, second, first, second, 8 * count, mean, stddev, fma);
    for (size_t b = 0; b < count; ++b) {
      for (size_t i = 0; i < 8; ++i) batch[16 * b + i] = first[8 * b + i];
      for (size_t i = 0; i < 8; ++i) batch[16 * b + 8 + i] = second[8 * b + i];
    }
  }
}
constexpr RandomKernel kRandom = {refill, temper, unit_f32, toss, scale_f32, normal_f32};
#else
constexpr RandomKernel kRandom = {refill, temper, unit_f32, toss, nullptr, nullptr};
#endif

}  // namespace

void fill_random(RandomTable& table) { table.random = kRandom; }

}  // namespace flambeau::FLAMBEAU_ISA
