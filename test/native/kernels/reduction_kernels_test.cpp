// Reductions, scans, softmax, casts and optimizer steps of kernels.def against plain scalar code in a wider type, over
// shapes that reach every path and every tail. Runs under the ISA in force (FLAMBEAU_ISA).
#include "../kernel_values.h"

namespace {

struct Shape {
  size_t outer, n, inner;
};
const Shape kShapes[] = {{1, 1, 1},     {3, 2, 1}, {2, 7, 1}, {1, 16, 1}, {2, 63, 1},  {1, 300, 1}, {2, 1029, 1},
                         {1, 20011, 1}, {1, 1, 5}, {2, 3, 2}, {3, 17, 9}, {1, 16, 33}, {2, 40, 64}, {1, 5, 131},
                         {1, 1000, 70}, {2, 0, 3}, {0, 5, 3}, {1, 33, 1}, {1, 257, 16}};

template <class T>
void check_reductions() {
  for (const Shape& s : kShapes) {
    const size_t total = s.outer * s.n * s.inner;
    for (const bool special : {false, true}) {
      const Values<T> x = random_values<T>(total, special);
      const auto at = [&](size_t o, size_t k, size_t i) { return x[(o * s.n + k) * s.inner + i]; };
      const char* const* names;
      for (int r = 0, count = kernel_names("reduce", &names); r < count; ++r) {
        const std::string name = names[r];
        const bool extremum = name == "amax" || name == "amin";
        const ReduceFn kernel = kernels().reduce[r][kSlot<T>];
        if (kernel == nullptr || (extremum && s.n == 0) || (!extremum && special && std::is_floating_point_v<T>))
          continue;
        if (std::is_floating_point_v<T> && name == "prod" && s.n > 300) continue;  // under- and overflows on the way
        Output<T> y(s.outer * s.inner);
        kernel(x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            Real want = name == "prod" ? 1 : extremum ? Real(at(o, 0, i)) : 0, size = 0;
            uint64_t wrapped = name == "prod";
            for (size_t k = 0; k < s.n; ++k) {
              const Real v = at(o, k, i);
              size += std::fabs(v);
              want = name == "sum"    ? want + v
                     : name == "prod" ? want * v
                     : name == "amax" ? nan_max(want, v)
                                      : nan_min(want, v);
              if constexpr (!std::is_floating_point_v<T>) {
                wrapped = name == "prod" ? wrapped * static_cast<uint64_t>(at(o, k, i))
                                         : wrapped + static_cast<uint64_t>(at(o, k, i));
              }
            }
            if (!std::is_floating_point_v<T> && !extremum) want = static_cast<T>(wrapped);
            // The bound of pairwise summation: (16 + log2 of the blocks) roundings of the sum of magnitudes.
            const double slack = name == "sum" ? 16 * epsilon<T>() * static_cast<double>(size) : 0;
            const double relative = name == "prod" ? static_cast<double>(s.n) * epsilon<T>() : 0;
            expect<T>(names[r], s.n, o * s.inner + i, y.values[o * s.inner + i], want, relative,
                      name == "prod" ? 1e-36 : slack);
          }
        }
      }
      for (int r = 0, count = kernel_names("argReduce", &names); r < count; ++r) {
        if (s.n == 0) continue;
        const bool max = !std::strcmp(names[r], "argmax");
        Output<int64_t> y(s.outer * s.inner);
        kernels().arg_reduce[r][kSlot<T>](x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            size_t best = 0;
            for (size_t k = 1; k < s.n; ++k) {
              const auto a = at(o, k, i), b = at(o, best, i);
              if (b == b && (a != a || (max ? a > b : a < b))) best = k;
            }
            expect<int64_t>(names[r], s.n, o * s.inner + i, y.values[o * s.inner + i], best, 0, 0);
          }
        }
      }
      for (int r = 0, count = kernel_names("scan", &names); r < count; ++r) {
        const ReduceFn kernel = kernels().scan[r][kSlot<T>];
        if (kernel == nullptr || (special && std::is_floating_point_v<T>)) continue;
        const bool product = !std::strcmp(names[r], "cumprod");
        Output<T> y(total);
        kernel(x.data(), y.data(), s.outer, s.n, s.inner);
        y.check_canaries(names[r]);
        for (size_t o = 0; o < s.outer; ++o) {
          for (size_t i = 0; i < s.inner; ++i) {
            using Wide = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
            Wide running = product;
            for (size_t k = 0; k < s.n; ++k) {
              const Wide v = static_cast<Wide>(at(o, k, i));
              running = product ? running * v : running + v;
              const size_t index = (o * s.n + k) * s.inner + i;
              expect<T>(names[r], s.n, index, y.values[index], static_cast<T>(running), 0, 0);
            }
          }
        }
      }
    }
  }
}

