// Sources: Matsumoto and Nishimura, "Mersenne Twister" (1998); Box and Muller, "A Note on the Generation of Random
// Normal Deviates" (1958); the order of draws is PyTorch's.
//
// Rounding decides whether the numbers are PyTorch's, so where its build fuses a multiply and an add this file does,
// and nowhere else: it must be compiled with -ffp-contract=off.
#include "random.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../dispatch/dispatch.h"
#include "../error.h"
#include "../kernels/box_muller.h"
#include "../kernels/random.h"

namespace flambeau {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Draws at a time, so that they stay in the first cache.
constexpr size_t kChunk = 1024;

// ---- fused multiply-add without the instruction ----

// A call into libm: always right, and slow where the baseline has no such instruction.
struct ExactFma {
  template <class T>
  T operator()(T a, T b, T c) const {
    return std::fma(a, b, c);
  }
};

// round(a * b + c), unless it raises `doubt`. The product of two floats is exact in double, and rounding the double sum
// to float is right unless that sum lies halfway between two floats: only the bits it has lost could tell then. The
// result must be 0 or a normal float (halves of subnormals are elsewhere).
struct QuickFma {
  uint32_t doubt = 0;
  float operator()(float a, float b, float c) {
    const double sum = static_cast<double>(a) * b + c;
    uint64_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    doubt |= (static_cast<uint32_t>(bits) & 0x1fffffffu) == 0x10000000u;
    return static_cast<float>(sum);
  }
};

// QuickFma for one value at a time.
struct CheckedFma {
  float operator()(float a, float b, float c) const {
    QuickFma fma;
    const float result = fma(a, b, c);
    return fma.doubt != 0 ? std::fma(a, b, c) : result;
  }
};

// Whether x * scale + shift is 0 or a normal float for every float x that is 0 or at least 2^-46: without cancellation
// the larger term decides, and what cancels leaves a multiple of the terms' last places, which are above 2^-126 too.
bool stays_normal(float scale, float shift) { return scale > 0x1p-60f && (shift == 0 || std::fabs(shift) > 0x1p-60f); }

// ---- uniform ----

float unit_f32(Generator& g) { return static_cast<float>(g.random() & 0xffffffu) * 0x1p-24f; }
double unit_f64(Generator& g) { return static_cast<double>(g.random64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53; }

template <class T>
T unit(Generator& g) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return unit_f32(g);
  } else {
    return unit_f64(g);
  }
}

template <class T, class Fma>
void uniform(Generator& g, T* y, size_t n, T from, T to, Fma fma) {
  const T width = to - from;
  for (size_t i = 0; i < n; ++i) {
    const T value = fma(unit<T>(g), width, from);
    y[i] = value == to ? from : value;  // rounding may reach the open end
  }
}

// ---- normal, in blocks of 16 ----
//
// Where the ISA has a fused multiply-add, float32 goes through its kernels; these are for where it has none.

void box_muller_16(float* y, float mean, float stddev) {
  float u[16];
  std::memcpy(u, y, sizeof u);
  if (stays_normal(stddev, mean)) {
    QuickFma quick;
    box_muller(u, u + 8, y, y + 8, 8, mean, stddev, quick);
    if (quick.doubt == 0) return;
  }
  ExactFma exact;
  box_muller(u, u + 8, y, y + 8, 8, mean, stddev, exact);
}

void box_muller_16(double* y, double mean, double stddev) {
  for (int i = 0; i < 8; ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - y[i]));
    const double theta = 2 * kPi * y[i + 8];
    y[i] = std::fma(radius * std::cos(theta), stddev, mean);
    y[i + 8] = std::fma(radius * std::sin(theta), stddev, mean);
  }
}

// A ragged end is made of 16 fresh draws over the last 16 elements, those of the block before it included.
void units(Generator& g, double* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = unit_f64(g);
}
void units(Generator& g, float* y, size_t n) {
  uint32_t draws[kChunk];
  for (size_t done = 0; done < n; done += kChunk) {
    const size_t count = std::min(kChunk, n - done);
    g.draw(draws, count);
    kernels<RandomTable>().random.unit_f32(draws, y + done, count);
  }
}

template <class T>
void transform_blocks(T* y, size_t blocks, T mean, T stddev) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (const auto fn = kernels<RandomTable>().random.normal_f32) return fn(y, blocks, mean, stddev);
  }
  for (size_t i = 0; i < blocks; ++i) box_muller_16(y + 16 * i, mean, stddev);
}

