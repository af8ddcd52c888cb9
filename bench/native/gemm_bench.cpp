// gemm() beside OpenBLAS, where its shared library is installed, and beside the machine's measured peak. For each shape
// and layout the two alternate; a figure is the best of several runs, on one thread and on two.
//   gemm_bench [f32 | f64] [square | odd | vector | layers | MxNxK] ...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "native/dispatch/dispatch.h"
#include "native/drivers/gemm/gemm.h"
#include "native/kernels/table.h"
#include "native/memory/storage.h"
#include "native/parallel/thread_pool.h"

#if defined(__linux__)
#include <dlfcn.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace flambeau;

namespace {

enum { kRowMajor = 101, kNoTrans = 111, kTrans = 112 };  // CBLAS
template <class T>
using Gemm = void (*)(int, int, int, int, int, int, T, const T*, int, const T*, int, T, T*, int);
template <class T>
using Gemv = void (*)(int, int, int, int, T, const T*, int, const T*, int, T, T*, int);
struct OpenBlas {
  Gemm<float> sgemm = nullptr;
  Gemm<double> dgemm = nullptr;
  Gemv<float> sgemv = nullptr;
  Gemv<double> dgemv = nullptr;
  void (*set_threads)(int) = nullptr;

  OpenBlas() {
#if defined(__linux__)
    void* const library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (!library) return;
    sgemm = reinterpret_cast<Gemm<float>>(dlsym(library, "cblas_sgemm"));
    dgemm = reinterpret_cast<Gemm<double>>(dlsym(library, "cblas_dgemm"));
    sgemv = reinterpret_cast<Gemv<float>>(dlsym(library, "cblas_sgemv"));
    dgemv = reinterpret_cast<Gemv<double>>(dlsym(library, "cblas_dgemv"));
    set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
#endif
  }
};
const OpenBlas blas;

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

// Multiply-adds that wait for nothing: what one core can do. 0 where the bench has no such loop.
#if defined(__x86_64__)
#define FLAMBEAU_PEAK(name, isa, Vector, set1, fmadd)                                       \
  __attribute__((target(isa), noinline)) float name(int64_t steps) {                        \
    const Vector x = set1(0.999f), y = set1(0.001f);                                        \
    Vector s0 = x, s1 = x * x, s2 = s1 * x, s3 = s2 * x, s4 = s3 * x; \
    Vector s5 = s4 * x, s6 = s5 * x, s7 = s6 * x, s8 = s7 * x, s9 = s8 * x; \
    for (int64_t i = 0; i < steps; ++i) {                                                   \
      s0 = fmadd(s0, x, y), s1 = fmadd(s1, x, y), s2 = fmadd(s2, x, y);                     \
      s3 = fmadd(s3, x, y), s4 = fmadd(s4, x, y), s5 = fmadd(s5, x, y);                     \
      s6 = fmadd(s6, x, y), s7 = fmadd(s7, x, y), s8 = fmadd(s8, x, y);                     \
      s9 = fmadd(s9, x, y);                                                                 \
    }                                                                                       \
    const Vector sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;                     \
    return sum[0];                                                                          \
  }
FLAMBEAU_PEAK(multiply_adds_512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
FLAMBEAU_PEAK(multiply_adds_256, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)
#endif
template <class T>
double peak() {
  double flops = 0;
#if defined(__x86_64__)
  const std::string isa = kernels().isa;
  const bool is_512 = isa.rfind("avx512", 0) == 0 || isa == "amx";
  if (!is_512 && isa != "avx2") return 0;
  constexpr int64_t kSteps = 10000;
  volatile float sink = 0;
  for (int trial = 0; trial < 5; ++trial) {
    const double seconds =
        seconds_per_call([&] { sink = is_512 ? multiply_adds_512(kSteps) : multiply_adds_256(kSteps); }, 0.02);
    flops = std::max(flops, kSteps * 10 * (is_512 ? 16 : 8) * 2 / seconds);
  }
#endif
  return flops * sizeof(float) / sizeof(T);
}

struct Shape {
  int64_t m, n, k;
};

template <class T>
class Bench {
 public:
  Bench() : peak_(peak<T>()) {
    std::printf("ISA %s, %d cores, %s; peak of one core %.1f GFLOP/s\n", kernels().isa, available_cores(),
                sizeof(T) == 4 ? "float32" : "float64", peak_ * 1e-9);
  }

  void header(const char* what) const {
    std::printf("\n%-34s", what);
    for (int threads = 1; threads <= most_; ++threads) {
      std::printf(" | T%d: ours     %%  OpenBLAS  ratio", threads);
    }
    std::printf("\n");
  }

  // A is m × k, transposed in memory if a_trans; likewise B. As a layer: with a bias and ReLU, for us alone.
  void product(Shape s, bool a_trans, bool b_trans, bool layer = false) {
    const auto [m, n, k] = s;
    const StorageRef stored[] = {values(m * k), values(k * n), values(m * n), values(n)};
    T* const a = static_cast<T*>(stored[0]->data());
    T* const b = static_cast<T*>(stored[1]->data());
    T* const c = static_cast<T*>(stored[2]->data());
    Epilogue epilogue;
    epilogue.row_bias = stored[3]->data();
    epilogue.activation = Activation::relu;
    const MatrixView left = a_trans ? MatrixView{a, 1, m} : MatrixView{a, k, 1};
    const MatrixView right = b_trans ? MatrixView{b, 1, k} : MatrixView{b, n, 1};
    constexpr DType kType = sizeof(T) == 4 ? DType::f32 : DType::f64;
    const auto narrow = [](int64_t x) { return static_cast<int>(x); };
    char name[64];
    std::snprintf(name, sizeof name, "%lldx%lldx%lld %c%c%s", static_cast<long long>(m), static_cast<long long>(n),
                  static_cast<long long>(k), a_trans ? 'T' : 'N', b_trans ? 'T' : 'N', layer ? " bias relu" : "");
    const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    row(name, flops, [&] { gemm(kType, m, n, k, left, right, c, n, layer ? &epilogue : nullptr); },
        [&] {
          if (n == 1) {
            gemv()(kRowMajor, a_trans ? kTrans : kNoTrans, narrow(a_trans ? k : m), narrow(a_trans ? m : k), T(1),
                   a, narrow(a_trans ? m : k), b, 1, T(0), c, 1);
          } else {
            gemm_of_blas()(kRowMajor, a_trans ? kTrans : kNoTrans, b_trans ? kTrans : kNoTrans, narrow(m), narrow(n),
                           narrow(k), T(1), a, narrow(a_trans ? m : k), b, narrow(b_trans ? k : n), T(0),
                           c, narrow(n));
          }
        });
  }

 private:
  static Gemm<T> gemm_of_blas() {
    if constexpr (sizeof(T) == 4) return blas.sgemm;
    else return blas.dgemm;
  }
  static Gemv<T> gemv() {
    if constexpr (sizeof(T) == 4) return blas.sgemv;
    else return blas.dgemv;
  }
  // Aligned as tensors are.
  StorageRef values(int64_t n) {
    std::uniform_real_distribution<T> uniform(-1, 1);
    StorageRef x(Storage::allocate(static_cast<size_t>(n) * sizeof(T)));
    for (int64_t i = 0; i < n; ++i) static_cast<T*>(x->data())[i] = uniform(generator_);
    return x;
  }

  template <class Ours, class Theirs>
  void row(const char* name, double flops, Ours&& ours, Theirs&& theirs) const {
    std::printf("%-34s", name);
    for (int threads = 1; threads <= most_; ++threads) {
      set_num_threads(threads);
      if (blas.set_threads) blas.set_threads(threads);
      double mine = 1e30, other = 1e30;
      for (int trial = 0; trial < 5; ++trial) {
        mine = std::min(mine, seconds_per_call(ours, 0.01));
        if (!blas.set_threads) continue;
        other = std::min(other, seconds_per_call(theirs, 0.01));
        // OpenBLAS's threads spin for a while after their last call.
        if (threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
      }
      std::printf(" | %9.1f %5.1f %9.1f %6.2f", flops * 1e-9 / mine,
                  peak_ > 0 ? 100 * flops / mine / peak_ / threads : 0, blas.set_threads ? flops * 1e-9 / other : 0,
                  blas.set_threads ? mine / other : 0);
    }
    std::printf("\n");
    std::fflush(stdout);
  }

  const int most_ = std::min(available_cores(), 2);
  const double peak_;
  std::mt19937 generator_{1};
};

template <class T>
void run(std::vector<std::string> wanted) {
  Bench<T> bench;
  if (wanted.empty()) wanted = {"square", "odd", "vector", "layers"};
  const auto all_layouts = [&](Shape shape) {
    for (const bool a_trans : {false, true}) {
      for (const bool b_trans : {false, true}) bench.product(shape, a_trans, b_trans);
    }
  };
  for (const std::string& what : wanted) {
    bench.header("m x n x k");
    if (what == "square") {
      for (const int64_t n : {32, 48, 64, 100, 128, 192, 256, 384, 512, 768, 1024, 2048}) all_layouts({n, n, n});
    } else if (what == "odd") {
      for (const Shape& shape : {Shape{333, 777, 555}, Shape{1000, 3, 1000}, Shape{1000, 1000, 3}, Shape{3, 1000, 1000},
                                 Shape{17, 4096, 17}, Shape{17, 17, 4096}, Shape{4096, 17, 17}}) {
        all_layouts(shape);
      }
    } else if (what == "vector") {
      for (const auto& [m, k] : {std::pair<int64_t, int64_t>{768, 3072}, {3072, 768}, {4096, 4096}}) {
        for (const bool trans : {false, true}) bench.product({m, 1, k}, trans, false);
      }
    } else if (what == "layers") {
      constexpr int64_t kLayers[][2] = {{10, 50}, {50, 2}, {64, 32}, {784, 512}, {512, 512}, {512, 10}};
      for (const auto& [in, out] : kLayers) {
        for (const int64_t batch : {1, 4, 8, 32, 256}) bench.product({batch, out, in}, false, true, true);
      }
    } else {
      long long m = 0, n = 0, k = 0;
      if (std::sscanf(what.c_str(), "%lldx%lldx%lld", &m, &n, &k) == 3) all_layouts({m, n, k});
      else std::printf("unknown: %s\n", what.c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool f64 = !words.empty() && words[0] == "f64";
  if (!words.empty() && (f64 || words[0] == "f32")) words.erase(words.begin());
  if (f64) run<double>(words);
  else run<float>(words);
}
