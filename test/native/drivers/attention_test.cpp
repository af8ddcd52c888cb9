// Attention against the formula in double precision, with its gradients: lengths around the tiles', every layout, masks
// and broadcast heads; and the promise that the number of threads changes no bit.
//
// Largest error allowed, relative above 1 and absolute below: 3e-6 for f32 and 1e-13 for f64.
#include <cmath>
#include <vector>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::Layout;

namespace {

double uniform() { return static_cast<double>(check::random_bits() % 2001) / 1000 - 1; }

Tensor random_tensor(DType dtype, const Dims& shape, Layout layout) {
  const Tensor x = check::make(dtype, shape, layout);
  for (int64_t i = 0; i < x.numel; ++i) check::set(x, i, uniform());
  return x;
}

struct Problem {
  int64_t heads, queries, keys, depth, value_depth;
  bool causal;
  enum { no_mask, added, boolean, one_row } mask;
};

struct Gradients {
  std::vector<double> out, dq, dk, dv;
};

Gradients reference(const Problem& p, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor* mask,
                    const Tensor& g, double scale) {
  const auto at = [](const Tensor& x, int64_t h, int64_t i, int64_t c) {
    return check::get(x, (h * x.shape[1] + i) * x.shape[2] + c);
  };
  Gradients r;
  r.out.assign(static_cast<size_t>(p.heads * p.queries * p.value_depth), 0);
  r.dq.assign(static_cast<size_t>(q.numel), 0);
  r.dk.assign(static_cast<size_t>(k.numel), 0);
  r.dv.assign(static_cast<size_t>(v.numel), 0);
  const auto add = [](std::vector<double>& x, int64_t i, double value) { x[static_cast<size_t>(i)] += value; };
  std::vector<double> weight(static_cast<size_t>(p.keys)), slope(weight);
  for (int64_t h = 0; h < p.heads; ++h) {
    for (int64_t i = 0; i < p.queries; ++i) {
      double top = -INFINITY, total = 0, mean = 0;
      for (int64_t j = 0; j < p.keys; ++j) {
        double score = 0;
        for (int64_t c = 0; c < p.depth; ++c) score += at(q, h, i, c) * at(k, h, j, c);
        score *= scale;
        if (mask) {
          const double m = at(*mask, h, i, j);
          score += mask->dtype == DType::boolean ? (m != 0 ? 0 : -INFINITY) : m;
        }
        if (p.causal && j > i) score = -INFINITY;
        weight[static_cast<size_t>(j)] = score;
        top = std::fmax(top, score);
      }
      if (top == -INFINITY) continue;
      for (double& w : weight) total += w = std::exp(w - top);
      for (int64_t j = 0; j < p.keys; ++j) {
        double& w = weight[static_cast<size_t>(j)];
        double& s = slope[static_cast<size_t>(j)] = 0;
        w /= total;
        for (int64_t c = 0; c < p.value_depth; ++c) {
          add(r.out, (h * p.queries + i) * p.value_depth + c, w * at(v, h, j, c));
          add(r.dv, (h * p.keys + j) * p.value_depth + c, w * at(g, h, i, c));
          s += at(g, h, i, c) * at(v, h, j, c);
        }
        mean += w * s;
      }
      for (int64_t j = 0; j < p.keys; ++j) {
        const double d = weight[static_cast<size_t>(j)] * (slope[static_cast<size_t>(j)] - mean) * scale;
        for (int64_t c = 0; c < p.depth; ++c) {
          add(r.dq, (h * p.queries + i) * p.depth + c, d * at(k, h, j, c));
          add(r.dk, (h * p.keys + j) * p.depth + c, d * at(q, h, i, c));
        }
      }
    }
  }
  return r;
}

void compare(DType dtype, const Problem& p, Layout layout) {
  const Dims q_shape{p.heads, p.queries, p.depth}, k_shape{p.heads, p.keys, p.depth};
  const Dims v_shape{p.heads, p.keys, p.value_depth}, out_shape{p.heads, p.queries, p.value_depth};
  const Tensor q = random_tensor(dtype, q_shape, layout), k = random_tensor(dtype, k_shape, layout);
  const Tensor v = random_tensor(dtype, v_shape, layout), g = random_tensor(dtype, out_shape, layout);
  const Dims mask_shape{p.heads, p.queries, p.keys};
  Tensor mask;
  if (p.mask == Problem::added) mask = random_tensor(dtype, mask_shape, layout);
  if (p.mask == Problem::boolean) mask = check::make(DType::boolean, mask_shape, layout, 0, 1);
  if (p.mask == Problem::one_row) {
    mask = broadcast_to(check::make(DType::boolean, {p.heads, 1, p.keys}, layout, 0, 1), mask_shape);
  }
  const Tensor* const given = p.mask == Problem::no_mask ? nullptr : &mask;
  const double scale = 1 / std::sqrt(static_cast<double>(p.depth));
  const Gradients want = reference(p, q, k, v, given, g, scale);
  const double tolerance = dtype == DType::f32 ? 3e-6 : 1e-13;
  std::vector<std::vector<double>> results;
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    Tensor out = empty(dtype, out_shape), lse = empty(dtype, {p.heads, p.queries});
    Tensor dq = empty(dtype, q_shape), dk = empty(dtype, k_shape), dv = empty(dtype, v_shape);
    attention(q, k, v, given, scale, p.causal, out, &lse);
    attention_backward(g, q, k, v, given, out, lse, scale, p.causal, dq, dk, dv);
    const std::string what = std::string(dtype_name(dtype)) + " " + to_string(q_shape) + " " + to_string(v_shape) +
                             (p.causal ? " causal" : "") + " mask " + std::to_string(p.mask);
    check::expect_tensor(out, dtype, out_shape, want.out, "attention " + what, tolerance);
    check::expect_tensor(dq, dtype, q_shape, want.dq, "dq " + what, tolerance);
    check::expect_tensor(dk, dtype, k_shape, want.dk, "dk " + what, 4 * tolerance);
    check::expect_tensor(dv, dtype, v_shape, want.dv, "dv " + what, 4 * tolerance);
    std::vector<double> all = check::values(out);
    for (const Tensor* x : {&dq, &dk, &dv}) {
      for (double value : check::values(*x)) all.push_back(value);
    }
    results.push_back(all);
    check::expect(results.back() == results.front(), "threads do not change attention " + what);
  }
}

