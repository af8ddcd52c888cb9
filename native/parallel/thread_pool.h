// The process's one pool of compute threads, shared by every environment (worker thread) that loads the addon.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace flambeau {

// The number of threads a parallel loop of the calling thread may use, itself included: what the process was set to, or
// the caller's limit where that is less. set_num_threads takes 1..kMaxThreads and is the process's.
inline constexpr int kMaxThreads = 256;
int num_threads();
void set_num_threads(int n);

// While it lives, loops of the thread that made it use at most so many threads (at least one). One within another can
// only lower the limit. What a loop runs, also on the pool's threads, is under the limit of its caller.
class ThreadLimit {
 public:
  explicit ThreadLimit(int most);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  const int outer_;
};

// Cores this process may run on: affinity mask and cgroup quota included.
int available_cores();

// A thread is worth waking for this many multiply-adds of floats, some 10 us of them.
inline constexpr double kWorkPerThread = 5e5;
// The threads to use where there is enough work for `shares` of them.
inline int threads_worth(double shares) {
  return static_cast<int>(std::min<double>(num_threads(), std::max(1.0, shares)));
}

using RangeFn = void (*)(void* context, int64_t begin, int64_t end);

// Splits [0, n) into at most num_threads() contiguous ranges of at least `grain` and runs them, the first on the
// caller. Returns when all are done. Runs inline when one range suffices, when called from inside a parallel loop, or
// when another environment holds the pool (two workers never wait for each other). The split depends on n, grain and
// num_threads() alone. The function must not throw.
void parallel_for(int64_t n, int64_t grain, RangeFn fn, void* context);

template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
  parallel_for(
      n, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace flambeau
