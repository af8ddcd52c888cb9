// Elementwise functions of one operand.
#include "bfloat16.h"
#include "elementwise.h"
#include "family.h"
#include "simd/activation.h"
#include "simd/inverse_hyperbolic.h"
#include "simd/run.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

// Vec's own functions under math:: too, since inside `struct abs` the plain name means the struct. The call finds Vec's
// overload, which is the more specialised.
namespace math {
template <class V>
FLAMBEAU_INLINE V abs(V x) {
  return abs(x);
}
template <class V>
FLAMBEAU_INLINE V sqrt(V x) {
  return sqrt(x);
}
template <class V>
FLAMBEAU_INLINE V floor(V x) {
  return floor(x);
}
template <class V>
FLAMBEAU_INLINE V ceil(V x) {
  return ceil(x);
}
template <class V>
FLAMBEAU_INLINE V round(V x) {
  return round(x);
}
template <class V>
FLAMBEAU_INLINE V trunc(V x) {
  return trunc(x);
}
}  // namespace math

namespace ops {

template <class V>
struct neg {
  V operator()(V x) const { return -x; }
};
template <class V>
struct abs {
  V operator()(V x) const { return math::abs(x); }
};
template <class V>
struct sign {  // of NaN: 0
  V operator()(V x) const { return select(x > V(0), V(1), V(0)) - select(x < V(0), V(1), V(0)); }
};
template <class V>
struct square {
  V operator()(V x) const { return x * x; }
};
template <class V>
struct reciprocal {
  V operator()(V x) const { return V(1) / x; }
};
template <class V>
struct sqrt {
  V operator()(V x) const { return math::sqrt(x); }
};
template <class V>
struct rsqrt {
  V operator()(V x) const { return V(1) / math::sqrt(x); }
};
template <class V>
struct exp {
  V operator()(V x) const { return math::exp(x); }
};
template <class V>
struct exp2 {
  V operator()(V x) const { return math::exp2(x); }
};
template <class V>
struct expm1 {
  V operator()(V x) const { return math::expm1(x); }
};
template <class V>
struct log {
  V operator()(V x) const { return math::log(x); }
};
template <class V>
struct log2 {
  V operator()(V x) const { return math::log2(x); }
};
template <class V>
struct log10 {
  V operator()(V x) const { return math::log10(x); }
};
template <class V>
struct log1p {
  V operator()(V x) const { return math::log1p(x); }
};
template <class V>
struct sin {
  V operator()(V x) const { return math::sin(x); }
};
template <class V>
struct cos {
  V operator()(V x) const { return math::cos(x); }
};
template <class V>
struct tan {
  V operator()(V x) const { return math::tan(x); }
};
template <class V>
struct asin {
  V operator()(V x) const { return math::asin(x); }
};
template <class V>
struct acos {
  V operator()(V x) const { return math::acos(x); }
};
template <class V>
struct atan {
  V operator()(V x) const { return math::atan(x); }
};
template <class V>
struct sinh {
  V operator()(V x) const { return math::sinh(x); }
};
template <class V>
struct cosh {
  V operator()(V x) const { return math::cosh(x); }
};
template <class V>
struct tanh {
  V operator()(V x) const { return math::tanh(x); }
};
template <class V>
struct asinh {
  V operator()(V x) const { return math::asinh(x); }
};
template <class V>
struct acosh {
  V operator()(V x) const { return math::acosh(x); }
};
template <class V>
struct atanh {
  V operator()(V x) const { return math::atanh(x); }
};
template <class V>
struct erf {
  V operator()(V x) const { return math::erf(x); }
};
template <class V>
struct erfc {  // in double: 1 - erf(x) has no digits left where erfc is small
  V operator()(V x) const {
    using T = typename V::Elem;
    return math::map_lanes(x, [](T a) { return static_cast<T>(::erfc(static_cast<double>(a))); });
  }
};
template <class V>
struct erfinv {
  V operator()(V x) const { return math::erfinv(x); }
};
template <class V>
struct sigmoid {
  V operator()(V x) const { return math::sigmoid(x); }
};
template <class V>
struct logSigmoid {
  V operator()(V x) const { return math::log_sigmoid(x); }
};
template <class V>
struct relu {
  V operator()(V x) const { return maximum(x, V(0)); }
};
template <class V>
struct gelu {
  V operator()(V x) const { return math::gelu(x); }
};
template <class V>
struct geluTanh {
  V operator()(V x) const { return math::gelu_tanh(x); }
};
template <class V>
struct silu {
  V operator()(V x) const { return math::silu(x); }
};
template <class V>
struct softplus {
  V beta, threshold;
  explicit softplus(const double* p) : beta(math::constant<V>(p[0])), threshold(math::constant<V>(p[1])) {}
  V operator()(V x) const { return math::softplus(x, beta, threshold); }
};
template <class V>
struct elu {
  V alpha, rate;
  explicit elu(const double* p) : alpha(math::constant<V>(p[0])), rate(math::constant<V>(p[1])) {}
  V operator()(V x) const { return select(x >= V(0), x, alpha * math::expm1(x * rate)); }
};
template <class V>
struct selu {
  V operator()(V x) const {
    return select(x >= V(0), x * math::constant<V>(math::kSeluScale),
                  math::constant<V>(math::kSeluScale * math::kSeluAlpha) * math::expm1(x));
  }
};
template <class V>
struct mish {
  V operator()(V x) const { return x * math::Mish<V>(x).tanh; }
};
template <class V>
struct leakyRelu {
  V slope;
  explicit leakyRelu(const double* p) : slope(math::constant<V>(p[0])) {}
  V operator()(V x) const { return select(x > V(0), x, x * slope); }
};
template <class V>
struct clamp {  // with low > high the result is high
  V low, high;
  explicit clamp(const double* p) : low(parameter<typename V::Elem>(p[0])), high(parameter<typename V::Elem>(p[1])) {}
  V operator()(V x) const { return minimum(maximum(x, low), high); }
};
template <class V>
struct floor {
  V operator()(V x) const { return math::floor(x); }
};
template <class V>
struct ceil {
  V operator()(V x) const { return math::ceil(x); }
};
template <class V>
struct round {
  V operator()(V x) const { return math::round(x); }
};
template <class V>
struct trunc {
  V operator()(V x) const { return math::trunc(x); }
};
template <class V>
struct bitwiseNot {
  V operator()(V x) const {
    using T = typename V::Elem;
    return x ^ V(static_cast<T>(~Unsigned<T>(0)));  // for bool the constant is true
  }
};
// PyTorch computes these exponents without pow, by the same expressions. The branches are the same for every element.
template <class V>
struct powScalar {
  double exponent;
  explicit powScalar(const double* p) : exponent(p[0]) {}
  V operator()(V x) const {
    if (exponent == 2) return x * x;
    if (exponent == 3) return x * x * x;
    if (exponent == 0.5) return math::sqrt(x);
    if (exponent == -0.5) return V(1) / math::sqrt(x);
    if (exponent == -1) return V(1) / x;
    if (exponent == -2) return V(1) / (x * x);
    return math::pow(x, math::constant<V>(exponent));
  }
};

}  // namespace ops