// A sum whose terms grow it far beyond each of them: naive accumulation in f32 loses 4 digits here.
void check_sum_accuracy() {
  const size_t n = size_t(1) << 22;
  std::vector<float> x(n, 0.1f);
  const Real want = Real(0.1f) * n;
  float y = 0;
  const ReduceFn sum = kernels().reduce[static_cast<int>(ReduceKernel::sum)][kSlot<float>];
  sum(x.data(), &y, 1, n, 1);
  expect<float>("sum of 2^22 tenths", n, 0, y, want, 4 * epsilon<float>(), 0);
  std::vector<float> columns(8);
  sum(x.data(), columns.data(), 1, n / 8, 8);
  for (size_t i = 0; i < 8; ++i)
    expect<float>("sum of 2^19 tenths, columns", n / 8, i, columns[i], want / 8, 4 * epsilon<float>(), 0);
}

template <class T>
void check_softmax() {
  const auto softmax = kernels().softmax[static_cast<int>(SoftmaxKernel::softmax)][kSlot<T>];
  const auto log_softmax = kernels().softmax[static_cast<int>(SoftmaxKernel::logSoftmax)][kSlot<T>];
  const auto backward = kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::softmaxBackward)][kSlot<T>];
  const auto log_backward =
      kernels().softmax_backward[static_cast<int>(SoftmaxBackwardKernel::logSoftmaxBackward)][kSlot<T>];
  for (const Shape& s : kShapes) {
    const size_t total = s.outer * s.n * s.inner;
    Values<T> x = random_values<T>(total, false);
    const Values<T> g = random_values<T>(total, false);
    for (size_t i = 0; i < total; i += 11) x[i] = -std::numeric_limits<T>::infinity();
    for (size_t i = 5; i < total; i += 501) x[i] = 1000;  // would overflow without the shift
    Output<T> y(total), logs(total), dx(total), dlogs(total);
    softmax(x.data(), y.data(), s.outer, s.n, s.inner, s.inner);
    log_softmax(x.data(), logs.data(), s.outer, s.n, s.inner, s.inner);
    backward(g.data(), y.data(), dx.data(), s.outer, s.n, s.inner, s.inner);
    log_backward(g.data(), logs.data(), dlogs.data(), s.outer, s.n, s.inner, s.inner);
    for (const auto* output : {&y, &logs, &dx, &dlogs}) output->check_canaries("softmax");
    Output<T> in_place(total);
    std::copy(x.begin(), x.end(), in_place.values.begin());
    softmax(in_place.data(), in_place.data(), s.outer, s.n, s.inner, s.inner);
    for (size_t o = 0; o < s.outer; ++o) {
      for (size_t i = 0; i < s.inner; ++i) {
        const auto index = [&](size_t k) { return (o * s.n + k) * s.inner + i; };
        Real top = -INFINITY, sum = 0, dot = 0, grad_sum = 0;
        for (size_t k = 0; k < s.n; ++k) top = std::fmax(top, Real(x[index(k)]));
        for (size_t k = 0; k < s.n; ++k) sum += std::exp(x[index(k)] - top);
        for (size_t k = 0; k < s.n; ++k) dot += Real(g[index(k)]) * y.values[index(k)], grad_sum += g[index(k)];
        // The shifted input is rounded before exp, which costs half an ulp of it.
        const double e = epsilon<T>();
        for (size_t k = 0; k < s.n; ++k) {
          const size_t at = index(k);
          const Real shifted = x[at] - top, p = std::exp(shifted) / sum;
          const double slack = std::isfinite(shifted) ? 16 * e + static_cast<double>(std::fabs(shifted)) * e : 16 * e;
          expect<T>("softmax", s.n, at, y.values[at], p, slack, 1e-37);
          expect<T>("softmax in place", s.n, at, in_place.values[at], p, slack, 1e-37);
          expect<T>("logSoftmax", s.n, at, logs.values[at], shifted - std::log(sum), slack, 16 * e);
          if (std::isnan(p)) continue;
          const double grads =
              1e-36 + 64 * e * static_cast<double>(1 + std::fabs(dot) + std::fabs(grad_sum) + std::fabs(g[at]));
          expect<T>("softmaxBackward", s.n, at, dx.values[at], (g[at] - dot) * y.values[at], 16 * e, grads);
          expect<T>("logSoftmaxBackward", s.n, at, dlogs.values[at], g[at] - std::exp(Real(logs.values[at])) * grad_sum,
                    16 * e, grads + 1000 * e * static_cast<double>(p));
        }
      }
    }
  }
}

