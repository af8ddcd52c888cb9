// Elementwise functions of two operands.
#include "bfloat16.h"
#include "elementwise.h"
#include "family.h"
#include "simd/activation.h"
#include "simd/run.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Integer division as C defines it, with the two cases that trap given a value: x / 0 is 0 (the driver reports it) and
// the lowest integer over -1 wraps.
template <class T>
struct Division {
  T quotient, remainder;
  FLAMBEAU_INLINE Division(T a, T b) {
    const bool safe = b != 0 && !(std::is_signed_v<T> && b == static_cast<T>(-1));
    const T divisor = safe ? b : T(1);
    quotient = static_cast<T>(a / divisor);
    remainder = static_cast<T>(a % divisor);
    if (!safe) quotient = b == 0 ? T(0) : (-Vec<T>(a)).v;
  }
  // Whether rounding down and truncating differ.
  FLAMBEAU_INLINE bool crosses_zero(T b) const { return remainder != 0 && (remainder < 0) != (b < 0); }
};

// fmod and what follows from it are PyTorch's formulas; fmod itself is exact in libm.
template <class T>
FLAMBEAU_INLINE T float_remainder(T a, T b) {
  T mod = static_cast<T>(sizeof(T) == 4 ? ::fmodf(static_cast<float>(a), static_cast<float>(b)) : ::fmod(a, b));
  if (mod != 0 && (b < 0) != (mod < 0)) mod += b;
  return mod;
}
template <class T>
FLAMBEAU_INLINE T float_floor_divide(T a, T b) {
  if (b == 0) return a / b;
  const T mod = static_cast<T>(sizeof(T) == 4 ? ::fmodf(static_cast<float>(a), static_cast<float>(b)) : ::fmod(a, b));
  T quotient = (a - mod) / b;
  if (mod != 0 && (b < 0) != (mod < 0)) quotient -= 1;
  if (quotient == 0) return static_cast<T>(::copysign(0.0, static_cast<double>(a / b)));
  T whole = sizeof(T) == 4 ? ::floorf(static_cast<float>(quotient)) : static_cast<T>(::floor(quotient));
  if (quotient - whole > T(0.5)) whole += 1;
  return whole;
}

// By squaring, wrapping. A negative exponent leaves only the powers of 1 and -1 different from 0.
template <class T>
FLAMBEAU_INLINE T integer_pow(T base, T exponent) {
  if (std::is_signed_v<T> && exponent < 0) {
    if (base == 1) return 1;
    if (base == static_cast<T>(-1)) return exponent % 2 ? static_cast<T>(-1) : T(1);
    return 0;
  }
  Vec<T> result(1), power(base);
  for (; exponent != 0; exponent = static_cast<T>(exponent / 2)) {
    if (exponent % 2) result = result * power;
    power = power * power;
  }
  return result.v;
}

namespace ops {

template <class V>
struct add {
  V operator()(V a, V b) const { return a + b; }
};
template <class V>
struct sub {
  V operator()(V a, V b) const { return a - b; }
};
template <class V>
struct mul {
  V operator()(V a, V b) const { return a * b; }
};
template <class V>
struct div {
  V operator()(V a, V b) const { return a / b; }
};
template <class V>
struct axpy {
  V alpha;
  explicit axpy(const double* p) : alpha(parameter<typename V::Elem>(p[0])) {}
  V operator()(V a, V b) const { return fma(alpha, b, a); }
};
template <class V>
struct floorDivide {
  using T = typename V::Elem;
  V operator()(V a, V b) const {
    if constexpr (is_float<V>) {
      return math::map_lanes(a, b, [](T x, T y) { return float_floor_divide(x, y); });
    } else {
      const Division<T> d(a.v, b.v);
      return V(d.crosses_zero(b.v) ? static_cast<T>(d.quotient - 1) : d.quotient);
    }
  }
};
template <class V>
struct remainder {
  using T = typename V::Elem;
  V operator()(V a, V b) const {
    if constexpr (is_float<V>) {
      return math::map_lanes(a, b, [](T x, T y) { return float_remainder(x, y); });
    } else {
      const Division<T> d(a.v, b.v);
      return V(d.crosses_zero(b.v) ? static_cast<T>(d.remainder + b.v) : d.remainder);
    }
  }
};
template <class V>
struct fmod {
  using T = typename V::Elem;
  V operator()(V a, V b) const {
    if constexpr (std::is_same_v<T, float>) return math::map_lanes(a, b, [](T x, T y) { return ::fmodf(x, y); });
    else if constexpr (std::is_same_v<T, double>) return math::map_lanes(a, b, [](T x, T y) { return ::fmod(x, y); });
    else return V(Division<T>(a.v, b.v).remainder);
  }
};
template <class V>
struct pow {
  V operator()(V a, V b) const {
    if constexpr (is_float<V>) return math::pow(a, b);
    else return V(integer_pow(a.v, b.v));
  }
};
template <class V>
struct atan2 {
  V operator()(V a, V b) const { return math::atan2(a, b); }
};
template <class V>
struct maximum {
  V operator()(V a, V b) const { return flambeau::FLAMBEAU_ISA::maximum(a, b); }
};
template <class V>
struct minimum {
  V operator()(V a, V b) const { return flambeau::FLAMBEAU_ISA::minimum(a, b); }
};
template <class V>
struct bitwiseAnd {
  V operator()(V a, V b) const { return a & b; }
};
template <class V>
struct bitwiseOr {
  V operator()(V a, V b) const { return a | b; }
};
template <class V>
struct bitwiseXor {
  V operator()(V a, V b) const { return a ^ b; }
};

template <class V>
struct sigmoidBackward {
  V operator()(V g, V y) const { return g * (V(1) - y) * y; }
};
template <class V>
struct tanhBackward {
  V operator()(V g, V y) const { return g * (V(1) - y * y); }
};
template <class V>
struct reluBackward {  // where y is NaN the gradient passes, as in PyTorch
  V operator()(V g, V y) const { return select(y <= V(0), V(0), g); }
};
template <class V>
struct geluBackward {
  V operator()(V g, V x) const { return math::gelu_backward(g, x); }
};
template <class V>
struct geluTanhBackward {
  V operator()(V g, V x) const { return math::gelu_tanh_backward(g, x); }
};
template <class V>
struct siluBackward {
  V operator()(V g, V x) const {
    const V s = math::sigmoid(x);
    return g * s * (V(1) + x * (V(1) - s));
  }
};
template <class V>
struct clampBackward {
  V low, high;
  explicit clampBackward(const double* p) : low(math::constant<V>(p[0])), high(math::constant<V>(p[1])) {}
  V operator()(V g, V x) const { return select((x >= low) & (x <= high), g, V(0)); }
};
template <class V>
struct leakyReluBackward {
  V slope;
  explicit leakyReluBackward(const double* p) : slope(math::constant<V>(p[0])) {}
  V operator()(V g, V x) const { return select(x > V(0), g, g * slope); }
};
template <class V>
struct eluBackward {  // from x, since of a small e^x nothing is left in y
  V slope, rate;
  explicit eluBackward(const double* p) : slope(math::constant<V>(p[0] * p[1])), rate(math::constant<V>(p[1])) {}
  V operator()(V g, V x) const { return select(x <= V(0), g * (slope * math::exp(x * rate)), g); }
};
template <class V>
struct seluBackward {
  V operator()(V g, V x) const {
    const V below = math::constant<V>(math::kSeluScale * math::kSeluAlpha) * math::exp(x);
    return g * select(x <= V(0), below, math::constant<V>(math::kSeluScale));
  }
};
template <class V>
struct mishBackward {
  V operator()(V g, V x) const { return g * math::Mish<V>(x).slope(x); }
};
template <class V>
struct softplusBackward {  // as g * sigmoid, which has no e^x to overflow
  V beta, threshold;
  explicit softplusBackward(const double* p) : beta(math::constant<V>(p[0])), threshold(math::constant<V>(p[1])) {}
  V operator()(V g, V x) const {
    const V scaled = x * beta;
    return select(scaled > threshold, g, g * math::sigmoid(scaled));
  }
};
template <class V>
struct logSigmoidBackward {
  V operator()(V g, V x) const { return g * math::sigmoid(-x); }
};

}  // namespace ops