template <template <class> class Op, Cost cost, class T>
void unary(const void* x, void* y, size_t n, const double* p) {
  using V = Vec<T>;
  const auto op = make<Op<V>>(p);
  const T* from = static_cast<const T*>(x);
  map_run<V, cost, 1>(static_cast<T*>(y), n, y == x, [=](auto at) { return op(at.load(from)); });
}

void unary_through_float(UnaryFn kernel, const void* x, void* y, size_t n, const double* p) {
  float chunk[kBf16Chunk];
  for_chunks(n, [&](size_t first, size_t count) {
    widen(static_cast<const BFloat16*>(x) + first, chunk, count);
    kernel(chunk, chunk, count, p);
    narrow(chunk, static_cast<BFloat16*>(y) + first, count);
  });
}
template <template <class> class Op, Cost cost>
void unary_bf16(const void* x, void* y, size_t n, const double* p) {
  unary_through_float(unary<Op, cost, float>, x, y, n, p);
}

template <template <class> class Op, Cost cost, class... Ts>
void fill(UnaryFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, unary<Op, cost, Ts>), ...);
  if constexpr (has_float<Ts...>) set<BFloat16>(row, unary_bf16<Op, cost>);
}

}  // namespace

void fill_unary(ElementwiseTable& table) {
#define UNARY(name, dtypes, cost) \
  fill<ops::name, Cost::cost>(table.unary[static_cast<int>(UnaryKernel::name)], dtypes());
#include "families.inc"
}

}  // namespace flambeau::FLAMBEAU_ISA