template <class T>
void normal_blocks(Generator& g, T* y, size_t n, T mean, T stddev) {
  units(g, y, n);
  transform_blocks(y, n / 16, mean, stddev);
  if (n % 16 == 0) return;
  T* last = y + n - 16;
  units(g, last, 16);
  transform_blocks(last, 1, mean, stddev);
}

double next_normal(Generator& g, double mean, double stddev) {
  double standard;
  if (g.has_next_normal) {
    g.has_next_normal = false;
    standard = g.next_normal;
  } else {
    const double u1 = unit_f64(g);
    const double u2 = unit_f64(g);
    const double radius = std::sqrt(-2 * std::log1p(-u2));
    const double theta = 2 * kPi * u1;
    g.next_normal = radius * std::sin(theta);
    g.has_next_normal = true;
    standard = radius * std::cos(theta);
  }
  return std::fma(standard, stddev, mean);
}

// ---- multinomial ----

template <class T>
void multinomial(Generator& g, const T* p, int64_t* y, size_t rows, size_t categories, size_t samples) {
  std::vector<T> cumulative(categories);
  for (size_t row = 0; row < rows; ++row, p += categories) {
    T sum = 0;
    for (size_t i = 0; i < categories; ++i) {
      if (!(p[i] >= 0) || std::isinf(p[i])) {
        throw Error("OUT_OF_RANGE",
                    "multinomial: weights must be finite and not negative, got " + std::to_string(p[i]));
      }
      sum += p[i];
      cumulative[i] = sum;
    }
    if (!(sum > 0)) throw Error("OUT_OF_RANGE", "multinomial: a row of weights must have a positive sum, got 0");
    for (T& c : cumulative) c /= sum;
    cumulative.back() = 1;
    for (size_t i = 0; i < samples; ++i) {
      const double u = unit_f64(g);
      // The first category whose cumulative weight reaches u lies in [left, right).
      size_t left = 0, right = categories;
      while (left < right) {
        const size_t middle = left + (right - left) / 2;
        if (cumulative[middle] < u) {
          left = middle + 1;
        } else {
          right = middle;
        }
      }
      *y++ = static_cast<int64_t>(left);
    }
  }
}

}  // namespace

// ---- generator ----

Generator::Generator(uint64_t seed) { manual_seed(seed); }

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  state_[0] = static_cast<uint32_t>(seed);  // the high half of a seed changes nothing, as in PyTorch
  for (uint32_t i = 1; i < kWords; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  next_ = kWords;
  has_next_normal = false;
}

void Generator::refill() {
  kernels<RandomTable>().random.refill(state_);
  next_ = 0;
}

void Generator::draw(uint32_t* y, size_t n) {
  while (n > 0) {
    if (next_ == kWords) refill();
    const size_t count = std::min(n, static_cast<size_t>(kWords - next_));
    kernels<RandomTable>().random.temper(state_ + next_, y, count);
    next_ += static_cast<int>(count);
    y += count;
    n -= count;
  }
}

// ---- floats ----

void uniform_f32(Generator& g, float* y, size_t n, double from, double to) {
  const float low = static_cast<float>(from), high = static_cast<float>(to);
  if (const auto scale = kernels<RandomTable>().random.scale_f32) {
    units(g, y, n);
    return scale(y, n, low, high);
  }
  if (stays_normal(high - low, low)) return uniform(g, y, n, low, high, CheckedFma());
  uniform(g, y, n, low, high, ExactFma());
}

void uniform_f64(Generator& g, double* y, size_t n, double from, double to) { uniform(g, y, n, from, to, ExactFma()); }

void normal_f32(Generator& g, float* y, size_t n, double mean, double stddev) {
  if (n >= 16) return normal_blocks(g, y, n, static_cast<float>(mean), static_cast<float>(stddev));
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<float>(next_normal(g, mean, stddev));
}

void normal_bf16(Generator& g, float* y, size_t n, double mean, double stddev) {
  if (n < 16) return normal_f32(g, y, n, mean, stddev);
  for (size_t i = 0; i < n; i += 16) normal_f32(g, y + (i + 16 <= n ? i : n - 16), 16, mean, stddev);
}

void normal_f64(Generator& g, double* y, size_t n, double mean, double stddev) {
  if (n >= 16) return normal_blocks(g, y, n, mean, stddev);
  normal_serial(g, y, n, mean, stddev);
}

