// Tensors without elements whose other sizes are as large as any: whatever a driver multiplies must not overflow (the
// sanitizer tells), and its result is either of the right shape or too large for the memory.
#include <functional>

#include "../reference.h"

using namespace flambeau;

namespace {

constexpr int64_t kWide = int64_t{1} << 26, kWider = int64_t{1} << 27;  // together the most that a shape may have

std::string attempt(const std::function<Dims()>& run) {
  try {
    return to_string(run());
  } catch (const Error& error) {
    return error.code();
  }
}

// One of the shapes; what run returns is compared with `want`, that stands for each place of the zero.
struct Row {
  const char* name;
  std::function<Dims(const Tensor& x)> run;
  const char* want[3];
};

const char* const kSame[3] = {"[0,67108864,134217728]", "[67108864,0,134217728]", "[67108864,134217728,0]"};
const char* const kMemory = "OUT_OF_MEMORY";

template <class Call>
std::function<Dims(const Tensor&)> result(Call call) {
  return [call](const Tensor& x) {
    Tensor out;
    call(x, out);
    return out.shape;
  };
}

Tensor zeros_like(const Tensor& x, DType dtype) { return empty(dtype, x.shape); }

void each_driver() {
  const double none[2] = {};
  const Tensor one = check::from(DType::f32, {1}, {2});
  const Row rows[] = {
      {"unary", result([&](auto& x, auto& y) { unary(UnaryKernel::exp, x, none, y); }), {kSame[0], kSame[1], kSame[2]}},
      {"unary of a transposed tensor",
       result([&](auto& x, auto& y) { unary(UnaryKernel::exp, permute(x, {2, 1, 0}), none, y); }),
       {"[134217728,67108864,0]", "[134217728,0,67108864]", "[0,134217728,67108864]"}},
      {"binary",
       result([&](auto& x, auto& y) { binary(BinaryKernel::add, x, x, none, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"binary with one element",
       result([&](auto& x, auto& y) { binary(BinaryKernel::add, x, one, none, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"compare",
       result([&](auto& x, auto& y) { compare(CompareKernel::lt, x, x, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"where",
       result([&](auto& x, auto& y) { where(zeros_like(x, DType::boolean), x, x, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"cast",
       result([&](auto& x, auto& y) { cast(permute(x, {1, 0, 2}), DType::i64, y); }),
       {"[67108864,0,134217728]", "[0,67108864,134217728]", "[134217728,67108864,0]"}},
      {"copy",
       [&](const Tensor& x) {
         Tensor target = x;
         copy_into(one, target);
         return target.shape;
       },
       {kSame[0], kSame[1], kSame[2]}},
      {"sum of all",
       result([&](auto& x, auto& y) { reduce(ReduceKernel::sum, x, {0, 1, 2}, false, y); }),
       {"[]", "[]", "[]"}},
      {"sum of axis 0",
       result([&](auto& x, auto& y) { reduce(ReduceKernel::sum, x, {0}, false, y); }),
       {kMemory, "[0,134217728]", "[134217728,0]"}},
      {"sum of axes 0 and 2",
       result([&](auto& x, auto& y) { reduce(ReduceKernel::sum, x, {0, 2}, true, y); }),
       {"[1,67108864,1]", "[1,0,1]", "[1,134217728,1]"}},
      {"argmax",
       result([&](auto& x, auto& y) { arg_reduce(ArgReduceKernel::argmax, x, 2, false, y); }),
       {"[0,67108864]", "[67108864,0]", "OUT_OF_RANGE"}},
      {"cumsum", result([&](auto& x, auto& y) { scan(ScanKernel::cumsum, x, 1, y); }), {kSame[0], kSame[1], kSame[2]}},
      {"softmax",
       result([&](auto& x, auto& y) { softmax(SoftmaxKernel::softmax, x, 1, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"product with its transpose",
       result([&](auto& x, auto& y) { matmul(x, permute(x, {0, 2, 1}), nullptr, Activation::none, y); }),
       {"[0,67108864,67108864]", "[67108864,0,0]", "SIZE_OVERFLOW"}},
      {"product of its transpose",
       result([&](auto& x, auto& y) { matmul(permute(x, {0, 2, 1}), x, nullptr, Activation::none, y); }),
       {"SIZE_OVERFLOW", "SIZE_OVERFLOW", "[67108864,0,0]"}},
      {"concat",
       result([&](auto& x, auto& y) {
         const Tensor* const inputs[] = {&x, &x};
         concat({inputs, 2}, 1, y);
       }),
       {"SIZE_OVERFLOW", "[67108864,0,134217728]", "SIZE_OVERFLOW"}},
      {"gather",
       result([&](auto& x, auto& y) { gather(x, 1, zeros_like(x, DType::i64), y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"scatter",
       [&](const Tensor& x) {
         Tensor target = zeros_like(x, DType::f32);
         scatter_add(target, 1, zeros_like(x, DType::i64), x);
         return target.shape;
       },
       {kSame[0], kSame[1], kSame[2]}},
      {"index_select",
       result([&](auto& x, auto& y) { index_select(x, 2, empty(DType::i64, {0}), y); }),
       {"[0,67108864,0]", "[67108864,0,0]", "[67108864,134217728,0]"}},
      {"sort",
       result([&](auto& x, auto& y) {
         Tensor indices;
         sort(x, 1, false, y, indices);
       }),
       {kSame[0], kSame[1], kSame[2]}},
      {"flip", result([&](auto& x, auto& y) { flip(x, {0, 2}, y); }), {kSame[0], kSame[1], kSame[2]}},
      {"tril", result([&](auto& x, auto& y) { triangle(x, 0, false, y); }), {kSame[0], kSame[1], kSame[2]}},
      {"nonzero", result([&](auto& x, auto& y) { nonzero(x, y); }), {"[0,3]", "[0,3]", "[0,3]"}},
      {"layer norm",
       result([&](auto& x, auto& y) { row_norm(RowNorm::layer, x, nullptr, nullptr, 1, 1e-5, nullptr, nullptr, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"layer norm of two axes",
       result([&](auto& x, auto& y) { row_norm(RowNorm::layer, x, nullptr, nullptr, 2, 1e-5, nullptr, nullptr, y); }),
       {kSame[0], kSame[1], kSame[2]}},
      {"group norm",
       result([&](auto& x, auto& y) { group_norm(x, 1, nullptr, nullptr, 1e-5, nullptr, nullptr, y); }),
       {kSame[0], kSame[1], kSame[2]}},
  };
  for (const Row& row : rows) {
    for (int zero = 0; zero < 3; ++zero) {
      Dims shape{kWide, zero == 0 ? kWide : kWider, kWider};
      shape[zero] = 0;
      const Tensor x = empty(DType::f32, shape);
      const std::string got = attempt([&] { return row.run(x); });
      check::expect(got == row.want[zero],
                    std::string(row.name) + " of " + to_string(shape) + ": got " + got + ", want " + row.want[zero]);
    }
  }
}

}  // namespace

int main() { return check::run("empty", each_driver); }
