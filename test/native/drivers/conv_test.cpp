// Convolution and its two gradients against plain double-precision sums: strides, paddings, dilations, groups, layouts
// and sizes that fill no tile, and the promise that the number of threads changes no bit.
#include <functional>

#include "../reference.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;
using check::Layout;

namespace {

void plain_conv(const Tensor& x, const Tensor& w, const Tensor* bias, const ConvParams& p, Tensor& out) {
  conv(x, w, bias, nullptr, nullptr, Activation::none, p, out);
}
void plain_conv_input(const Tensor& g, const Tensor& w, const Tensor* bias, const ConvParams& p, Tensor& out) {
  conv_input(g, w, bias, nullptr, nullptr, Activation::none, p, out);
}

struct Case {
  int64_t n, c, h, w, o, kh, kw;
  ConvParams p;
};

int64_t out_size(int64_t in, int64_t k, int64_t stride, int64_t padding, int64_t dilation) {
  return (in + 2 * padding - dilation * (k - 1) - 1) / stride + 1;
}

Case make_case(int64_t n, int64_t c, int64_t h, int64_t w, int64_t o, int64_t kh, int64_t kw, int64_t sy = 1,
               int64_t sx = 1, int64_t py = 0, int64_t px = 0, int64_t dy = 1, int64_t dx = 1, int64_t groups = 1) {
  return {
      n, c,  h,  w,
      o, kh, kw, {{sy, sx}, {py, px}, {dy, dx}, groups, {out_size(h, kh, sy, py, dy), out_size(w, kw, sx, px, dx)}}};
}

std::string describe(const Case& t) {
  std::string text;
  for (const int64_t v : {t.n, t.c, t.h, t.w, t.o, t.kh, t.kw, t.p.stride[0], t.p.stride[1], t.p.padding[0],
                          t.p.padding[1], t.p.dilation[0], t.p.dilation[1], t.p.groups}) {
    text += std::to_string(v) + " ";
  }
  return text;
}

// Calls f(x index, weight index, out index) for every product of the sum.
void for_each_product(const Case& t, const std::function<void(size_t, size_t, size_t)>& f) {
  const int64_t oh = t.p.size[0], ow = t.p.size[1], cg = t.c / t.p.groups, og = t.o / t.p.groups;
  for (int64_t n = 0; n < t.n; ++n) {
    for (int64_t o = 0; o < t.o; ++o) {
      for (int64_t y = 0; y < oh; ++y) {
        for (int64_t x = 0; x < ow; ++x) {
          for (int64_t c = 0; c < cg; ++c) {
            for (int64_t i = 0; i < t.kh; ++i) {
              for (int64_t j = 0; j < t.kw; ++j) {
                const int64_t sy = y * t.p.stride[0] - t.p.padding[0] + i * t.p.dilation[0];
                const int64_t sx = x * t.p.stride[1] - t.p.padding[1] + j * t.p.dilation[1];
                if (sy < 0 || sy >= t.h || sx < 0 || sx >= t.w) continue;
                f(static_cast<size_t>(((n * t.c + o / og * cg + c) * t.h + sy) * t.w + sx),
                  static_cast<size_t>(((o * cg + c) * t.kh + i) * t.kw + j),
                  static_cast<size_t>(((n * t.o + o) * oh + y) * ow + x));
              }
            }
          }
        }
      }
    }
  }
}

Tensor random(DType dtype, const Dims& shape, Layout layout) {
  const Tensor t = check::make(dtype, shape, layout);
  for (int64_t i = 0; i < t.numel; ++i) check::set(t, i, static_cast<double>(check::random_bits() % 20001) / 1e4 - 1);
  return t;
}

// |got - want| <= bound · Σ |products|, the textbook bound for any order of summation.
void expect_close(const Tensor& got, const std::vector<double>& want, const std::vector<double>& size,
                  const std::vector<double>& terms, const std::string& what) {
  const double epsilon = got.dtype == DType::f32 ? 0x1p-24 : 0x1p-53;
  ++check::checks;
  for (int64_t i = 0; i < got.numel; ++i) {
    const size_t at = static_cast<size_t>(i);
    const double bound = epsilon * (terms[at] + 4) * (size[at] + 1) + 1e-300;
    if (!(std::fabs(check::get(got, i) - want[at]) <= 2 * bound)) {
      return check::fail("%s: element %lld is %.9g, want %.9g", what.c_str(), static_cast<long long>(i),
                         check::get(got, i), want[at]);
    }
  }
}

void check_case(const Case& t, DType dtype, Layout layout) {
  const int64_t cg = t.c / t.p.groups;
  const Dims x_shape{t.n, t.c, t.h, t.w}, w_shape{t.o, cg, t.kh, t.kw}, y_shape{t.n, t.o, t.p.size[0], t.p.size[1]};
  const Tensor x = random(dtype, x_shape, layout), w = random(dtype, w_shape, layout);
  const Tensor g = random(dtype, y_shape, layout), bias = random(dtype, {t.o}, layout),
               up = random(dtype, {t.c}, layout);
  const auto vx = check::values(x), vw = check::values(w), vg = check::values(g), vb = check::values(bias),
             vu = check::values(up);
  struct Sum {
    std::vector<double> value, size, terms;
    explicit Sum(size_t n) : value(n), size(n), terms(n) {}
    void add(size_t at, double product) {
      value[at] += product;
      size[at] += std::fabs(product);
      terms[at] += 1;
    }
  } y(vg.size()), dx(vx.size()), dw(vw.size());
  for_each_product(t, [&](size_t i, size_t k, size_t o) {
    y.add(o, vx[i] * vw[k]);
    dx.add(i, vg[o] * vw[k]);
    dw.add(k, vg[o] * vx[i]);
  });
  const int64_t out_plane = t.p.size[0] * t.p.size[1], in_plane = t.h * t.w;
  for (size_t i = 0; i < vg.size(); ++i) y.add(i, vb[i / static_cast<size_t>(out_plane) % static_cast<size_t>(t.o)]);
  for (size_t i = 0; i < vx.size(); ++i) dx.add(i, vu[i / static_cast<size_t>(in_plane) % static_cast<size_t>(t.c)]);

  const std::string what = describe(t) + dtype_name(dtype);
  ConvParams back = t.p, kernel = t.p;
  back.size[0] = t.h, back.size[1] = t.w;
  kernel.size[0] = t.kh, kernel.size[1] = t.kw;
  std::vector<Tensor> first;
  for (const int threads : {1, 2, 3, 16}) {
    set_num_threads(threads);
    Tensor out, out_x, out_w;
    plain_conv(x, w, &bias, t.p, out);
    plain_conv_input(g, w, &up, back, out_x);
    conv_weight(x, g, kernel, out_w);
    if (threads == 1) {
      expect_close(out, y.value, y.size, y.terms, "forward " + what);
      expect_close(out_x, dx.value, dx.size, dx.terms, "by input " + what);
      expect_close(out_w, dw.value, dw.size, dw.terms, "by weight " + what);
      first = {out, out_x, out_w};
      continue;
    }
    const Tensor now[] = {out, out_x, out_w};
    for (int i = 0; i < 3; ++i) {
      check::expect(now[i].numel == 0 || std::memcmp(now[i].data(), first[static_cast<size_t>(i)].data(),
                                                     static_cast<size_t>(now[i].numel) * item_size(dtype)) == 0,
                    what + ": differs between thread counts, result " + std::to_string(i));
    }
  }
}

void all_cases() {
  const Case cases[] = {
      make_case(1, 1, 1, 1, 1, 1, 1),
      make_case(2, 3, 5, 6, 4, 3, 3),
      make_case(1, 3, 9, 8, 5, 3, 3, 1, 1, 1, 1),
      make_case(2, 5, 12, 13, 17, 5, 3, 1, 1, 2, 1),
      make_case(1, 3, 23, 25, 16, 7, 7, 2, 2, 3, 3),
      make_case(1, 4, 10, 11, 6, 3, 2, 2, 3, 1, 0),
      make_case(1, 2, 9, 14, 3, 3, 4, 1, 1, 4, 5, 3, 2),
      make_case(2, 6, 8, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3),
      make_case(2, 8, 8, 9, 8, 3, 3, 1, 1, 1, 1, 1, 1, 8),
      make_case(1, 8, 15, 9, 8, 5, 5, 2, 2, 2, 2, 1, 1, 8),
      make_case(1, 4, 9, 9, 8, 3, 3, 1, 1, 2, 2, 2, 2, 4),
      make_case(3, 33, 7, 7, 35, 1, 1),
      make_case(2, 16, 14, 14, 20, 1, 1, 2, 2),
      make_case(1, 8, 16, 16, 12, 4, 4, 4, 4),
      make_case(1, 2, 3, 4, 2, 3, 3, 1, 1, 40, 40, 40, 40),
      make_case(0, 3, 5, 5, 4, 3, 3),
      make_case(2, 3, 1, 200, 4, 1, 9, 1, 1, 0, 4),
      make_case(1, 64, 20, 20, 64, 3, 3, 1, 1, 1, 1),
      make_case(1, 40, 13, 30, 48, 3, 3, 1, 1, 1, 1),
      make_case(5, 32, 9, 7, 33, 3, 3, 1, 1, 0, 1),
      make_case(1, 96, 7, 7, 130, 3, 3, 1, 1, 1, 1),
      make_case(1, 40, 14, 14, 70, 3, 3, 2, 2, 1, 1),
      make_case(3, 1, 28, 28, 32, 3, 3),
      make_case(1, 3, 47, 66, 20, 7, 7, 2, 2, 3, 3),
      make_case(2, 8, 31, 40, 24, 5, 5, 2, 2, 2, 1),
      make_case(1, 4, 40, 37, 32, 8, 8, 2, 2, 0, 3),
      make_case(1, 5, 17, 37, 10, 3, 3, 1, 1, 1, 1, 1, 1, 5),
      make_case(1, 3, 22, 19, 3, 5, 5, 1, 1, 2, 2, 1, 1, 3),
      make_case(1, 3, 22, 39, 3, 3, 3, 2, 2, 1, 1, 1, 1, 3),
      make_case(1, 3, 12, 39, 3, 2, 4, 1, 1, 1, 1, 2, 1, 3),
      make_case(2, 17, 16, 19, 18, 1, 1),
      make_case(1, 20, 28, 29, 24, 3, 3, 1, 1, 1, 1),
      make_case(9, 32, 10, 11, 33, 3, 3, 1, 1, 0, 1),
      make_case(2, 20, 29, 35, 24, 3, 3, 2, 2, 1, 1),
      make_case(1, 33, 40, 34, 17, 3, 3, 2, 2, 0, 2),
      make_case(1, 20, 30, 27, 24, 4, 4, 2, 2, 1, 1),
      make_case(2, 33, 37, 70, 17, 4, 4, 2, 2, 0, 2),
      make_case(1, 16, 21, 24, 35, 4, 4, 2, 2, 3, 1),
  };
  for (const Case& t : cases) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      for (const Layout layout : check::kLayouts) {
        if (layout == Layout::contiguous || t.n * t.c * t.o * t.h * t.w < 20000) check_case(t, dtype, layout);
      }
    }
  }
}

