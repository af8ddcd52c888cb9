// Predicates, comparisons and where. Plain loops over elements without branches, which compilers turn into vector code
// for every dtype: a bool result is a byte, so there is no one vector width to write them in.
#include "bfloat16.h"
#include "elementwise.h"
#include "family.h"

namespace flambeau::FLAMBEAU_ISA {
namespace {

namespace ops {

template <class T>
FLAMBEAU_INLINE T infinity() {
  return static_cast<T>(INFINITY);
}

template <class T>
struct isnan {
  bool operator()(T x) const { return x != x; }
};
template <class T>
struct isinf {
  bool operator()(T x) const { return (x == infinity<T>()) | (x == -infinity<T>()); }
};
template <class T>
struct isfinite {
  bool operator()(T x) const { return (x < infinity<T>()) & (x > -infinity<T>()); }
};
template <class T>
struct logicalNot {
  bool operator()(T x) const { return x == T(0); }
};

template <class T>
struct eq {
  bool operator()(T a, T b) const { return a == b; }
};
template <class T>
struct ne {
  bool operator()(T a, T b) const { return a != b; }
};
template <class T>
struct lt {
  bool operator()(T a, T b) const { return a < b; }
};
template <class T>
struct le {
  bool operator()(T a, T b) const { return a <= b; }
};
template <class T>
struct gt {
  bool operator()(T a, T b) const { return a > b; }
};
template <class T>
struct ge {
  bool operator()(T a, T b) const { return a >= b; }
};
template <class T>
struct logicalAnd {
  bool operator()(T a, T b) const { return (a != T(0)) & (b != T(0)); }
};
template <class T>
struct logicalOr {
  bool operator()(T a, T b) const { return (a != T(0)) | (b != T(0)); }
};
template <class T>
struct logicalXor {
  bool operator()(T a, T b) const { return (a != T(0)) != (b != T(0)); }
};

}  // namespace ops

// What elements of type T are compared as.
template <class T>
using Compared = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

template <template <class> class Op, class T>
void predicate(const void* x, void* y, size_t n, const double*) {
  const T* from = static_cast<const T*>(x);
  bool* to = static_cast<bool*>(y);
  FLAMBEAU_LOOP
  for (size_t i = 0; i < n; ++i) to[i] = Op<Compared<T>>()(from[i]);
}

template <template <class> class Op, class T>
void compare(const void* a, size_t a_step, const void* b, size_t b_step, void* y, size_t n, const double*) {
  const T* left = static_cast<const T*>(a);
  const T* right = static_cast<const T*>(b);
  bool* to = static_cast<bool*>(y);
  const Op<Compared<T>> op;
  if (a_step == 0) {
    const Compared<T> value = *left;
    FLAMBEAU_LOOP
    for (size_t i = 0; i < n; ++i) to[i] = op(value, right[i]);
  } else if (b_step == 0) {
    const Compared<T> value = *right;
    FLAMBEAU_LOOP
    for (size_t i = 0; i < n; ++i) to[i] = op(left[i], value);
  } else {
    FLAMBEAU_LOOP
    for (size_t i = 0; i < n; ++i) to[i] = op(left[i], right[i]);
  }
}

// Only the size of an element matters: U is the unsigned integer of that size, so no bit pattern is disturbed. By
// masks: where both sides are constants, compilers leave a choice between them scalar.
template <class U, size_t a_step, size_t b_step>
void choose(const bool* cond, const U* a, const U* b, U* y, size_t n) {
  FLAMBEAU_LOOP
  for (size_t i = 0; i < n; ++i) {
    const U x = a[i * a_step], z = b[i * b_step];
    const U taken = static_cast<U>(U(0) - U(cond[i]));
    y[i] = static_cast<U>((x & taken) | (z & ~taken));
  }
}
template <class U>
void where(const void* cond, size_t cond_step, const void* a, size_t a_step, const void* b, size_t b_step, void* y,
           size_t n) {
  const bool* mask = static_cast<const bool*>(cond);
  const U* left = static_cast<const U*>(a);
  const U* right = static_cast<const U*>(b);
  U* to = static_cast<U*>(y);
  if (cond_step == 0) {
    const U* from = *mask ? left : right;
    const size_t step = *mask ? a_step : b_step;
    for (size_t i = 0; i < n; ++i) to[i] = from[i * step];
  } else if (a_step == 0) {
    b_step == 0 ? choose<U, 0, 0>(mask, left, right, to, n) : choose<U, 0, 1>(mask, left, right, to, n);
  } else {
    b_step == 0 ? choose<U, 1, 0>(mask, left, right, to, n) : choose<U, 1, 1>(mask, left, right, to, n);
  }
}

template <template <class> class Op, class... Ts>
void fill_predicate(UnaryFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, predicate<Op, Ts>), ...);
  if constexpr (has_float<Ts...>) set<BFloat16>(row, predicate<Op, BFloat16>);
}
template <template <class> class Op, class... Ts>
void fill_comparison(BinaryFn (&row)[kDTypeCount], Types<Ts...>) {
  (set<Ts>(row, compare<Op, Ts>), ...);
  if constexpr (has_float<Ts...>) set<BFloat16>(row, compare<Op, BFloat16>);
}

}  // namespace

void fill_compare(ElementwiseTable& table) {
#define PREDICATE(name, dtypes) \
  fill_predicate<ops::name>(table.predicate[static_cast<int>(PredicateKernel::name)], dtypes());
#define COMPARE(name, dtypes) \
  fill_comparison<ops::name>(table.compare[static_cast<int>(CompareKernel::name)], dtypes());
#include "families.inc"
  set<float>(table.where, where<uint32_t>);
  set<double>(table.where, where<uint64_t>);
  set<int32_t>(table.where, where<uint32_t>);
  set<int64_t>(table.where, where<uint64_t>);
  set<uint8_t>(table.where, where<uint8_t>);
  set<int8_t>(table.where, where<uint8_t>);
  set<BFloat16>(table.where, where<uint16_t>);
  set<bool>(table.where, where<uint8_t>);
}

}  // namespace flambeau::FLAMBEAU_ISA
