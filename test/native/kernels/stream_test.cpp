// Results that go past the caches (native/kernels/simd/run.h) are those of the same kernels on pieces that do not, bit
// for bit, wherever they begin. Sizes are above every machine's threshold.
#include "../kernel_values.h"

namespace {

constexpr size_t kResultBytes = size_t{13} << 20;  // beside one operand as large: 26 MB

// n elements that begin `shift` elements behind a cache line.
template <class T>
class Lines {
 public:
  Lines(size_t n, size_t shift) : values_(n + shift + 64 / sizeof(T)), size_(n) {
    begin_ = values_.data();
    while (reinterpret_cast<uintptr_t>(begin_) % 64 != 0) ++begin_;
    begin_ += shift;
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  T* data() { return begin_; }
  void fill_random() {
    for (size_t i = 0; i < size_; ++i) begin_[i] = random_value<T>();
  }
  // So that bytes nobody wrote differ.
  void clear(int with) { std::memset(begin_, with, size_ * sizeof(T)); }

 private:
  std::vector<T> values_;
  T* begin_;
  size_t size_;
};

template <class T>
void expect_same(const char* what, size_t shift, const T* got, const T* want, size_t n) {
  ++check::checks;
  for (size_t i = 0; i < n; ++i) {
    if (std::memcmp(got + i, want + i, sizeof(T)) == 0) continue;
    return check::fail("%s shift %zu [%zu]: expected %.9g, got %.9g", what, shift, i, static_cast<double>(want[i]),
                       static_cast<double>(got[i]));
  }
}

template <class T>
void check_elementwise(size_t shift) {
  const size_t n = kResultBytes / sizeof(T) + 5, piece = 4096;
  Lines<T> a(n, 0), b(n, 3), got(n, shift), want(n, shift);
  a.fill_random();
  b.fill_random();
  got.clear(1);
  want.clear(2);
  const auto pieces = [&](auto&& run) {
    for (size_t i = 0; i < n; i += piece) run(i, std::min(piece, n - i));
  };
  for (const char* const name : {"relu", "exp"}) {
    const UnaryFn kernel = kernels().unary[check::index_of("unary", name)][kSlot<T>];
    kernel(a.data(), got.data(), n, nullptr);
    pieces([&](size_t i, size_t count) { kernel(a.data() + i, want.data() + i, count, nullptr); });
    expect_same(name, shift, got.data(), want.data(), n);
  }
  const BinaryFn add = kernels().binary[check::index_of("binary", "add")][kSlot<T>];
  for (const size_t step : {1, 0}) {
    add(a.data(), 1, b.data(), step, got.data(), n, nullptr);
    pieces([&](size_t i, size_t count) {
      add(a.data() + i, 1, b.data() + i * step, step, want.data() + i, count, nullptr);
    });
    expect_same("add", shift, got.data(), want.data(), n);
  }
  add(got.data(), 1, b.data(), 1, got.data(), n, nullptr);
  pieces([&](size_t i, size_t count) { add(want.data() + i, 1, b.data() + i, 1, want.data() + i, count, nullptr); });
  expect_same("add in place", shift, got.data(), want.data(), n);
}

template <class T>
void check_rows(size_t n, size_t shift) {
  const size_t rows = kResultBytes / sizeof(T) / n, size = rows * n;
  Lines<T> g(size + n, 0), y(size + n, 0), got(size, shift), want(size, shift);
  for (size_t i = 0; i < size; ++i) {
    g.data()[i] = random_value<T>(false);
    y.data()[i] = random_value<T>(false);
  }
  got.clear(1);
  want.clear(2);
  for (const char* const name : {"softmax", "logSoftmax"}) {
    const SoftmaxFn kernel = kernels().softmax[check::index_of("softmax", name)][kSlot<T>];
    kernel(g.data(), got.data(), rows, n, 1, 1);
    for (size_t r = 0; r < rows; ++r) kernel(g.data() + r * n, want.data() + r * n, 1, n, 1, 1);
    expect_same(name, shift, got.data(), want.data(), size);
  }
  for (const char* const name : {"softmaxBackward", "logSoftmaxBackward"}) {
    const SoftmaxBackwardFn kernel = kernels().softmax_backward[check::index_of("softmaxBackward", name)][kSlot<T>];
    kernel(g.data(), y.data(), got.data(), rows, n, 1, 1);
    for (size_t r = 0; r < rows; ++r) {
      kernel(g.data() + r * n, y.data() + r * n, want.data() + r * n, 1, n, 1, 1);
    }
    expect_same(name, shift, got.data(), want.data(), size);
  }
  const RowNormFn norm = kernels().layer_norm[kSlot<T>];
  Lines<T> mean(rows, 0), rstd(rows, 0);
  norm(y.data(), g.data(), g.data() + n, got.data(), mean.data(), rstd.data(), rows, n, 1e-5);
  for (size_t r = 0; r < rows; ++r) {
    norm(y.data() + r * n, g.data(), g.data() + n, want.data() + r * n, nullptr, nullptr, 1, n, 1e-5);
  }
  expect_same("layerNorm", shift, got.data(), want.data(), size);

  // Those below are told what their thread writes.
  const RowNormBackwardFn norm_backward = kernels().layer_norm_backward[kSlot<T>];
  const auto backward = [&](T* dx, size_t bytes) {
    norm_backward(g.data(), y.data(), y.data(), mean.data(), rstd.data(), dx, nullptr, nullptr, rows, n, bytes);
  };
  backward(got.data(), kResultBytes);
  backward(want.data(), 0);
  expect_same("layerNormBackward", shift, got.data(), want.data(), size);
  for (const bool columns : {false, true}) {
    ChannelArgs args{y.data(), g.data(), mean.data(), rstd.data(), y.data(), g.data(), 1, std::min(rows, n)};
    const auto apply = [&](ChannelFn kernel, T* to, size_t bytes) {
      args.result_bytes = bytes;
      if (columns) kernel(&args, to, 1, rows, n);
      else kernel(&args, to, rows, n, 1);
    };
    if (columns && rows < n) continue;  // a mean for each column
    for (const ChannelFn kernel : {kernels().channel_affine[kSlot<T>], kernels().channel_gradient[kSlot<T>]}) {
      apply(kernel, got.data(), kResultBytes);
      apply(kernel, want.data(), 0);
      expect_same("channels", shift, got.data(), want.data(), size);
    }
  }
}

template <class T>
void check_all() {
  for (const size_t shift : {0, 1}) {
    check_elementwise<T>(shift);
    for (const size_t n : {1024, 1021, 8192}) check_rows<T>(n, shift);
  }
}

}  // namespace

int main() {
  return check::run("stream_test", [] {
    check_all<float>();
    check_all<double>();
  });
}