// What each algorithm and the weight's gradient err at most, of the sum of the products' magnitudes.
void stated_errors() {
  struct Row {
    Case t;
    double f32;
  };
  const Row rows[] = {
      {make_case(1, 64, 12, 12, 32, 3, 3, 1, 1, 1, 1), 1.2e-6},  // F(4×4, 3×3)
      {make_case(1, 24, 28, 30, 16, 3, 3, 1, 1, 1, 1), 1e-6},    // … and its gradient by F(3×3, 4×4)
      {make_case(1, 64, 7, 7, 32, 3, 3, 1, 1, 1, 1), 3e-7},      // F(2×2, 3×3)
      {make_case(1, 3, 65, 64, 32, 7, 7, 2, 2, 3, 3), 1e-6},     // F(3×3, 4×4) over phases
      {make_case(1, 64, 12, 12, 32, 3, 3, 2, 2, 1, 1), 1e-6},    // one sum of 576
      {make_case(1, 64, 28, 28, 64, 3, 3, 2, 2, 1, 1), 5e-7},    // 3×3 at stride 2 in 25 products of 36
      {make_case(1, 64, 28, 28, 64, 4, 4, 2, 2, 1, 1), 1e-6},    // 4×4 at stride 2 in 36 products of 64
      {make_case(1, 64, 17, 16, 32, 1, 1), 3e-7},                // one sum of 64
      {make_case(1, 8, 12, 12, 8, 5, 5, 1, 1, 2, 2, 1, 1, 8), 3e-7},
  };
  for (const auto& [t, f32] : rows) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = random(dtype, {t.n, t.c, t.h, t.w}, Layout::contiguous);
      const Tensor w = random(dtype, {t.o, t.c / t.p.groups, t.kh, t.kw}, Layout::contiguous);
      const auto vx = check::values(x), vw = check::values(w);
      const Tensor g = random(dtype, {t.n, t.o, t.p.size[0], t.p.size[1]}, Layout::contiguous);
      const auto vg = check::values(g);
      ConvParams kernel = t.p, back = t.p;
      kernel.size[0] = t.kh, kernel.size[1] = t.kw;
      back.size[0] = t.h, back.size[1] = t.w;
      Tensor y, dx, dw;
      plain_conv(x, w, nullptr, t.p, y);
      plain_conv_input(g, w, nullptr, back, dx);
      conv_weight(x, g, kernel, dw);
      std::vector<double> sum(vg.size()), size(sum.size()), dw_sum(vw.size()), dw_size(vw.size());
      std::vector<double> dx_sum(vx.size()), dx_size(vx.size());
      for_each_product(t, [&](size_t i, size_t k, size_t o) {
        sum[o] += vx[i] * vw[k];
        size[o] += std::fabs(vx[i] * vw[k]);
        dx_sum[i] += vw[k] * vg[o];
        dx_size[i] += std::fabs(vw[k] * vg[o]);
        dw_sum[k] += vx[i] * vg[o];
        dw_size[k] += std::fabs(vx[i] * vg[o]);
      });
      double worst = 0;
      const auto compare = [&](const Tensor& got, const std::vector<double>& want, const std::vector<double>& of) {
        for (size_t i = 0; i < want.size(); ++i) {
          if (of[i] == 0) continue;  // no output sees it
          worst = std::fmax(worst, std::fabs(check::get(got, static_cast<int64_t>(i)) - want[i]) / of[i]);
        }
      };
      compare(y, sum, size);
      compare(dx, dx_sum, dx_size);
      compare(dw, dw_sum, dw_size);
      check::expect(worst <= (dtype == DType::f32 ? f32 : 1e-15),
                    describe(t) + dtype_name(dtype) + ": errs by " + std::to_string(worst * 1e9) + "e-9");
    }
  }
}

