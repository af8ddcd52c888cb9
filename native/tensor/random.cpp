// Sources: Matsumoto and Nishimura, "Mersenne Twister" (1998); Box and Muller, "A Note on the Generation of Random
// Normal Deviates" (1958); the order of draws is PyTorch's.
//
// Rounding decides whether the numbers are PyTorch's, so where its build fuses a multiply and an add this file does,
// and nowhere else: it must be compiled with -ffp-contract=off.
#include "random.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "error.h"

namespace flambeau {
namespace {

constexpr double kPi = 3.14159265358979323846;

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
// For float32 PyTorch's AVX2 loop evaluates log, sin and cos with the single-precision polynomials of Moshier's Cephes
// library (logf.c, sinf.c). The same operations, fused where they are fused there, give the same bits.

// log(x) for x in (0, 1]. x = m · 2^e with m in [√½, √2); log m by a polynomial in f = m - 1.
template <class Fma>
inline float log32(float x, Fma& fma) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const int32_t half_to_one = (bits & 0x007fffff) | 0x3f000000;
  float m;
  std::memcpy(&m, &half_to_one, sizeof m);
  const bool low = m < 0.707106781186547524f;
  const float e = static_cast<float>((bits >> 23) - 126) - (low ? 1.0f : 0.0f);
  const float f = (m - 1.0f) + (low ? m : 0.0f);
  const float f2 = f * f;
  float p = 7.0376836292e-2f;
  p = fma(p, f, -1.1514610310e-1f);
  p = fma(p, f, 1.1676998740e-1f);
  p = fma(p, f, -1.2420140846e-1f);
  p = fma(p, f, 1.4249322787e-1f);
  p = fma(p, f, -1.6668057665e-1f);
  p = fma(p, f, 2.0000714765e-1f);
  p = fma(p, f, -2.4999993993e-1f);
  p = fma(p, f, 3.3333331174e-1f);
  p = fma(p * f, f2, e * -2.12194440e-4f);  // log 2 = 0.693359375 - 2.12194440e-4; e times the first part is exact
  return (f + (p - 0.5f * f2)) + e * 0.693359375f;
}

// sin and cos of x in [0, 2π]: j · π/4, j even, is taken off in three parts (the first two products are exact), then a
// polynomial for each; the octant tells which is which, and the signs.
template <class Fma>
inline void sincos32(float x, float* sine, float* cosine, Fma& fma) {
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float j = static_cast<float>(octant);
  const float r = fma(j, -3.77489497744594108e-8f, (x - j * 0.78515625f) - j * 2.4187564849853515625e-4f);
  const float r2 = r * r;
  float c = fma(2.443315711809948e-5f, r2, -1.388731625493765e-3f);
  c = fma(c, r2, 4.166664568298827e-2f) * r2;
  c = fma(c, r2, r2 * -0.5f) + 1.0f;
  float s = fma(-1.9515295891e-4f, r2, 8.3321608736e-3f);
  s = fma(s, r2, -1.6666654611e-1f) * r2;
  s = fma(s, r, r);
  const bool swap = (octant & 2) != 0;
  const float sin_abs = swap ? c : s;
  const float cos_abs = swap ? s : c;
  *sine = (octant & 4) != 0 ? -sin_abs : sin_abs;
  *cosine = ((octant + 2) & 4) != 0 ? -cos_abs : cos_abs;
}

// 16 uniforms u give 16 normals y; elements i and i + 8 are a pair. One plain loop a step, for the compiler's
// vectorizer.
template <class Fma>
inline void box_muller_16(const float* u, float* y, float mean, float stddev, Fma& fma) {
  constexpr float kTwoPi = static_cast<float>(2 * kPi);
  float radius[8], sine[8], cosine[8];
  for (int i = 0; i < 8; ++i) radius[i] = -2.0f * log32(1.0f - u[i], fma);
  for (int i = 0; i < 8; ++i) radius[i] = std::sqrt(radius[i]);
  for (int i = 0; i < 8; ++i) sincos32(kTwoPi * u[i + 8], &sine[i], &cosine[i], fma);
  for (int i = 0; i < 8; ++i) y[i] = fma(radius[i] * cosine[i], stddev, mean);
  for (int i = 0; i < 8; ++i) y[i + 8] = fma(radius[i] * sine[i], stddev, mean);
}

void box_muller_16(float* y, float mean, float stddev) {
  float u[16];
  std::memcpy(u, y, sizeof u);
  if (stays_normal(stddev, mean)) {
    QuickFma quick;
    box_muller_16(u, y, mean, stddev, quick);
    if (quick.doubt == 0) return;
  }
  ExactFma exact;
  box_muller_16(u, y, mean, stddev, exact);
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
template <class T>
void normal_blocks(Generator& g, T* y, size_t n, T mean, T stddev) {
  for (size_t i = 0; i < n; ++i) y[i] = unit<T>(g);
  for (size_t i = 0; i + 16 <= n; i += 16) box_muller_16(y + i, mean, stddev);
  if (n % 16 == 0) return;
  T* last = y + n - 16;
  for (int i = 0; i < 16; ++i) last[i] = unit<T>(g);
  box_muller_16(last, mean, stddev);
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
                    "multinomial: weights must be finite and not negative, came " + std::to_string(p[i]));
      }
      sum += p[i];
      cumulative[i] = sum;
    }
    if (!(sum > 0)) throw Error("OUT_OF_RANGE", "multinomial: a row of weights must have a positive sum, came 0");
    for (T& c : cumulative) c /= sum;
    cumulative.back() = 1;
    for (size_t i = 0; i < samples; ++i) {
      const double u = unit_f64(g);
      size_t left = 0,
             right = categories;  // the first category whose cumulative weight reaches u lies in [left, right)
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
  constexpr int kShift = 397;
  const auto twist = [](uint32_t u, uint32_t v) {
    return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ ((v & 1) != 0 ? 0x9908b0dfu : 0u);
  };
  int i = 0;
  for (; i < kWords - kShift; ++i) state_[i] = state_[i + kShift] ^ twist(state_[i], state_[i + 1]);
  for (; i < kWords - 1; ++i) state_[i] = state_[i + kShift - kWords] ^ twist(state_[i], state_[i + 1]);
  state_[i] = state_[i + kShift - kWords] ^ twist(state_[i], state_[0]);
  next_ = 0;
}

// ---- floats ----

void uniform_f32(Generator& g, float* y, size_t n, double from, double to) {
  const float low = static_cast<float>(from), high = static_cast<float>(to);
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
  for (size_t i = 0; i < n; ++i) y[i] = unit_f64(g) < p;
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
