// OpenBLAS's side of the products, where its shared library is installed (FLAMBEAU_BENCH_OPENBLAS names another):
//   openblas THREADS {NAME TYPE LAYOUT M K N}...     TYPE f32 or f64, LAYOUT NN, NT, TN or TT
// prints a line of JSON for each product, as the other peers do. Without the library it exits with 1.
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

// CBLAS
enum Order { kRowMajor = 101 };
enum Transpose { kNoTrans = 111, kTrans = 112 };
template <class T>
using Gemm = void (*)(int, int, int, int, int, int, T, const T*, int, const T*, int, T, T*, int);
template <class T>
using Gemv = void (*)(int, int, int, int, T, const T*, int, const T*, int, T, T*, int);

using Clock = std::chrono::steady_clock;

template <class F>
double time_of(F& work, int64_t runs) {
  const auto begin = Clock::now();
  for (int64_t i = 0; i < runs; ++i) work();
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** As bench/measure.ts measures. */
template <class F>
double median_time(F&& work) {
  constexpr double kSample = 4e6, kBudget = 100e6, kWarmUp = 80e6;
  int64_t runs = 1;
  for (double warm = 0; warm < kWarmUp;) {
    const double elapsed = time_of(work, runs);
    warm += elapsed;
    runs = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(runs) * kSample / std::max(elapsed, 1.0)));
  }
  std::vector<double> samples;
  for (double spent = 0; samples.size() < 5 || (samples.size() < 41 && spent < kBudget);) {
    const double elapsed = time_of(work, runs);
    spent += elapsed;
    samples.push_back(elapsed / static_cast<double>(runs));
  }
  return median(samples);
}

template <class T>
double measure(void* library, const std::string& layout, int m, int k, int n) {
  constexpr bool kSingle = sizeof(T) == 4;
  const auto gemm = reinterpret_cast<Gemm<T>>(dlsym(library, kSingle ? "cblas_sgemm" : "cblas_dgemm"));
  const auto gemv = reinterpret_cast<Gemv<T>>(dlsym(library, kSingle ? "cblas_sgemv" : "cblas_dgemv"));
  if (gemm == nullptr || gemv == nullptr) std::exit(1);
  std::mt19937 generator(1);
  std::normal_distribution<T> normal;
  std::vector<T> a(static_cast<size_t>(m) * k), b(static_cast<size_t>(k) * n), c(static_cast<size_t>(m) * n);
  for (auto* values : {&a, &b}) {
    for (T& value : *values) value = normal(generator);
  }
  const bool a_transposed = layout[0] == 'T', b_transposed = layout[1] == 'T';
  if (n == 1) {
    const int rows = a_transposed ? k : m, columns = a_transposed ? m : k;
    return median_time([&] {
      gemv(kRowMajor, a_transposed ? kTrans : kNoTrans, rows, columns, 1, a.data(), columns, b.data(), 1, 0, c.data(), 1);
    });
  }
  return median_time([&] {
    gemm(kRowMajor, a_transposed ? kTrans : kNoTrans, b_transposed ? kTrans : kNoTrans, m, n, k, 1, a.data(),
         a_transposed ? m : k, b.data(), b_transposed ? k : n, 0, c.data(), n);
  });
}

void* open_library() {
  const char* named = std::getenv("FLAMBEAU_BENCH_OPENBLAS");
  for (const char* path : {named, "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
                           "/opt/homebrew/opt/openblas/lib/libopenblas.dylib"}) {
    if (path == nullptr) continue;
    if (void* library = dlopen(path, RTLD_NOW)) return library;
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  void* library = open_library();
  if (library == nullptr || argc < 2) return 1;
  if (const auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads")))
    set_threads(std::atoi(argv[1]));
  const auto version = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_config"));
  const auto core = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
  // "OpenBLAS 0.3.21 ...": the name and the number.
  std::string config = version != nullptr ? version() : "OpenBLAS";
  if (const size_t space = config.find(' ', config.find(' ') + 1); space != std::string::npos) config.resize(space);
  std::printf(R"({"peer": "%s", "isa": "%s"})"
              "\n",
              config.c_str(), core != nullptr ? core() : "");
  for (int i = 2; i + 5 < argc; i += 6) {
    const int m = std::atoi(argv[i + 3]), k = std::atoi(argv[i + 4]), n = std::atoi(argv[i + 5]);
    const bool single = std::string(argv[i + 1]) == "f32";
    const double ns = single ? measure<float>(library, argv[i + 2], m, k, n)
                             : measure<double>(library, argv[i + 2], m, k, n);
    std::printf(R"({"name": "%s", "ns": %.3f})"
                "\n",
                argv[i], ns);
    std::fflush(stdout);
  }
}