template <class V, size_t step>
struct Operand {
  using T = typename V::Elem;
  const T* p;
  template <class At>
  FLAMBEAU_INLINE V load(At at) const {
    return step ? at.load(p) : V(*p);
  }
};

template <class V, Cost cost, size_t a_step, size_t b_step, class Op>
FLAMBEAU_INLINE void run(const Op op, const void* a, const void* b, void* y, size_t n) {
  using T = typename V::Elem;
  const Operand<V, a_step> left{static_cast<const T*>(a)};
  const Operand<V, b_step> right{static_cast<const T*>(b)};
  map_run<V, cost, a_step + b_step>(static_cast<T*>(y), n, y == a || y == b,
                                    [=](auto at) { return op(left.load(at), right.load(at)); });
}

template <template <class> class Op, Cost cost, class T>
void binary(const void* a, size_t a_step, const void* b, size_t b_step, void* y, size_t n, const double* p) {
  using V = Vec<T>;
  const auto op = make<Op<V>>(p);
  if (a_step == 0) run<V, cost, 0, 1>(op, a, b, y, n);
  else if (b_step == 0) run<V, cost, 1, 0>(op, a, b, y, n);
  else run<V, cost, 1, 1>(op, a, b, y, n);
}

// An operand used once for every element is a float already: a scalar takes part at float's precision, as in PyTorch.
void binary_through_float(BinaryFn kernel, const void* a, size_t a_step, const void* b, size_t b_step, void* y,
                          size_t n, const double* p) {
  float left[kBf16Chunk], right[kBf16Chunk];
  const auto operand = [](const void* x, size_t step, float* chunk, size_t first, size_t count) -> const void* {
    if (step == 0) return x;
    widen(static_cast<const BFloat16*>(x) + first, chunk, count);
    return chunk;
  };
  for_chunks(n, [&](size_t first, size_t count) {
    kernel(operand(a, a_step, left, first, count), a_step, operand(b, b_step, right, first, count), b_step, left, count,
           p);
    narrow(left, static_cast<BFloat16*>(y) + first, count);
  });
}
template <template <class> class Op, Cost cost>
void binary_bf16(const void* a, size_t a_step, const void* b, size_t b_step, void* y, size_t n, const double* p) {
  binary_through_float(binary<Op, cost, float>, a, a_step, b, b_step, y, n, p);
}

template <template <class> class Op, Cost cost, class... Ts>
void fill(BinaryFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, binary<Op, cost, Ts>), ...);
  if constexpr (has_float<Ts...>) set<BFloat16>(row, binary_bf16<Op, cost>);
}

}  // namespace

void fill_binary(ElementwiseTable& table) {
#define BINARY(name, dtypes, cost) \
  fill<ops::name, Cost::cost>(table.binary[static_cast<int>(BinaryKernel::name)], dtypes());
#include "families.inc"
}

}  // namespace flambeau::FLAMBEAU_ISA