// The whole epilogue against the separate ops, bit for bit in every path: the sums are the same, and each step rounds
// as the kernel of its own does.
void endings() {
  struct Path {
    const char* name;
    Case t;
  };
  const Path paths[] = {
      {"direct", make_case(2, 5, 12, 13, 17, 5, 3, 1, 1, 2, 1)},
      {"direct, rows in blocks", make_case(1, 24, 150, 130, 5, 3, 3, 1, 1, 1, 1)},
      {"strided", make_case(1, 4, 10, 11, 6, 3, 2, 2, 3, 1, 0)},
      {"dilated, gradient beside outputs", make_case(1, 2, 9, 14, 3, 3, 4, 3, 1, 4, 5, 3, 2)},
      {"steps beyond the kernel", make_case(1, 3, 12, 13, 4, 2, 1, 3, 2)},
      {"groups", make_case(2, 6, 8, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1, 3)},
      {"depthwise", make_case(2, 8, 28, 29, 8, 3, 3, 1, 1, 1, 1, 1, 1, 8)},
      {"depthwise, strided", make_case(1, 8, 15, 9, 8, 5, 5, 2, 2, 2, 2, 1, 1, 8)},
      {"product", make_case(2, 17, 16, 19, 18, 1, 1)},
      {"product, deep", make_case(1, 600, 16, 17, 40, 1, 1)},
      {"1x1, small", make_case(3, 33, 7, 7, 35, 1, 1)},
      {"F(4x4, 3x3)", make_case(1, 20, 28, 29, 24, 3, 3, 1, 1, 1, 1)},
      {"F(2x2, 3x3)", make_case(5, 32, 9, 7, 33, 3, 3, 1, 1, 0, 1)},
      {"F(4x4, 3x3), images in one block", make_case(9, 32, 10, 11, 33, 3, 3, 1, 1, 0, 1)},
      {"3x3 at stride 2", make_case(2, 20, 29, 35, 24, 3, 3, 2, 2, 1, 1)},
      {"3x3 at stride 2, skipped outputs", make_case(1, 33, 40, 34, 17, 3, 3, 2, 2, 0, 2)},
      {"4x4 at stride 2", make_case(1, 20, 30, 27, 24, 4, 4, 2, 2, 1, 1)},
      {"phases", make_case(2, 3, 65, 64, 32, 7, 7, 2, 2, 3, 3)},
      {"no images", make_case(0, 3, 5, 5, 4, 3, 3)},
  };
  const std::pair<Activation, UnaryKernel> activations[] = {
      {Activation::none, UnaryKernel::count},      {Activation::relu, UnaryKernel::relu},
      {Activation::sigmoid, UnaryKernel::sigmoid}, {Activation::tanh, UnaryKernel::tanh},
      {Activation::gelu, UnaryKernel::gelu},       {Activation::gelu_tanh, UnaryKernel::geluTanh},
      {Activation::silu, UnaryKernel::silu}};
  const double none[2] = {};
  for (const auto& [name, t] : paths) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor x = random(dtype, {t.n, t.c, t.h, t.w}, Layout::contiguous);
      const Tensor w = random(dtype, {t.o, t.c / t.p.groups, t.kh, t.kw}, Layout::contiguous);
      const Tensor g = random(dtype, {t.n, t.o, t.p.size[0], t.p.size[1]}, Layout::contiguous);
      ConvParams back = t.p;
      back.size[0] = t.h, back.size[1] = t.w;
      for (const bool by_input : {false, true}) {
        const int64_t channels = by_input ? t.c : t.o;
        const auto each = [&] { return random(dtype, {channels}, Layout::contiguous); };
        const Tensor bias = each(), scale = each();
        const Tensor residual = random(dtype, by_input ? x.shape : g.shape, Layout::transposed);
        const auto run = [&](const Tensor* b, const Tensor* s, const Tensor* r, Activation activation, Tensor& out) {
          if (by_input) conv_input(g, w, b, s, r, activation, back, out);
          else conv(x, w, b, s, r, activation, t.p, out);
        };
        const auto by_channel = [](const Tensor& v) { return as_strided(v, {v.numel, 1, 1}, {1, 1, 1}, v.offset); };
        for (int terms = 0; terms < 8; ++terms) {
          const Tensor* const b = terms & 1 ? &bias : nullptr;
          const Tensor* const s = terms & 2 ? &scale : nullptr;
          const Tensor* const r = terms & 4 ? &residual : nullptr;
          Tensor sum;
          run(s ? nullptr : b, nullptr, nullptr, Activation::none, sum);
          if (s) binary(BinaryKernel::mul, sum, by_channel(scale), none, sum);
          if (s && b) binary(BinaryKernel::add, sum, by_channel(bias), none, sum);
          if (r) binary(BinaryKernel::add, sum, residual, none, sum);
          for (const auto& [activation, kernel] : activations) {
            Tensor want = sum;
            if (kernel != UnaryKernel::count) {
              want = Tensor();
              unary(kernel, sum, none, want);
            }
            for (const int threads : {1, 3}) {
              set_num_threads(threads);
              Tensor got;
              run(b, s, r, activation, got);
              check::expect(want.numel == 0 || std::memcmp(got.data(), want.data(),
                                                           static_cast<size_t>(want.numel) * item_size(dtype)) == 0,
                            std::string(name) + (by_input ? " by input " : " ") + dtype_name(dtype) + ": terms " +
                                std::to_string(terms) + " and activation " +
                                std::to_string(static_cast<int>(activation)) + " differ from the separate ops");
            }
            if (activation != Activation::none && terms % 3 != 1)
              break;  // relu with all of the terms, others with some
          }
        }
      }
    }
  }
  // A result that is its own residual.
  const Case& t = paths[0].t;
  const Tensor x = random(DType::f32, {t.n, t.c, t.h, t.w}, Layout::contiguous);
  const Tensor w = random(DType::f32, {t.o, t.c, t.kh, t.kw}, Layout::contiguous);
  Tensor y = random(DType::f32, {t.n, t.o, t.p.size[0], t.p.size[1]}, Layout::contiguous), want;
  conv(x, w, nullptr, nullptr, &y, Activation::relu, t.p, want);
  conv(x, w, nullptr, nullptr, &y, Activation::relu, t.p, y);
  check::expect(std::memcmp(y.data(), want.data(), static_cast<size_t>(y.numel) * sizeof(float)) == 0,
                "a result may be its own residual");
}

