// parallel_for: every index once, the promised split, nesting, competing callers, and changes of the thread count.
// Shares: every unit once, its own first, and others' when those are through.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "native/parallel/shares.h"
#include "native/parallel/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace flambeau;

namespace {

int checks = 0, failures = 0;

void check(bool condition, const char* what) {
  ++checks;
  if (condition) return;
  ++failures;
  std::printf("thread_pool_test: %s\n", what);
}

using Ranges = std::set<std::pair<int64_t, int64_t>>;

Ranges ranges_of(int64_t n, int64_t grain) {
  std::mutex mutex;
  Ranges ranges;
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    std::lock_guard<std::mutex> lock(mutex);
    ranges.insert({begin, end});
  });
  return ranges;
}

void check_split() {
  for (const int threads : {1, 2, 3, 8, kMaxThreads}) {
    set_num_threads(threads);
    check(num_threads() == threads, "num_threads is what was set");
    for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{7}, int64_t{100}, int64_t{1} << 62}) {
      for (const int64_t grain : {int64_t{1}, int64_t{3}, int64_t{50}, int64_t{1} << 61}) {
        const Ranges ranges = ranges_of(n, grain);
        int64_t next = 0;
        bool contiguous = true, coarse = true;
        for (const auto& [begin, end] : ranges) {
          contiguous &= begin == next && end > begin;
          coarse &= ranges.size() == 1 || end - begin >= grain;
          next = end;
        }
        check(contiguous && next == n, "ranges tile [0, n) once");
        check(coarse, "ranges are of at least `grain`");
        check(static_cast<int>(ranges.size()) <= threads, "no more ranges than threads");
        check(ranges == ranges_of(n, grain), "the split is always the same");
      }
    }
  }
  set_num_threads(0);
  check(num_threads() == 1, "set_num_threads clamps below");
  set_num_threads(1 << 20);
  check(num_threads() == kMaxThreads, "set_num_threads clamps above");
}

void check_parallelism() {
  // Two ranges that wait for each other can only end on two threads.
  set_num_threads(2);
  std::atomic<int> arrived{0};
  bool met[2] = {false, false};
  parallel_for(2, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      arrived.fetch_add(1);
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (arrived.load() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      met[i] = arrived.load() == 2;
    }
  });
  check(met[0] && met[1], "ranges run at the same time");
  // Long enough for the workers to fall asleep.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  arrived = 0;
  parallel_for(2, 1, [&](int64_t, int64_t) {
    arrived.fetch_add(1);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived.load() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  check(arrived.load() == 2, "a sleeping worker wakes");
}

void check_nesting() {
  set_num_threads(4);
  std::vector<std::atomic<int>> hits(16 * 16);
  std::atomic<bool> same_thread{true};
  parallel_for(16, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::thread::id outer = std::this_thread::get_id();
      parallel_for(16, 1, [&](int64_t from, int64_t to) {
        if (std::this_thread::get_id() != outer) same_thread = false;
        for (int64_t j = from; j < to; ++j) hits[i * 16 + j].fetch_add(1);
      });
    }
  });
  bool once = true;
  for (const auto& hit : hits) once &= hit.load() == 1;
  check(once, "a nested loop runs every index once");
  check(same_thread.load(), "a nested loop stays on its thread");
}

// Many environments, which come and go, on one pool; another changes the number of threads all the while.
void check_callers() {
  set_num_threads(4);
  std::atomic<bool> wrong{false}, done{false};
  std::thread changer([&] {
    for (int n = 1; !done.load(); n = n % 8 + 1) {
      set_num_threads(n);
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> callers;
    for (int t = 0; t < 6; ++t) {
      callers.emplace_back([&, t] {
        for (int loop = 0; loop < 200; ++loop) {
          const int64_t n = 1 + (loop * 37 + t) % 300;
          std::vector<int> hits(static_cast<size_t>(n));
          parallel_for(n, 1 + loop % 5, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) ++hits[i];
          });
          for (const int hit : hits) {
            if (hit != 1) wrong = true;
          }
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
  done = true;
  changer.join();
  check(!wrong.load(), "competing callers each get every index once");
}

// Asleep, a worker keeps off its caller's core; at work it may run wherever the process may.
void check_affinity() {
#if defined(__linux__)
  const auto cores = [] {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
  };
  const int expected = cores();
  set_num_threads(2);
  std::atomic<bool> differs{false};
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    parallel_for(2, 1, [&](int64_t, int64_t) {
      if (cores() != expected) differs = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  }
  check(!differs.load(), "a woken worker may run on every core of the process");
#endif
}

void check_shares() {
  Shares shares(3, 2);
  const int64_t expected[][2] = {{1, 2}, {1, 3}, {1, 5}, {2, 4}, {2, 1}, {0, 0}, {0, -1}, {1, -1}, {2, -1}};
  bool right = true;
  for (const auto& [thread, unit] : expected) right &= shares.take(static_cast<int>(thread)) == unit;
  check(right, "a thread takes its own units from the front, then the next thread's from the back");

  for (const int threads : {1, 2, 8, kMaxThreads}) {
    set_num_threads(threads);
    for (const int64_t units : {1, 3, 1000}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(threads * units));
      std::atomic<int> workers{0};
      share_units(threads, units, [&](int thread) {
        workers += thread >= 0 && thread < threads ? 1 : threads;
        return [&](int64_t unit) { ++done[static_cast<size_t>(unit)]; };
      });
      bool once = workers >= 1 && workers <= threads;
      for (const std::atomic<int>& count : done) once &= count == 1;
      check(once, "every unit is done once, by at most one worker for each thread");
    }
    for (const int64_t n : {int64_t{1}, int64_t{7}, int64_t{100}, int64_t{12345}}) {
      for (const int64_t grain : {int64_t{1}, int64_t{3}, int64_t{50}}) {
        std::mutex mutex;
        Ranges ranges;
        parallel_pieces(n, grain, [&](int64_t begin, int64_t end) {
          std::lock_guard<std::mutex> lock(mutex);
          ranges.insert({begin, end});
        });
        int64_t next = 0;
        bool fits = true;
        for (const auto& [begin, end] : ranges) {
          fits &= begin == next && (ranges.size() == 1 || end - begin >= grain);
          next = end;
        }
        check(fits && next == n, "pieces of at least the grain cover the loop once");
      }
    }
  }

  // One that is held up leaves the rest of its units to another.
  set_num_threads(2);
  std::atomic<int> left{15};
  share_units(2, 8, [&](int) {
    return [&](int64_t unit) {
      if (unit != 0) --left;
      else
        while (left > 0) std::this_thread::yield();
    };
  });
  check(left == 0, "units of a thread that is held up are taken over");
}

#if !defined(_WIN32)
// In the child of a fork there are no workers: loops run inline, and exit does not wait for threads that are not there.
void check_fork() {
  set_num_threads(4);
  ranges_of(100, 1);
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    int64_t sum = 0;
    parallel_for(100, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) sum += i;
    });
    std::exit(sum == 4950 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child computes inline and exits");
}
#endif

}  // namespace

int main() {
  check(available_cores() >= 1, "there is a core");
  check(num_threads() >= 1 && num_threads() <= available_cores(), "the default uses no more cores than there are");
  check_split();
  check_parallelism();
  check_nesting();
  check_callers();
  check_affinity();
  check_shares();
#if !defined(_WIN32)
  check_fork();
#endif
  std::printf("thread_pool_test: %d cores, %d checks, %d failures\n", available_cores(), checks, failures);
  return failures != 0;
}
