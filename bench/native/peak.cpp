// The limits of this machine, as JSON: `peak THREADS`. Operations per nanosecond of independent multiply-adds by type,
// and bytes per nanosecond of streams over working sets of many sizes. Each figure is the best of several short trials.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "../../native/dispatch/cpu.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__AMX_BF16__) && defined(__AMX_INT8__)
#define HAS_TILES 1
#endif

namespace {

#if defined(__AVX512F__)
constexpr size_t kWidth = 64;
#elif defined(__AVX__)
constexpr size_t kWidth = 32;
#else
constexpr size_t kWidth = 16;
#endif

template <class T>
struct Vector;
template <>
struct Vector<float> {
  typedef float Type __attribute__((vector_size(kWidth)));
};
template <>
struct Vector<double> {
  typedef double Type __attribute__((vector_size(kWidth)));
};
using Floats = Vector<float>::Type;

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::nano>(end - begin).count();
}

/**
 * The least wall time of work(thread) on all threads at once, over several trials. The threads live through all of
 * them: the system needs a few milliseconds to give each a core of its own.
 */
double best_time(int threads, int trials, const std::function<void(int)>& work) {
  std::vector<Clock::time_point> begins(threads), ends(threads);
  std::atomic<int> arrived{0};
  const auto wait_for_all = [&](int round) {
    arrived.fetch_add(1);
    while (arrived.load() < threads * round) std::this_thread::yield();
  };
  double best = 1e30;
  const auto run = [&](int thread) {
    for (int trial = 0; trial < trials; ++trial) {
      wait_for_all(2 * trial + 1);
      begins[thread] = Clock::now();
      work(thread);
      ends[thread] = Clock::now();
      wait_for_all(2 * trial + 2);
      // The others are past the wait, and write their begin only when this thread has come to the next one.
      if (thread == 0) {
        best = std::min(best, nanoseconds(*std::min_element(begins.begin(), begins.end()),
                                          *std::max_element(ends.begin(), ends.end())));
      }
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
  return best;
}

/** Keeps the compiler from knowing a value, or from dropping it. */
template <class V>
void opaque(V& value) {
#if defined(__x86_64__)
  asm volatile("" : "+v"(value));
#else
  asm volatile("" : "+w"(value));
#endif
}

// Enough chains to hide the latency of a multiply-add on two ports, and few enough for the registers of AVX2.
constexpr int kChains = 12;
constexpr int64_t kSteps = 2000000;
constexpr int kTrials = 20;

/** Operations per nanosecond, where step(accumulator) does `operations`. */
template <class V, class Step>
double peak(int threads, double operations, Step step) {
  const double time = best_time(threads, kTrials, [&](int) {
    V chains[kChains];
    std::memset(chains, 0, sizeof chains);
    for (V& chain : chains) opaque(chain);  // or equal chains would be computed once
    for (int64_t i = 0; i < kSteps; ++i) {
#pragma GCC unroll 12
      for (V& chain : chains) step(chain);
    }
    for (V& chain : chains) opaque(chain);
  });
  return operations * kChains * static_cast<double>(kSteps) * threads / time;
}

template <class T>
double peak_fma(int threads) {
  using V = typename Vector<T>::Type;
  V factor = V{} + T(0.5), addend = V{} + T(1);
  opaque(factor);
  opaque(addend);
  return peak<V>(threads, 2.0 * (kWidth / sizeof(T)), [=](V& chain) { chain = chain * factor + addend; });
}

#if defined(__AVX512BF16__)
double peak_bf16(int threads) {
  const __m512bh ones = reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3f80));
  return peak<__m512>(threads, 64, [=](__m512& chain) { chain = _mm512_dpbf16_ps(chain, ones, ones); });
}
#endif

#if defined(__AVX512VNNI__)
double peak_int8(int threads) {
  const __m512i ones = _mm512_set1_epi8(1);
  return peak<__m512i>(threads, 128, [=](__m512i& chain) { chain = _mm512_dpbusd_epi32(chain, ones, ones); });
}
#endif

#if defined(HAS_TILES)
// Of all eight tile registers.
struct Shapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/** Operations per nanosecond, where step() is four products of tiles with words of `depth` elements. */
template <class Step>
double peak_of_tiles(int threads, int depth, Step step) {
  constexpr int64_t kTileSteps = 100000;
  const double time = best_time(threads, kTrials, [&](int) {
    Shapes shapes;
    asm volatile("" ::"r"(&shapes) : "memory");
    _tile_loadconfig(&shapes);
    for (int64_t i = 0; i < kTileSteps; ++i) step();
    _tile_release();
  });
  return 2.0 * 4 * 16 * 16 * 16 * depth * kTileSteps * threads / time;
}
double peak_bf16_tiles(int threads) {
  return peak_of_tiles(threads, 2, [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  });
}
double peak_int8_tiles(int threads) {
  return peak_of_tiles(threads, 4, [] {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  });
}
#endif

// Of the widest instruction there is; 0 where there is none for the type.
double best_bf16([[maybe_unused]] int threads) {
#if defined(HAS_TILES)
  if (flambeau::detect_cpu().amx) return peak_bf16_tiles(threads);
#endif
#if defined(__AVX512BF16__)
  return peak_bf16(threads);
#else
  return 0;
#endif
}
double best_int8([[maybe_unused]] int threads) {
#if defined(HAS_TILES)
  if (flambeau::detect_cpu().amx) return peak_int8_tiles(threads);
#endif
#if defined(__AVX512VNNI__)
  return peak_int8(threads);
#else
  return 0;
#endif
}

