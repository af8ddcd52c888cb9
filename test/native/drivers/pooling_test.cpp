// Pooling against a loop over each window, for windows of every kind; bits must not depend on the number of threads.
#include <cstring>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;

namespace {

Tensor random_planes(DType dtype, const Dims& shape, bool special) {
  const Tensor t = empty(dtype, shape);
  for (int64_t i = 0; i < t.numel; ++i) {
    const uint32_t r = check::random_bits();
    check::set(t, i, special && r % 17 == 0 ? NAN : special && r % 5 == 0 ? -INFINITY : static_cast<double>(r % 9) - 4);
  }
  return t;
}

struct Span {
  int64_t begin, end, step, padded;  // padded: elements that count with the padding
};
Span span(const PoolAxis& a, int64_t i) {
  if (a.kernel == 0) {
    const int64_t begin = i * a.size / a.out, end = ((i + 1) * a.size + a.out - 1) / a.out;
    return {begin, end, 1, end - begin};
  }
  int64_t begin = i * a.stride - a.pad;
  const int64_t padded = std::min(begin + a.kernel, a.size + a.pad) - begin;
  const int64_t end = std::min(begin + (a.kernel - 1) * a.dilation + 1, a.size);
  while (begin < 0) begin += a.dilation;
  return {begin, end, a.dilation, padded};
}

void check_pooling(DType dtype, int64_t planes, const PoolArgs& args, const std::string& what) {
  const Dims shape = {planes, args.h.size, args.w.size}, out_shape = {planes, args.h.out, args.w.out};
  const DType places = dtype == DType::f32 ? DType::i32 : DType::i64;
  for (const bool special : {false, true}) {
    const Tensor x = random_planes(dtype, shape, special), g = random_planes(dtype, out_shape, false);
    std::vector<double> maxima, where, averages, dmax(static_cast<size_t>(x.numel)), davg(static_cast<size_t>(x.numel));
    for (int64_t p = 0; p < planes; ++p) {
      const int64_t plane = p * args.h.size * args.w.size;
      for (int64_t oh = 0; oh < args.h.out; ++oh) {
        for (int64_t ow = 0; ow < args.w.out; ++ow) {
          const Span h = span(args.h, oh), w = span(args.w, ow);
          double best = -INFINITY, sum = 0, count = 0;
          int64_t at = h.begin * args.w.size + w.begin;
          for (int64_t i = h.begin; i < h.end; i += h.step) {
            for (int64_t j = w.begin; j < w.end; j += w.step) {
              const double v = check::get(x, plane + i * args.w.size + j);
              sum += v;
              ++count;
              if (!(v > best || v != v)) continue;
              best = v;
              at = i * args.w.size + j;
            }
          }
          const double divisor = args.divisor != 0        ? args.divisor
                                 : args.count_include_pad ? static_cast<double>(h.padded * w.padded)
                                                          : count;
          const double grad = check::get(g, static_cast<int64_t>(maxima.size()));
          maxima.push_back(best);
          where.push_back(static_cast<double>(at));
          averages.push_back(sum / divisor);
          dmax[static_cast<size_t>(plane + at)] += grad;
          for (int64_t i = h.begin; i < h.end; ++i) {
            for (int64_t j = w.begin; j < w.end; ++j)
              davg[static_cast<size_t>(plane + i * args.w.size + j)] += grad / divisor;
          }
        }
      }
    }
    Tensor first[4];
    for (const int threads : {1, 2}) {
      set_num_threads(threads);
      Tensor y, plain, indices, average, dx, dx_average;
      max_pool(x, args, &indices, y);
      max_pool(x, args, nullptr, plain);
      max_pool_backward(g, indices, args, dx);
      check::expect_tensor(y, dtype, out_shape, maxima, what + " max");
      check::expect_tensor(plain, dtype, out_shape, maxima, what + " max without indices");
      check::expect_tensor(indices, places, out_shape, where, what + " indices");
      check::expect_tensor(dx, dtype, shape, dmax, what + " max backward");
      const Tensor now[] = {y, dx, average, dx_average};
      if (args.h.dilation == 1 && args.w.dilation == 1) {
        avg_pool(x, args, average);
        avg_pool_backward(g, args, dx_average);
        const double tolerance = dtype == DType::f32 ? 4e-7 : 1e-15;
        if (!special) check::expect_tensor(average, dtype, out_shape, averages, what + " average", tolerance);
        check::expect_tensor(dx_average, dtype, shape, davg, what + " average backward", tolerance * 8);
        if (threads == 1) first[2] = average, first[3] = dx_average;
        else
          check::expect(std::memcmp(first[3].data(), dx_average.data(),
                                    static_cast<size_t>(dx_average.numel) * item_size(dtype)) == 0,
                        what + ": the average's gradient depends on threads");
      }
    }
  }
}

PoolAxis axis(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation, bool ceil) {
  int64_t out = (size + 2 * pad - dilation * (kernel - 1) - 1 + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (out - 1) * stride >= size + pad) --out;
  return {size, out, kernel, stride, pad, dilation};
}

void check_all(DType dtype) {
  const PoolAxis axes[] = {axis(8, 2, 2, 0, 1, false),    axis(7, 3, 2, 1, 1, false),   axis(33, 3, 1, 1, 1, false),
                           axis(40, 2, 3, 1, 1, true),    axis(19, 3, 2, 1, 2, false),  axis(100, 5, 4, 2, 1, true),
                           axis(130, 70, 3, 9, 1, false), {10, 4, 0, 1, 0, 1},          {5, 9, 0, 1, 0, 1},
                           axis(6, 1, 1, 0, 1, false),    axis(5000, 3, 2, 1, 1, false)};
  for (const PoolAxis& h : axes) {
    for (const PoolAxis& w : axes) {
      if (h.size * w.size > 200000) continue;
      if ((h.kernel == 0) != (w.kernel == 0)) continue;
      const std::string what = "pool " + std::to_string(h.size) + "/" + std::to_string(h.kernel) + " by " +
                               std::to_string(w.size) + "/" + std::to_string(w.kernel);
      check_pooling(dtype, h.size * w.size > 2000 ? 2 : 5, {h, w, true, 0}, what);
      if (h.size * w.size < 2000) check_pooling(dtype, 3, {h, w, false, 0}, what + " without padding");
    }
  }
  check_pooling(dtype, 2, {axes[0], axes[1], true, 5}, "pool with a divisor");
}

void check_refusals() {
  const Tensor x = random_planes(DType::f32, {2, 8, 8}, false), ints = empty(DType::i32, {2, 8, 8});
  Tensor y, indices;
  const PoolAxis good = axis(8, 2, 2, 0, 1, false);
  const auto bad = [&](const PoolAxis& a) {
    check::expect_error("BAD_ARGUMENT", "windows inside the input",
                        [&] { max_pool(x, {a, good, false, 0}, &indices, y); });
    check::expect_error("BAD_ARGUMENT", "windows inside the input", [&] { avg_pool(x, {good, a, false, 0}, y); });
  };
  bad({8, 4, 2, 0, 0, 1});
  bad({8, 4, 2, 2, 0, 0});
  bad({8, 4, 2, 2, 2, 1});
  bad({8, 5, 2, 2, 0, 1});
  bad({8, 4, int64_t(1) << 40, 2, 0, 1});
  bad({8, int64_t(1) << 40, 0, 1, 0, 1});
  check::expect_error("SHAPE_MISMATCH", "planes of 7 by 8",
                      [&] { max_pool(x, {axis(7, 2, 2, 0, 1, false), good, false, 0}, nullptr, y); });
  check::expect_error("DTYPE_MISMATCH", "int32", [&] { max_pool(ints, {good, good, false, 0}, nullptr, y); });
  // Places outside the plane, which no forward makes, are passed over.
  const Tensor g = random_planes(DType::f32, {1, 1, 2}, false);
  const Tensor places = check::from(DType::i32, {1, 1, 2}, {-1, 99});
  max_pool_backward(g, places, {axis(1, 1, 1, 0, 1, false), axis(2, 1, 1, 0, 1, false), false, 0}, y);
  check::expect_tensor(y, DType::f32, {1, 1, 2}, {0, 0}, "places outside");
}

}  // namespace

int main() {
  return check::run("pooling_test", [] {
    check_all(DType::f32);
    check_all(DType::f64);
    check_refusals();
  });
}