void lengths_and_layouts() {
  const Problem problems[] = {
      {1, 1, 1, 1, 1, false, Problem::no_mask},      {2, 3, 5, 4, 7, false, Problem::no_mask},
      {2, 33, 57, 8, 8, true, Problem::no_mask},     {1, 65, 113, 33, 20, false, Problem::no_mask},
      {3, 40, 130, 64, 64, false, Problem::no_mask}, {1, 130, 130, 16, 35, true, Problem::no_mask},
      {2, 70, 30, 5, 6, true, Problem::no_mask},     {1, 30, 115, 6, 5, true, Problem::no_mask},
      {2, 37, 61, 8, 9, false, Problem::added},      {2, 37, 121, 8, 9, true, Problem::boolean},
      {2, 37, 121, 8, 9, false, Problem::one_row},   {1, 4, 300, 64, 64, false, Problem::boolean},
      {7, 5, 1, 3, 2, false, Problem::boolean},      {2, 16, 14, 12, 32, false, Problem::added},
  };
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const Problem& p : problems) {
      for (Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced, Layout::offset}) {
        compare(dtype, p, layout);
      }
    }
  }
}

void edges() {
  Tensor q = random_tensor(DType::f32, {2, 3, 4}, Layout::contiguous);
  Tensor none = empty(DType::f32, {2, 0, 4}), out = empty(DType::f32, {2, 3, 4});
  attention(q, none, none, nullptr, 1, false, out, nullptr);
  check::expect_tensor(out, DType::f32, {2, 3, 4}, std::vector<double>(24, 0), "no keys");
  attention(none, q, q, nullptr, 1, false, none, nullptr);
  // Heads that share one set of keys and values.
  const Tensor one = random_tensor(DType::f32, {1, 5, 4}, Layout::contiguous);
  const Tensor shared = broadcast_to(one, {2, 5, 4}), copied = contiguous(shared);
  Tensor other = empty(DType::f32, {2, 3, 4});
  attention(q, shared, shared, nullptr, 1, false, out, nullptr);
  attention(q, copied, copied, nullptr, 1, false, other, nullptr);
  check::expect(check::values(out) == check::values(other), "broadcast heads");

  check::expect_error("SHAPE_MISMATCH", "key",
                      [&] { attention(q, empty(DType::f32, {2, 5, 3}), q, nullptr, 1, false, out, nullptr); });
  check::expect_error("SHAPE_MISMATCH", "value", [&] { attention(q, copied, q, nullptr, 1, false, out, nullptr); });
  check::expect_error("DTYPE_MISMATCH", "scaledDotProductAttention", [&] {
    attention(q, check::make(DType::f64, {2, 5, 4}), copied, nullptr, 1, false, out, nullptr);
  });
  const Tensor whole = check::make(DType::i32, {2, 3, 4});
  check::expect_error("DTYPE_MISMATCH", "int32",
                      [&] { attention(whole, whole, whole, nullptr, 1, false, out, nullptr); });
  check::expect_error("SHAPE_MISMATCH", "mask", [&] { attention(q, copied, copied, &q, 1, false, out, nullptr); });
  check::expect_error("BAD_ARGUMENT", "memory", [&] { attention(q, copied, copied, nullptr, 1, false, q, nullptr); });
  Tensor flat = broadcast_to(empty(DType::f32, {1, 3, 4}), {2, 3, 4});
  check::expect_error("BAD_ARGUMENT", "memory",
                      [&] { attention(q, copied, copied, nullptr, 1, false, flat, nullptr); });
  // Keys that exist through a stride of 0 alone are more than the packing buffer can be.
  const Tensor endless = broadcast_to(empty(DType::f32, {1, 1, 4}), {1, int64_t{1} << 50, 4});
  const Tensor few = random_tensor(DType::f32, {1, 3, 4}, Layout::contiguous);
  Tensor result = empty(DType::f32, {1, 3, 4});
  check::expect_error("OUT_OF_MEMORY", "",
                      [&] { attention(few, endless, endless, nullptr, 1, false, result, nullptr); });
}

}  // namespace

int main() {
  return check::run("attention", [] {
    lengths_and_layouts();
    edges();
  });
}
