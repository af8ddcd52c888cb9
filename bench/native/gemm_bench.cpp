// GFLOP/s of gemm() for square sizes and nanoseconds for the shapes of small networks, beside OpenBLAS where its shared
// library is installed. Each figure is the best of several runs that alternate between the two.
//   gemm_bench [f32 | f64]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "native/dispatch/dispatch.h"
#include "native/tensor/gemm.h"
#include "native/tensor/thread_pool.h"

#if defined(__linux__)
#include <dlfcn.h>
#endif

using namespace flambeau;

namespace {

enum { kRowMajor = 101, kNoTrans = 111, kTrans = 112 };  // CBLAS
using Sgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
using Dgemm = void (*)(int, int, int, int, int, int, double, const double*, int, const double*, int, double, double*,
                       int);
Sgemm sgemm = nullptr;
Dgemm dgemm = nullptr;
void (*set_blas_threads)(int) = nullptr;

void find_openblas() {
#if defined(__linux__)
  if (void* library = dlopen("libopenblas.so.0", RTLD_NOW)) {
    sgemm = reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
    dgemm = reinterpret_cast<Dgemm>(dlsym(library, "cblas_dgemm"));
    set_blas_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
  }
#endif
}

template <class F>
double seconds_per_call(F&& f, double budget) {
  using Clock = std::chrono::steady_clock;
  int64_t calls = 1;
  for (;;) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < calls; ++i) f();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds > budget) return seconds / static_cast<double>(calls);
    calls *= 2;
  }
}

struct Times {
  double ours = 1e30, blas = 1e30;
};

// A is [m, k]; B is [k, n], or [n, k] transposed when `linear`, as nn.Linear stores its weight.
template <class T>
Times measure(int64_t m, int64_t n, int64_t k, bool linear, int threads) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> a(m * k), b(k * n), c(m * n), bias(n);
  for (auto* values : {&a, &b, &bias}) {
    for (T& value : *values) value = uniform(generator);
  }
  const Epilogue epilogue{bias.data(), Activation::relu};
  const MatrixView right = linear ? MatrixView{b.data(), 1, k} : MatrixView{b.data(), n, 1};
  constexpr DType kType = sizeof(T) == 4 ? DType::f32 : DType::f64;
  set_num_threads(threads);
  if (set_blas_threads) set_blas_threads(threads);
  Times best;
  for (int trial = 0; trial < 5; ++trial) {
    best.ours = std::min(best.ours,
                         seconds_per_call(
                             [&] {
                               gemm(kType, m, n, k, {a.data(), k, 1}, right, c.data(), n, linear ? &epilogue : nullptr);
                             },
                             0.03));
    const int trans = linear ? kTrans : kNoTrans;
    const int ldb = static_cast<int>(linear ? k : n);
    const auto blas = [&](auto function) {
      if (!function) return;
      best.blas =
          std::min(best.blas, seconds_per_call(
                                  [&] {
                                    function(kRowMajor, kNoTrans, trans, static_cast<int>(m), static_cast<int>(n),
                                             static_cast<int>(k), T(1), a.data(), static_cast<int>(k), b.data(), ldb,
                                             T(0), c.data(), static_cast<int>(n));
                                  },
                                  0.03));
    };
    if constexpr (sizeof(T) == 4)
      blas(sgemm);
    else
      blas(dgemm);
  }
  return best;
}

template <class T>
void run() {
  std::printf("ISA %s, %d cores, %s; GFLOP/s, flambeau | OpenBLAS\n", kernels().isa, available_cores(),
              sizeof(T) == 4 ? "float32" : "float64");
  const int most = std::min(available_cores(), 2);
  std::printf("%-22s %17s %17s\n", "n x n x n", "1 thread", most > 1 ? "2 threads" : "");
  for (const bool transposed : {false, true}) {
    for (const int64_t n : {32, 48, 64, 100, 128, 192, 256, 384, 512, 768, 1024, 2048}) {
      std::printf("%6lld %-15s", static_cast<long long>(n), transposed ? "A B^T, bias, relu" : "A B");
      for (int threads = 1; threads <= most; ++threads) {
        const Times times = measure<T>(n, n, n, transposed, threads);
        const double gflop = 2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n);
        std::printf("   %6.1f | %6.1f", gflop / times.ours, gflop / times.blas);
      }
      std::printf("\n");
    }
  }
  std::printf("\nlayers: x[batch, in] W^T + bias, relu; ns a call (OpenBLAS: the product alone)\n");
  constexpr int64_t kLayers[][2] = {{10, 50}, {50, 2}, {64, 32}, {784, 512}, {512, 512}, {512, 10}};
  for (const auto& [in, out] : kLayers) {
    for (const int64_t batch : {1, 4, 8, 32, 256}) {
      std::printf("%4lld x Linear(%lld, %lld)%*s", static_cast<long long>(batch), static_cast<long long>(in),
                  static_cast<long long>(out), in < 100 ? 3 : 0, "");
      for (int threads = 1; threads <= most; ++threads) {
        const Times times = measure<T>(batch, out, in, true, threads);
        std::printf("   %9.0f | %9.0f", 1e9 * times.ours, 1e9 * times.blas);
      }
      std::printf("\n");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  find_openblas();
  if (argc > 1 && std::strcmp(argv[1], "f64") == 0)
    run<double>();
  else
    run<float>();
}