// Against the formula in a wider type, and its gradient: ignored rows, class weights, smoothing, lengths around every
// vector's.
template <class T>
void check_cross_entropy() {
  const auto forward = kernels().cross_entropy[kSlot<T>];
  const auto backward = kernels().cross_entropy_backward[kSlot<T>];
  for (const size_t classes : {1, 2, 7, 16, 33, 64, 257, 1029}) {
    for (int variant = 0; variant < 8; ++variant) {
      constexpr size_t kRows = 5;
      const bool weighted = variant & 1, smooth = variant & 2, by_row = variant & 4;
      Values<T> x = random_values<T>(kRows * classes, false);
      for (size_t i = 3; i < x.size(); i += 101) x[i] = 1000;
      Values<T> weight = random_values<T>(classes, false);
      for (auto& w : weight) w = std::fabs(w);
      const Values<T> g = random_values<T>(kRows, false);
      int64_t target[kRows];
      for (size_t i = 0; i < kRows; ++i) target[i] = i == 1 ? -100 : static_cast<int64_t>((i * 37) % classes);
      Real weight_sum = 0;
      for (const T w : weight) weight_sum += weighted ? Real(w) : 1;
      const Real smoothing = smooth ? T(0.125) : 0;
      const CrossEntropyArgs args = {target, -100, weighted ? weight.data() : nullptr, static_cast<double>(smoothing),
                                     static_cast<double>(weight_sum)};
      Output<T> losses(kRows), weights(kRows), stats(2 * kRows), dx(kRows * classes);
      forward(&args, x.data(), losses.data(), weights.data(), stats.data(), kRows, classes);
      backward(&args, x.data(), stats.data(), g.data(), by_row, dx.data(), kRows, classes);
      for (const auto* output : {&losses, &weights, &stats, &dx}) output->check_canaries("crossEntropy");
      for (size_t i = 0; i < kRows; ++i) {
        const T* row = x.data() + i * classes;
        const auto w = [&](size_t c) { return weighted ? Real(weight[c]) : Real(1); };
        if (target[i] == -100) {
          expect<T>("crossEntropy ignored", classes, i, losses.values[i], 0, 0, 0);
          expect<T>("crossEntropy ignored weight", classes, i, weights.values[i], 0, 0, 0);
          for (size_t c = 0; c < classes; ++c) {
            expect<T>("crossEntropy ignored gradient", classes, c, dx.values[i * classes + c], 0, 0, 0);
          }
          continue;
        }
        const size_t t = static_cast<size_t>(target[i]);
        Real top = -INFINITY, sum = 0, spread = 0, size = 0;
        for (size_t c = 0; c < classes; ++c) top = std::fmax(top, Real(row[c]));
        for (size_t c = 0; c < classes; ++c) sum += std::exp(row[c] - top);
        const auto loss = [&](size_t c) { return std::log(sum) + top - row[c]; };
        for (size_t c = 0; c < classes; ++c) {
          spread += w(c) * loss(c);
          size += w(c) * (std::fabs(loss(c)) + std::fabs(top - row[c]));
        }
        const Real share = smoothing / static_cast<Real>(classes);
        const double e = epsilon<T>();
        const Real want = (1 - smoothing) * w(t) * loss(t) + share * spread;
        const Real magnitude = (1 - smoothing) * w(t) * (std::fabs(loss(t)) + std::fabs(top - row[t])) + share * size;
        expect<T>("crossEntropy", classes, i, losses.values[i], want, 8 * e,
                  32 * e * static_cast<double>(magnitude + 1));
        expect<T>("crossEntropy weight", classes, i, weights.values[i], w(t), 0, 0);
        const Real grad = g[by_row ? i : 0];
        for (size_t c = 0; c < classes; ++c) {
          const Real p = std::exp(row[c] - top) / sum;
          const Real hit = (1 - smoothing) * w(t);
          const Real slope = p * (hit + share * weight_sum) - share * w(c) - (c == t ? hit : 0);
          const double slack = 32 * e * static_cast<double>(std::fabs(grad) * (hit + share * weight_sum + 1));
          expect<T>("crossEntropyBackward", classes, c, dx.values[i * classes + c], grad * slope, 0, slack);
        }
      }
    }
  }
}