void normal_serial(Generator& g, double* y, size_t n, double mean, double stddev) {
  for (size_t i = 0; i < n; ++i) y[i] = next_normal(g, mean, stddev);
}

void exponential(Generator& g, double* y, size_t n, double rate) {
  for (size_t i = 0; i < n; ++i) y[i] = -1 / rate * std::log1p(-unit_f64(g));
}

void log_normal(Generator& g, double* y, size_t n, double mean, double stddev) {
  for (size_t i = 0; i < n; ++i) y[i] = std::exp(next_normal(g, mean, stddev));
}

void cauchy(Generator& g, double* y, size_t n, double median, double sigma) {
  for (size_t i = 0; i < n; ++i) y[i] = std::fma(sigma, std::tan(kPi * (unit_f64(g) - 0.5)), median);
}

void geometric(Generator& g, double* y, size_t n, double p) {
  for (size_t i = 0; i < n; ++i) y[i] = std::ceil(std::log(unit_f64(g)) / std::log1p(-p));
}

// ---- integers ----

void random_from_to(Generator& g, int64_t* y, size_t n, int64_t low, int64_t high) {
  const uint64_t base = static_cast<uint64_t>(low);
  const uint64_t range = static_cast<uint64_t>(high) - base;
  // 32 bits taken modulo a range this wide would favour the low end by more than 5%.
  const bool wide = range >= uint64_t{1} << 28;
  for (size_t i = 0; i < n; ++i) {
    y[i] = static_cast<int64_t>((wide ? g.random64() : g.random()) % range + base);
  }
}

void random_full(Generator& g, DType dtype, int64_t* y, size_t n) {
  const auto fill = [&](bool wide, uint64_t range) {
    for (size_t i = 0; i < n; ++i) y[i] = static_cast<int64_t>((wide ? g.random64() : g.random()) % range);
  };
  switch (dtype) {
    case DType::f32:
      return fill(false, (uint64_t{1} << 24) + 1);
    case DType::f64:
      return fill(true, (uint64_t{1} << 53) + 1);
    case DType::bf16:
      return fill(false, 256 + 1);
    case DType::i32:
      return fill(false, uint64_t{1} << 31);
    case DType::i64:
      return fill(true, uint64_t{1} << 63);
    case DType::u8:
      return fill(false, 256);
    case DType::i8:
      return fill(false, 128);
    case DType::boolean:
      return fill(false, 2);
  }
}

void randperm(Generator& g, int64_t* y, int64_t n) {
  if (n < std::numeric_limits<uint32_t>::max() / 20) {
    for (int64_t i = 0; i < n; ++i) y[i] = i;
    for (int64_t i = 0; i + 1 < n; ++i) std::swap(y[i], y[i + g.random() % (n - i)]);
    return;
  }
  // Past 2^32 / 20 elements PyTorch shuffles inside out, with 64 bits a draw.
  for (int64_t i = 0; i < n; ++i) {
    const int64_t other = static_cast<int64_t>(g.random64() % static_cast<uint64_t>(i + 1));
    y[i] = y[other];
    y[other] = i;
  }
}

// ---- coin tosses ----

void bernoulli_scalar(Generator& g, uint8_t* y, size_t n, double p) {
  // A draw of 53 bits is below p in units of 2^-53, which scaling leaves exact.
  const auto limit = static_cast<uint64_t>(std::ceil(p * 0x1p53));
  uint32_t draws[kChunk];
  for (size_t done = 0; done < n; done += kChunk / 2) {
    const size_t count = std::min(kChunk / 2, n - done);
    g.draw(draws, 2 * count);
    kernels<RandomTable>().random.toss(draws, y + done, count, limit);
  }
}

void bernoulli_f32(Generator& g, const float* p, uint8_t* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = unit_f32(g) < p[i];
}

void bernoulli_f64(Generator& g, const double* p, uint8_t* y, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = unit_f64(g) < p[i];
}

void multinomial_f32(Generator& g, const float* p, int64_t* y, size_t rows, size_t categories, size_t samples) {
  multinomial(g, p, y, rows, categories, samples);
}

void multinomial_f64(Generator& g, const double* p, int64_t* y, size_t rows, size_t categories, size_t samples) {
  multinomial(g, p, y, rows, categories, samples);
}

}  // namespace flambeau