// The streams. A working set is all that a stream touches; `count` is the vectors of one of its arrays.
using Stream = void (*)(const Floats* a, const Floats* b, Floats* out, size_t count);

void read_only(const Floats* a, const Floats*, Floats*, size_t count) {
  // In four places at once: one stream alone does not keep enough of memory's lines in flight.
  Floats sums[8] = {};
  const size_t quarter = count / 4;
  for (size_t i = 0; i + 2 <= quarter; i += 2) {
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; ++j) sums[j] += a[j / 2 * quarter + i + j % 2];
  }
  for (Floats& sum : sums) opaque(sum);
}

void scale(const Floats* a, const Floats*, Floats* out, size_t count) {
  for (size_t i = 0; i < count; ++i) out[i] = a[i] * 0.5f;
}

void add(const Floats* a, const Floats* b, Floats* out, size_t count) {
  for (size_t i = 0; i < count; ++i) out[i] = a[i] + b[i];
}

#if defined(__AVX512F__)
// Stores past the caches: the better ones where a working set does not fit.
void scale_past(const Floats* a, const Floats*, Floats* out, size_t count) {
  for (size_t i = 0; i < count; ++i) _mm512_stream_ps(reinterpret_cast<float*>(out + i), a[i] * 0.5f);
  _mm_sfence();
}

void add_past(const Floats* a, const Floats* b, Floats* out, size_t count) {
  for (size_t i = 0; i < count; ++i) _mm512_stream_ps(reinterpret_cast<float*>(out + i), a[i] + b[i]);
  _mm_sfence();
}
#endif

constexpr size_t kHugePage = size_t{1} << 21U;

Floats* allocate(size_t bytes) {
  const size_t page = bytes < kHugePage ? 4096 : kHugePage;
  const size_t rounded = (bytes + page - 1) / page * page;
  void* memory = std::aligned_alloc(page, rounded);
  if (memory == nullptr) std::abort();
#if defined(__linux__)
  if (page == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  std::memset(memory, 0, bytes);
  return static_cast<Floats*>(memory);
}

/** Bytes per nanosecond of a stream over `arrays` arrays that take `bytes` together, split between the threads. */
double bandwidth(int threads, size_t bytes, size_t arrays, Stream stream) {
  const size_t count = bytes / arrays / sizeof(Floats) / threads / 8 * 8;
  std::vector<Floats*> memory(3 * threads, nullptr);
  // Each array in its own pages, and the three not at the same offset within one.
  for (int thread = 0; thread < threads; ++thread) {
    for (size_t i = 0; i < arrays; ++i) memory[3 * thread + i] = allocate(count * sizeof(Floats) + 3 * 1024);
  }
  const auto moved = static_cast<double>(count * sizeof(Floats) * arrays * threads);
  const auto repeats = static_cast<int64_t>(std::max(1.0, 4e6 * 20 * threads / moved));
  const double time = best_time(threads, 9, [&](int thread) {
    Floats* const* mine = &memory[3 * thread];
    const auto shifted = [](Floats* start, size_t cells) {
      return reinterpret_cast<Floats*>(reinterpret_cast<char*>(start) + cells * 1024);
    };
    const Floats* a = mine[0];
    const Floats* b = arrays == 3 ? shifted(mine[1], 1) : a;
    Floats* out = arrays == 1 ? nullptr : shifted(mine[arrays - 1], 2);
    for (int64_t i = 0; i < repeats; ++i) {
      stream(a, b, out, count);
      asm volatile("" ::: "memory");
    }
  });
  for (Floats* block : memory) std::free(block);
  return moved * static_cast<double>(repeats) / time;
}

double best_bandwidth(int threads, size_t bytes, size_t arrays, Stream stream, Stream past) {
  const double cached = bandwidth(threads, bytes, arrays, stream);
  return past == nullptr || bytes < (1U << 22U) ? cached : std::max(cached, bandwidth(threads, bytes, arrays, past));
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  std::printf(R"({"threads": %d, "flops": {"float32": %.2f, "float64": %.2f)", threads, peak_fma<float>(threads),
              peak_fma<double>(threads));
  if (const double bf16 = best_bf16(threads); bf16 > 0) std::printf(R"(, "bfloat16": %.2f)", bf16);
  if (const double int8 = best_int8(threads); int8 > 0) std::printf(R"(, "int8": %.2f)", int8);
  std::printf(R"(}, "streams": [)");
#if defined(__AVX512F__)
  const Stream scales_past = scale_past, adds_past = add_past;
#else
  const Stream scales_past = nullptr, adds_past = nullptr;
#endif
  bool first = true;
  for (size_t bytes = 1U << 14U; bytes <= (1U << 28U); bytes *= 2) {
    std::printf(R"(%s{"bytes": %zu, "read": %.2f, "scale": %.2f, "add": %.2f})", first ? "" : ", ", bytes,
                bandwidth(threads, bytes, 1, read_only), best_bandwidth(threads, bytes, 2, scale, scales_past),
                best_bandwidth(threads, bytes, 3, add, adds_past));
    first = false;
  }
  std::printf("]}\n");
}