// What PyTorch gives on x86, also where C++ leaves the conversion undefined.
template <class From, class To>
Real cast_reference(Stored<From> x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != 0;
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    using Wide = std::conditional_t<std::is_same_v<To, int32_t>, int32_t, int64_t>;
    const Real truncated = std::trunc(static_cast<Real>(x));
    const bool fits = truncated >= std::numeric_limits<Wide>::min() &&
                      truncated < -static_cast<Real>(std::numeric_limits<Wide>::min());
    return static_cast<To>(fits ? static_cast<Wide>(truncated) : std::numeric_limits<Wide>::min());
  } else {
    return static_cast<Real>(static_cast<To>(x));
  }
}
template <class From, class To>
void check_cast() {
  for (size_t n = 0; n <= 70; ++n) {
    Values<From> x = random_values<From>(n);
    if constexpr (std::is_floating_point_v<From>) {
      const From kEdges[] = {From(2147483647.5), From(2147483648.0), From(-2147483648.5), From(-2147483649.0),
                             From(9.3e18),       From(-9.3e18),      From(256.5),         From(-1.5),
                             From(-300),         From(4294967297.0), From(1e15 + 3)};
      for (size_t i = 0; i < n; i += 2) x[i] = kEdges[(i / 2 + n) % 11];
    }
    Output<To> y(n);
    kernels().cast[kSlot<From>][kSlot<To>](x.data(), y.data(), n);
    y.check_canaries("cast");
    for (size_t i = 0; i < n; ++i) {
      const Real want = cast_reference<From, To>(x[i]);
      ++check::checks;
      if (!close<Stored<To>>(y.values[i], want, 0, 0)) {
        check::fail("cast %s to %s of %.12Lg: expected %.12Lg, got %.12Lg", kDTypeNames[kSlot<From>],
                    kDTypeNames[kSlot<To>], static_cast<Real>(x[i]), want, static_cast<Real>(y.values[i]));
      }
    }
  }
}
template <class From>
void check_casts() {
  check_cast<From, float>();
  check_cast<From, double>();
  check_cast<From, int32_t>();
  check_cast<From, int64_t>();
  check_cast<From, uint8_t>();
  check_cast<From, int8_t>();
  check_cast<From, bool>();
}

