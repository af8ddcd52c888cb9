// What a parallel loop costs beside its work, as JSON in nanoseconds: `wakeup THREADS`. "hot": loops back to back,
// whose workers still poll. "asleep": loops 2 ms apart, whose workers the system must wake; a worker that comes too
// late leaves its share to the caller.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "../../native/parallel/thread_pool.h"

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double, std::nano>(Clock::now() - begin).count(); }

// Busy for so long.
void work(double nanoseconds) {
  for (const auto begin = Clock::now(); since(begin) < nanoseconds;) {
  }
}

// Median over loops of the time that is not a thread's own work.
template <class Before>
double overhead(int threads, int loops, double share, Before&& before) {
  std::vector<double> times;
  for (int i = 0; i < loops; ++i) {
    before();
    const auto begin = Clock::now();
    flambeau::parallel_for(threads, 1, [&](int64_t first, int64_t last) {
      if (share > 0) work(share * static_cast<double>(last - first));
    });
    times.push_back(since(begin) - share);
  }
  std::nth_element(times.begin(), times.begin() + loops / 2, times.end());
  return times[loops / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : flambeau::num_threads();
  flambeau::set_num_threads(threads);
  const auto nothing = [] {};
  const auto sleep = [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  overhead(threads, 1000, 0, nothing);
  std::printf("{\"hot\": %.0f, \"hotOf10us\": %.0f", overhead(threads, 20000, 0, nothing),
              overhead(threads, 5000, 10e3, nothing));
  for (const double share : {10e3, 50e3, 200e3, 1e6}) {
    std::printf(", \"asleepOf%.0fus\": %.0f", share / 1e3, overhead(threads, 200, share, sleep));
  }
  std::printf("}\n");
}