// Where infinities and NaN are, and nowhere else.
void special_values() {
  const Case t = make_case(1, 40, 28, 28, 40, 3, 3, 1, 1, 1, 1);
  const Case strided = make_case(1, 40, 28, 28, 40, 3, 3, 2, 2, 1, 1);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = random(dtype, {1, 40, 28, 28}, Layout::contiguous);
    const Tensor w = random(dtype, {40, 40, 3, 3}, Layout::contiguous);
    check::set(x, 5 * 784 + 3 * 28 + 4, INFINITY);
    Tensor y, dw;
    plain_conv(x, w, nullptr, t.p, y);
    for (int64_t o = 0; o < 40; ++o) {
      for (int64_t i = 0; i < 784; ++i) {
        const int64_t row = i / 28, col = i % 28;
        const bool touched = row >= 2 && row <= 4 && col >= 3 && col <= 5;
        check::expect(std::isfinite(check::get(y, o * 784 + i)) != touched, "an infinity reaches its neighbours alone");
      }
    }
    Tensor half, back;
    plain_conv(x, w, nullptr, strided.p, half);
    for (int64_t i = 0; i < 40 * 196; ++i) {
      const int64_t row = i % 196 / 14, col = i % 14;
      const bool touched = (row == 1 || row == 2) && col == 2;
      check::expect(std::isfinite(check::get(half, i)) != touched, "at stride 2 an infinity reaches its neighbours");
    }
    ConvParams whole = strided.p;
    whole.size[0] = whole.size[1] = 28;
    plain_conv_input(half, w, nullptr, whole, back);
    for (int64_t i = 0; i < 40 * 784; ++i) {
      const int64_t row = i % 784 / 28, col = i % 28;
      const bool touched = row >= 1 && row <= 5 && col >= 3 && col <= 5;
      check::expect(std::isfinite(check::get(back, i)) != touched, "… and so does its gradient");
    }
    const Tensor g = check::from(dtype, {1, 40, 28, 28}, std::vector<double>(40 * 784, 1));
    check::set(x, 5 * 784 + 3 * 28 + 4, 0);
    check::set(x, 5 * 784 + 3 * 28, NAN);  // the first column: no tap to its right sees it
    ConvParams kernel = t.p;
    kernel.size[0] = kernel.size[1] = 3;
    conv_weight(x, g, kernel, dw);
    for (int64_t k = 0; k < 40 * 9; ++k) {
      const bool touched = k / 9 == 5 && k % 3 != 2;
      check::expect(std::isnan(check::get(dw, k)) == touched, "a NaN reaches the taps that see it alone");
    }
  }
}

