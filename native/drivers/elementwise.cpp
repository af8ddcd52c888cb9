#include "elementwise.h"

#include "../kernels/cost.h"
#include "../kernels/elementwise.h"
#include "../tensor/element.h"
#include "../tensor/map.h"
#include "../tensor/output.h"

namespace flambeau {
namespace {

constexpr int64_t grain_of(Cost cost) { return cost == Cost::CHEAP ? kCheapGrain : kCostlyGrain; }

int64_t grain_of(UnaryKernel kernel) {
  static constexpr int64_t kGrains[] = {
#define UNARY(name, dtypes, cost) grain_of(Cost::cost),
#include "../kernels/families.inc"
  };
  return kGrains[static_cast<size_t>(kernel)];
}

int64_t grain_of(BinaryKernel kernel) {
  static constexpr int64_t kGrains[] = {
#define BINARY(name, dtypes, cost) grain_of(Cost::cost),
#include "../kernels/families.inc"
  };
  return kGrains[static_cast<size_t>(kernel)];
}

bool can_write_directly(const Tensor& out, const Tensor& input) {
  return out.is_contiguous() && is_safe_to_overwrite(out, input);
}

template <class Call>
void split(int64_t n, int64_t grain, Call&& call) {
  if (n <= grain) {
    if (n > 0) call(int64_t{0}, n);
  } else {
    parallel_for(n, grain, call);
  }
}

// run(const char* x, char* y, size_t n)
template <class Run>
void map_one(OpName op, const Tensor& x, DType dtype, Tensor& out, int64_t grain, Run&& run) {
  const bool fresh = !out.storage;
  make_or_check(op, out, dtype, x.shape);
  if (x.is_contiguous() && (fresh || can_write_directly(out, x))) {
    const char* from = x.data();
    char* to = out.data();
    const int64_t from_item = static_cast<int64_t>(item_size(x.dtype));
    const int64_t to_item = static_cast<int64_t>(item_size(dtype));
    split(x.numel, grain, [=](int64_t begin, int64_t end) {
      run(from + begin * from_item, to + begin * to_item, static_cast<size_t>(end - begin));
    });
    return;
  }
  Output y = Output::elementwise(out, {&x});
  map_runs<2>({&*y, &x}, grain, [&](char* const(&p)[2], const size_t (&)[2], size_t n) { run(p[1], p[0], n); });
  y.commit();
}

// run(const char* a, size_t a_step, const char* b, size_t b_step, char* y, size_t n)
template <class Run>
void map_two(OpName op, const Tensor& a, const Tensor& b, DType dtype, Tensor& out, int64_t grain, Run&& run) {
  // Equal shapes, or one operand is a single element.
  size_t a_step = 1, b_step = 1;
  const Dims* shape = nullptr;
  if (a.shape == b.shape) {
    shape = &a.shape;
  } else if (b.numel == 1 && b.rank() <= a.rank()) {
    shape = &a.shape;
    b_step = 0;
  } else if (a.numel == 1 && a.rank() <= b.rank()) {
    shape = &b.shape;
    a_step = 0;
  }
  if (shape && (a_step == 0 || a.is_contiguous()) && (b_step == 0 || b.is_contiguous())) {
    const bool fresh = !out.storage;
    make_or_check(op, out, dtype, *shape);
    if (fresh || (can_write_directly(out, a) && can_write_directly(out, b))) {
      const char *pa = a.data(), *pb = b.data();
      char* y = out.data();
      const size_t item = item_size(a.dtype), out_item = item_size(dtype);
      split(out.numel, grain, [=](int64_t begin, int64_t end) {
        const size_t at = static_cast<size_t>(begin);
        run(pa + at * a_step * item, a_step, pb + at * b_step * item, b_step, y + at * out_item,
            static_cast<size_t>(end) - at);
      });
      return;
    }
  }
  const Dims joint = broadcast_shapes(op.c_str(), a.shape, b.shape);
  make_or_check(op, out, dtype, joint);
  const Tensor wide_a = broadcast_to(a, joint), wide_b = broadcast_to(b, joint);
  Output y = Output::elementwise(out, {&wide_a, &wide_b});
  map_runs<3>({&*y, &wide_a, &wide_b}, grain, [&](char* const(&r)[3], const size_t (&steps)[3], size_t n) {
    run(r[1], steps[1], r[2], steps[2], r[0], n);
  });
  y.commit();
}

// What a binary kernel of bf16 takes where one element is used for all.
float as_float(const void* element) {
  BFloat16 value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

// PyTorch multiplies and divides bf16 by a scalar at float's precision; elsewhere the scalar is rounded first.
Element bf16_scalar(BinaryKernel kernel, double scalar) {
  const bool exact = kernel == BinaryKernel::mul || kernel == BinaryKernel::div;
  const float value = static_cast<float>(scalar);
  return Element(exact ? value : static_cast<float>(BFloat16(value)), DType::f32);
}

bool divides_integers(BinaryKernel kernel, DType dtype) {
  return (kernel == BinaryKernel::floorDivide || kernel == BinaryKernel::remainder || kernel == BinaryKernel::fmod) &&
         !is_floating(dtype);
}

template <class T>
bool has_zero(const Tensor& x) {
  const Walk<1> walk = make_walk<1>({&x});
  bool found = false;
  for_each_row(walk, 0, walk.numel, [&](char* const(&p)[1], int64_t n) {
    for (int64_t i = 0; i < n; ++i) found |= *reinterpret_cast<const T*>(p[0] + i * walk.inner_stride(0)) == 0;
  });
  return found;
}

[[noreturn]] void throw_zero_division(OpName op) {
  throw Error("ZERO_DIVISION", op.str() + ": integers cannot be divided by zero (ZeroDivisionError)");
}

void check_divisor(OpName op, const Tensor& divisor) {
  with_dtype(divisor.dtype, [&](auto zero) {
    if (has_zero<decltype(zero)>(divisor)) throw_zero_division(op);
  });
}

}  // namespace

void unary(UnaryKernel kernel, const Tensor& x, const double (&p)[2], Out out) {
  const OpName op("unary", kernel);
  const UnaryFn fn = find_kernel(op, kernels<ElementwiseTable>().unary, kernel, x.dtype);
  map_one(op, x, x.dtype, out, grain_of(kernel),
          [fn, &p](const char* from, char* to, size_t n) { fn(from, to, n, p); });
}

void predicate(PredicateKernel kernel, const Tensor& x, Out out) {
  const OpName op("predicate", kernel);
  const UnaryFn fn = find_kernel(op, kernels<ElementwiseTable>().predicate, kernel, x.dtype);
  map_one(op, x, DType::boolean, out, kCheapGrain,
          [fn](const char* from, char* to, size_t n) { fn(from, to, n, nullptr); });
}

void binary(BinaryKernel kernel, const Tensor& a, const Tensor& b, const double (&p)[2], Out out) {
  const OpName op("binary", kernel);
  const BinaryFn fn = find_kernel(op, kernels<ElementwiseTable>().binary, kernel, a.dtype);
  check_same_dtype(op, a, b);
  if (divides_integers(kernel, a.dtype) && a.numel != 0) check_divisor(op, b);
  const double* const params = p;
  if (a.dtype == DType::bf16) {
    return map_two(op, a, b, a.dtype, out, grain_of(kernel),
                   [=](const char* x, size_t x_step, const char* z, size_t z_step, char* y, size_t n) {
                     const float one = x_step == 0 ? as_float(x) : z_step == 0 ? as_float(z) : 0;
                     const void *const px = x_step == 0 ? static_cast<const void*>(&one) : x,
                                       *const pz = z_step == 0 ? static_cast<const void*>(&one) : z;
                     fn(px, x_step, pz, z_step, y, n, params);
                   });
  }
  map_two(op, a, b, a.dtype, out, grain_of(kernel),
          [=](const char* x, size_t x_step, const char* z, size_t z_step, char* y, size_t n) {
            fn(x, x_step, z, z_step, y, n, params);
          });
}

void binary_scalar(BinaryKernel kernel, const Tensor& x, double scalar, bool reversed, double p, Out out) {
  const OpName op("binary", kernel);
  const BinaryFn fn = find_kernel(op, kernels<ElementwiseTable>().binary, kernel, x.dtype);
  const Element element = x.dtype == DType::bf16 ? bf16_scalar(kernel, scalar) : Element(scalar, x.dtype);
  if (divides_integers(kernel, x.dtype) && x.numel != 0) {
    if (reversed) {
      check_divisor(op, x);
    } else if (element.is_zero(x.dtype)) {
      throw_zero_division(op);
    }
  }
  const void* const s = element.bytes;
  const double both[2] = {p, 0};
  const double* const params = both;
  if (reversed) {
    map_one(op, x, x.dtype, out, grain_of(kernel),
            [=](const char* from, char* to, size_t n) { fn(s, 0, from, 1, to, n, params); });
  } else {
    map_one(op, x, x.dtype, out, grain_of(kernel),
            [=](const char* from, char* to, size_t n) { fn(from, 1, s, 0, to, n, params); });
  }
}

void compare(CompareKernel kernel, const Tensor& a, const Tensor& b, Out out) {
  const OpName op("compare", kernel);
  const BinaryFn fn = find_kernel(op, kernels<ElementwiseTable>().compare, kernel, a.dtype);
  check_same_dtype(op, a, b);
  map_two(op, a, b, DType::boolean, out, kCheapGrain,
          [fn](const char* x, size_t x_step, const char* z, size_t z_step, char* y, size_t n) {
            fn(x, x_step, z, z_step, y, n, nullptr);
          });
}

void compare_scalar(CompareKernel kernel, const Tensor& x, double scalar, Out out) {
  const OpName op("compare", kernel);
  const BinaryFn fn = find_kernel(op, kernels<ElementwiseTable>().compare, kernel, x.dtype);
  const Element element(scalar, x.dtype);
  const void* const s = element.bytes;
  map_one(op, x, DType::boolean, out, kCheapGrain,
          [=](const char* from, char* to, size_t n) { fn(from, 1, s, 0, to, n, nullptr); });
}

void where(const Tensor& cond, const Tensor& a, const Tensor& b, Out out) {
  check_dtype("where", cond, DType::boolean);
  check_same_dtype("where", a, b);
  const WhereFn fn = kernels<ElementwiseTable>().where[static_cast<int>(a.dtype)];
  const Dims shape = broadcast_shapes("where", broadcast_shapes("where", a.shape, b.shape), cond.shape);
  make_or_check("where", out, a.dtype, shape);
  const Tensor wide_cond = broadcast_to(cond, shape), wide_a = broadcast_to(a, shape), wide_b = broadcast_to(b, shape);
  Output y = Output::elementwise(out, {&wide_cond, &wide_a, &wide_b});
  map_runs<4>(
      {&*y, &wide_cond, &wide_a, &wide_b}, kCheapGrain,
      [&](char* const(&p)[4], const size_t (&s)[4], size_t n) { fn(p[1], s[1], p[2], s[2], p[3], s[3], p[0], n); });
  y.commit();
}

}  // namespace flambeau
