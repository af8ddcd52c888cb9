// How the threads of one parallel loop divide its units of work, and even out what the division did not foresee.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "thread_pool.h"

namespace flambeau {

// Units dealt out to threads in equal runs. A thread works through its own from the front, as it would with nobody to
// help it, so that its cache has what it had the last time; once through, it takes units from the back of the others'.
// A core is slow for reasons no division knows: what else runs on it, or on the machine that a virtual one shares.
class Shares {
 public:
  // threads <= kMaxThreads, each of `units` units: thread t's own are t * units .. (t + 1) * units - 1.
  Shares(int threads, int64_t units) : threads_(threads), units_(units) {
    for (int i = 0; i < threads; ++i) shares_[i].left.store(pack(0, units), std::memory_order_relaxed);
  }

  // A unit nobody else gets, or -1 when none is left.
  int64_t take(int thread) {
    for (int i = 0; i < threads_; ++i) {
      const int owner = (thread + i) % threads_;
      const int64_t unit = i == 0 ? take_first(shares_[owner].left) : take_last(shares_[owner].left);
      if (unit >= 0) return owner * units_ + unit;
    }
    return -1;
  }

 private:
  // On a line of its own, which only its owner writes until somebody has nothing left.
  struct alignas(64) Share {
    std::atomic<uint64_t> left;  // units first .. end - 1: end << 32 | first
  };

  static uint64_t pack(int64_t first, int64_t end) {
    return static_cast<uint64_t>(end) << 32 | static_cast<uint64_t>(first);
  }
  static int64_t first_of(uint64_t left) { return static_cast<int64_t>(left & 0xffffffff); }
  static int64_t end_of(uint64_t left) { return static_cast<int64_t>(left >> 32); }

  static int64_t take_first(std::atomic<uint64_t>& left) {
    uint64_t before = left.load(std::memory_order_relaxed);
    while (first_of(before) < end_of(before)) {
      if (left.compare_exchange_weak(before, before + 1, std::memory_order_relaxed)) return first_of(before);
    }
    return -1;
  }
  static int64_t take_last(std::atomic<uint64_t>& left) {
    uint64_t before = left.load(std::memory_order_relaxed);
    while (first_of(before) < end_of(before)) {
      const int64_t last = end_of(before) - 1;
      if (left.compare_exchange_weak(before, pack(first_of(before), last), std::memory_order_relaxed)) return last;
    }
    return -1;
  }

  const int threads_;
  const int64_t units_;
  Share shares_[kMaxThreads];
};

// Does threads * units units, divided as Shares has it: a thread that finds one calls make(thread) for a worker, with
// whatever state it keeps between units, and worker(unit) for each.
template <class Make>
void share_units(int threads, int64_t units, Make&& make) {
  Shares shares(threads, units);
  parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
    for (int thread = static_cast<int>(begin); thread < end; ++thread) {
      int64_t unit = shares.take(thread);
      if (unit < 0) continue;
      for (auto worker = make(thread); unit >= 0; unit = shares.take(thread)) worker(unit);
    }
  });
}

// Cuts [0, n) into ranges of at least `grain`, a few for each thread, and calls body(thread, begin, end) for each.
template <class Body>
void share_ranges(int64_t n, int64_t grain, int threads, Body&& body) {
  constexpr int64_t kMost = 8;
  if (threads <= 1) return body(0, int64_t{0}, n);
  const int64_t units = std::clamp<int64_t>(n / threads / std::max<int64_t>(grain, 1), 1, kMost);
  const int64_t parts = threads * units;
  const auto begin = [&](int64_t part) { return n / parts * part + std::min(part, n % parts); };
  share_units(threads, units, [&](int thread) {
    return [&, thread](int64_t part) {
      if (begin(part) < begin(part + 1)) body(thread, begin(part), begin(part + 1));
    };
  });
}

// As parallel_for, but what a thread has not begun others may take over. For loops that compute: one that moves memory
// past the caches decides by its range whether to.
template <class Body>
void parallel_pieces(int64_t n, int64_t grain, Body&& body) {
  if (n <= 0) return;
  const int threads = static_cast<int>(std::clamp<int64_t>(n / std::max<int64_t>(grain, 1), 1, num_threads()));
  share_ranges(n, grain, threads, [&](int, int64_t begin, int64_t end) { body(begin, end); });
}

}  // namespace flambeau