template <class T>
void check_optimizers() {
  for (size_t n = 0; n <= 70; n += 7) {
    for (int variant = 0; variant < 32; ++variant) {
      const bool maximize = variant & 1, flag = variant & 2, decay = variant & 4, momentum = variant & 8,
                 first = variant & 16;
      const Values<T> w0 = random_values<T>(n, false), g = random_values<T>(n, false), b0 = random_values<T>(n, false);
      Values<T> positive = random_values<T>(n, false), largest = random_values<T>(n, false);
      for (auto& v : positive) v = std::fabs(v);
      for (auto& v : largest) v = std::fabs(v);

      SgdArgs sgd = {0.1, momentum ? 0.9 : 0, 0.2, decay ? 0.01 : 0, momentum && flag, maximize, first};
      Output<T> w(n), buffer(n);
      std::copy(w0.begin(), w0.end(), w.values.begin());
      std::copy(b0.begin(), b0.end(), buffer.values.begin());
      kernels().sgd[kSlot<T>](&sgd, w.data(), g.data(), buffer.data(), n);
      w.check_canaries("sgd");
      buffer.check_canaries("sgd");
      for (size_t i = 0; i < n; ++i) {
        Real d = (maximize ? -1 : 1) * Real(g[i]) + sgd.weight_decay * w0[i];
        Real m = b0[i];
        if (momentum) {
          m = first ? d : m * sgd.momentum + (1 - sgd.dampening) * d;
          d = sgd.nesterov ? d + sgd.momentum * m : m;
        }
        expect<T>("sgd buffer", n, i, buffer.values[i], m, 4 * epsilon<T>(), 8 * epsilon<T>());
        expect<T>("sgd", n, i, w.values[i], w0[i] - sgd.lr * d, 4 * epsilon<T>(), 8 * epsilon<T>());
      }

      AdamArgs adam = {0.1,   flag ? 0.3 : 0.9, 0.999,    1e-8,  decay ? 0.1 : 0,
                       0.271, 0.002997001,      momentum, first, maximize};
      Output<T> p(n), average(n), square(n), peak(n);
      std::copy(w0.begin(), w0.end(), p.values.begin());
      std::copy(b0.begin(), b0.end(), average.values.begin());
      std::copy(positive.begin(), positive.end(), square.values.begin());
      std::copy(largest.begin(), largest.end(), peak.values.begin());
      kernels().adam[kSlot<T>](&adam, p.data(), g.data(), average.data(), square.data(), peak.data(), n);
      for (const auto* output : {&p, &average, &square, &peak}) output->check_canaries("adam");
      for (size_t i = 0; i < n; ++i) {
        Real d = (maximize ? -1 : 1) * Real(g[i]), x = w0[i];
        if (adam.decoupled) x *= 1 - adam.lr * adam.weight_decay;
        else d += adam.weight_decay * w0[i];
        const Real m = adam.beta1 * b0[i] + (1 - adam.beta1) * d;
        const Real v = adam.beta2 * positive[i] + (1 - adam.beta2) * d * d;
        const Real top = adam.amsgrad ? std::fmax(Real(largest[i]), v) : v;
        const Real step =
            adam.lr / adam.bias_correction1 * m / (std::sqrt(top) / std::sqrt(Real(adam.bias_correction2)) + adam.eps);
        const double e = epsilon<T>();
        expect<T>("adam average", n, i, average.values[i], m, 8 * e, 16 * e);
        expect<T>("adam square", n, i, square.values[i], v, 8 * e, 16 * e);
        expect<T>("adam peak", n, i, peak.values[i], adam.amsgrad ? top : largest[i], 8 * e, 16 * e);
        expect<T>("adam", n, i, p.values[i], x - step, 8 * e,
                  16 * e + 16 * e * static_cast<double>(std::fabs(step) + std::fabs(x)));
      }
    }
  }
}

template <class T>
void check_every() {
  check_reductions<T>();
  check_casts<T>();
  if constexpr (std::is_floating_point_v<T>) {
    check_softmax<T>();
    check_cross_entropy<T>();
    check_optimizers<T>();
  }
}

}  // namespace

int main() {
  return check::run("reduction_kernels_test", [] {
    check_every<float>();
    check_every<double>();
    check_every<int32_t>();
    check_every<int64_t>();
    check_every<uint8_t>();
    check_every<int8_t>();
    check_every<bool>();
    check_sum_accuracy();
  });
}