void refusals() {
  const Tensor x = check::make(DType::f32, {1, 4, 5, 5}), w = check::make(DType::f32, {2, 4, 3, 3});
  Tensor out;
  const ConvParams good{{1, 1}, {0, 0}, {1, 1}, 1, {3, 3}};
  ConvParams p = good;
  p.groups = 3;
  check::expect_error("SHAPE_MISMATCH", "do not fit", [&] { plain_conv(x, w, nullptr, p, out); });
  p = good;
  p.stride[0] = 0;
  check::expect_error("BAD_ARGUMENT", "positive", [&] { plain_conv(x, w, nullptr, p, out); });
  p = good;
  p.dilation[1] = int64_t{1} << 52;
  check::expect_error("SIZE_OVERFLOW", "too large", [&] { plain_conv(x, w, nullptr, p, out); });
  p = good;
  p.size[0] = p.size[1] = int64_t{1} << 40;
  check::expect_error("SIZE_OVERFLOW", "", [&] { plain_conv(x, w, nullptr, p, out); });
  const Tensor integers = check::make(DType::i32, {1, 4, 5, 5});
  check::expect_error("DTYPE_MISMATCH", "conv",
                      [&] { plain_conv(integers, check::make(DType::i32, {2, 4, 3, 3}), nullptr, good, out); });
  check::expect_error("SHAPE_MISMATCH", "bias", [&] { plain_conv(x, w, &x, good, out); });
  check::expect_error("SHAPE_MISMATCH", "scale",
                      [&] { conv(x, w, nullptr, &x, nullptr, Activation::none, good, out); });
  check::expect_error("SHAPE_MISMATCH", "residual",
                      [&] { conv(x, w, nullptr, nullptr, &x, Activation::none, good, out); });
  const Tensor wide = check::make(DType::f64, {1, 2, 3, 3});
  check::expect_error("DTYPE_MISMATCH", "conv",
                      [&] { conv(x, w, nullptr, nullptr, &wide, Activation::none, good, out); });
  check::expect_error("SHAPE_MISMATCH", "dimensions",
                      [&] { plain_conv(x, check::make(DType::f32, {2, 4, 3}), nullptr, good, out); });
}

}  // namespace

int main() {
  return check::run("conv_test", [] {
    all_cases();
    stated_errors();
    endings();
    special_values();
    refusals();
  });
}
