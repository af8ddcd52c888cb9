// A fork-join pool. A job is a list of ranges; the caller and the workers claim ranges from one atomic ticket until
// none is left, so a worker that is late, asleep or could not be created costs parallelism and never correctness.
#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "cpu_relax.h"

#if defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#else
#include <pthread.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace flambeau {
namespace {

// A thread that finds nothing to do stays awake this long: a wake-up through the kernel costs 5-50 us, and the loops of
// one forward pass follow each other more closely than that.
constexpr std::chrono::microseconds kSpinTime{50};

// Polls until ready() or the spin time is over; returns ready()'s last answer. Gives way now and then: Linux may have
// woken a worker on its caller's own core, and either would otherwise keep the other from what it waits for.
template <class Ready>
bool spin_until(Ready&& ready) {
  for (int i = 0; i < 64; ++i) {
    if (ready()) return true;
    cpu_relax();
  }
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      cpu_relax();
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < deadline);
  return ready();
}

#if defined(__linux__)
int current_core() { return sched_getcpu(); }

// Keeps the calling thread off one core. In a virtual machine Linux was seen to wake a thread on its waker's own core,
// busy as that is, and only milliseconds later to move it to the idle one.
class OffCore {
 public:
  explicit OffCore(int core) {
    if (sched_getaffinity(0, sizeof whole_, &whole_) != 0 || CPU_COUNT(&whole_) < 2) return;
    if (core < 0 || core >= CPU_SETSIZE || !CPU_ISSET(core, &whole_)) return;
    rest_ = whole_;
    CPU_CLR(core, &rest_);
    restricted_ = sched_setaffinity(0, sizeof rest_, &rest_) == 0;
  }
  ~OffCore() {
    cpu_set_t now;
    // What somebody else has set since then stays.
    if (restricted_ && sched_getaffinity(0, sizeof now, &now) == 0 && CPU_EQUAL(&now, &rest_)) {
      sched_setaffinity(0, sizeof whole_, &whole_);
    }
  }
  OffCore(const OffCore&) = delete;
  OffCore& operator=(const OffCore&) = delete;

 private:
  cpu_set_t whole_, rest_;
  bool restricted_ = false;
};
#else
int current_core() { return -1; }
struct OffCore {
  explicit OffCore(int) {}
};
#endif

// [begin, end) of range i when n is cut into `ranges` parts whose sizes differ by at most one.
struct Split {
  int64_t n;
  int ranges;
  int64_t begin(int i) const { return n / ranges * i + std::min<int64_t>(i, n % ranges); }
};

// True on pool threads and, while it runs a loop, on the thread that called parallel_for.
thread_local bool inside_parallel_loop = false;

// The innermost ThreadLimit in force; on a pool thread that of the loop whose range it runs.
thread_local int thread_limit = kMaxThreads;

// Set in the child of a fork, where the workers do not exist: loops run inline from then on.
std::atomic<bool> forked{false};

class Pool {
 public:
  // The pool is never destroyed: another thread may be inside parallel_for while the process exits. Only its workers
  // are stopped, by WorkersJoiner below.
  static Pool& instance() {
    alignas(Pool) static unsigned char storage[sizeof(Pool)];
    static Pool* const pool = new (storage) Pool();
    return *pool;
  }

  // False when another caller holds the pool, or it has shut down; nothing has run then.
  bool try_run(const Split& split, RangeFn fn, void* context) {
    if (forked.load(std::memory_order_relaxed)) return false;
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner.owns_lock() || stopping_.load(std::memory_order_relaxed)) return false;
    start_workers(split.ranges - 1);

    fn_.store(fn, std::memory_order_relaxed);
    context_.store(context, std::memory_order_relaxed);
    n_.store(split.n, std::memory_order_relaxed);
    limit_.store(thread_limit, std::memory_order_relaxed);
    caller_core_.store(current_core(), std::memory_order_relaxed);
    pending_.store(split.ranges, std::memory_order_relaxed);
    // Range 0 is the caller's: the ticket starts at 1.
    const uint64_t epoch = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store(epoch << 32 | static_cast<uint64_t>(split.ranges) << 16 | 1, std::memory_order_seq_cst);
    wake_workers(split.ranges - 1);

    inside_parallel_loop = true;
    fn(context, 0, split.begin(1));
    finish_range();
    work();
    inside_parallel_loop = false;
    wait_done();
    return true;
  }

  // Lets the workers finish what they hold and joins them. The pool runs nothing afterwards.
  void stop() {
    if (forked.load()) return;  // the threads stayed in the parent
    std::lock_guard<std::mutex> owner(owner_);
    {
      std::lock_guard<std::mutex> lock(sleep_mutex_);
      stopping_.store(true);
    }
    work_ready_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    workers_.shrink_to_fit();
  }

 private:
  static uint64_t next(uint64_t ticket) { return ticket & 0xffff; }
  static uint64_t ranges(uint64_t ticket) { return ticket >> 16 & 0xffff; }
  bool has_work() const {
    const uint64_t ticket = ticket_.load(std::memory_order_seq_cst);
    return next(ticket) < ranges(ticket);
  }

  void start_workers(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) workers_.emplace_back(&Pool::worker_main, this);
    } catch (const std::system_error&) {
      // Thread limit reached: the threads there are, the caller at least, claim all ranges.
    }
  }

  // Claims and runs ranges until the current job has none left.
  void work() {
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (next(ticket) < ranges(ticket)) {
      const RangeFn fn = fn_.load(std::memory_order_relaxed);
      void* const context = context_.load(std::memory_order_relaxed);
      const int limit = limit_.load(std::memory_order_relaxed);
      const Split split{n_.load(std::memory_order_relaxed), static_cast<int>(ranges(ticket))};
      // What was read above belongs to this ticket's job if the claim succeeds: a job with an unclaimed range cannot
      // have ended, and the epoch tells it from every later one.
      if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
        continue;
      }
      const int i = static_cast<int>(next(ticket));
      thread_limit = limit;
      fn(context, split.begin(i), split.begin(i + 1));
      finish_range();
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }

  void finish_range() {
    if (pending_.fetch_sub(1, std::memory_order_seq_cst) == 1 && caller_sleeps_.load(std::memory_order_seq_cst)) {
      {
        std::lock_guard<std::mutex> lock(sleep_mutex_);
      }
      job_done_.notify_one();
    }
  }

  void wait_done() {
    const auto done = [this] { return pending_.load(std::memory_order_seq_cst) == 0; };
    if (spin_until(done)) return;
    std::unique_lock<std::mutex> lock(sleep_mutex_);
    caller_sleeps_.store(true, std::memory_order_seq_cst);
    job_done_.wait(lock, done);
    caller_sleeps_.store(false, std::memory_order_relaxed);
  }

  void wake_workers(int wanted) {
    const int sleeping = sleeping_.load(std::memory_order_seq_cst);
    if (sleeping == 0) return;
    {
      std::lock_guard<std::mutex> lock(sleep_mutex_);
    }
    if (wanted >= sleeping) {
      work_ready_.notify_all();
    } else {
      for (int i = 0; i < wanted; ++i) work_ready_.notify_one();
    }
  }

  void worker_main() {
    inside_parallel_loop = true;
    const auto ready = [this] { return has_work() || stopping_.load(std::memory_order_relaxed); };
    for (;;) {
      work();
      if (!spin_until(ready)) {
        const OffCore elsewhere(caller_core_.load(std::memory_order_relaxed));
        std::unique_lock<std::mutex> lock(sleep_mutex_);
        // Either the caller sees this count after it published the ticket, or ready() below sees the ticket.
        sleeping_.fetch_add(1, std::memory_order_seq_cst);
        work_ready_.wait(lock, ready);
        sleeping_.fetch_sub(1, std::memory_order_seq_cst);
      }
      if (stopping_.load(std::memory_order_relaxed) && !has_work()) return;
    }
  }

  std::mutex owner_;  // held by the caller whose loop runs
  std::vector<std::thread> workers_;

  // The job. Written by the owner before the ticket, and only when no range of the previous job is left.
  std::atomic<RangeFn> fn_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int64_t> n_{0};
  std::atomic<int> limit_{kMaxThreads};
  std::atomic<int> caller_core_{-1};
  // epoch << 32 | ranges << 16 | next range to claim. On a cache line of its own, as is the count of unfinished ranges.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> pending_{0};

  alignas(64) std::mutex sleep_mutex_;
  std::condition_variable work_ready_, job_done_;
  std::atomic<int> sleeping_{0};
  std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> stopping_{false};
};

#if defined(_WIN32)
// By the time a DLL's destructors run at exit, Windows has ended the other threads; and as they run this module's code,
// the module must not be unloaded before.
void keep_workers_safe() {
  HMODULE module;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCWSTR>(&keep_workers_safe), &module);
}
#else
// Joins the workers when the process exits or the addon is unloaded, whichever comes first.
struct WorkersJoiner {
  ~WorkersJoiner() { Pool::instance().stop(); }
};

void keep_workers_safe() {
  static WorkersJoiner joiner;
  (void)joiner;
  pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
}
#endif

#if defined(__linux__)
std::string read_line(const std::string& path) {
  char line[512] = "";
  if (FILE* file = std::fopen(path.c_str(), "re")) {
    if (!std::fgets(line, sizeof line, file)) line[0] = '\0';
    std::fclose(file);
  }
  return line;
}

// The CPU limit set on one cgroup directory, in whole cores rounded up; 0 when there is none.
int cgroup_limit(const std::string& directory) {
  double quota = 0, period = 0;
  const std::string v2 = read_line(directory + "/cpu.max");  // "max 100000" or "150000 100000"
  if (std::sscanf(v2.c_str(), "%lf %lf", &quota, &period) != 2) {
    quota = std::atof(read_line(directory + "/cpu.cfs_quota_us").c_str());  // -1: no limit
    period = std::atof(read_line(directory + "/cpu.cfs_period_us").c_str());
  }
  if (!(quota > 0 && period > 0)) return 0;
  return static_cast<int>(std::min((quota + period - 1) / period, 1e6));
}

// The least limit of the process's cgroup and its ancestors. Inside a container the path is often relative to a root
// that is not the one mounted; walking up to "" then finds the container's own limit.
int cgroup_cores(int cores) {
  FILE* file = std::fopen("/proc/self/cgroup", "re");
  if (!file) return cores;
  char line[4096];
  while (std::fgets(line, sizeof line, file)) {
    line[std::strcspn(line, "\n")] = '\0';
    const char* const controllers = std::strchr(line, ':');
    const char* const path = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!path) continue;
    const std::string names(controllers + 1, path);
    const bool is_v2 = names.empty();
    if (!is_v2 && ("," + names + ",").find(",cpu,") == std::string::npos) continue;
    const std::string mount = is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    for (std::string group = path + 1;;) {
      if (group == "/") group.clear();
      if (const int limit = cgroup_limit(mount + group)) cores = std::min(cores, limit);
      if (group.empty()) break;
      group.erase(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
    }
  }
  std::fclose(file);
  return cores;
}

int affinity_cores() {
  for (int capacity = CPU_SETSIZE; capacity <= 1 << 20; capacity *= 2) {
    cpu_set_t* const set = CPU_ALLOC(capacity);
    if (!set) return 0;
    const size_t size = CPU_ALLOC_SIZE(capacity);
    const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return 0;
}
#endif

int count_cores() {
  int cores = 0;
#if defined(__linux__)
  cores = affinity_cores();
#elif defined(_WIN32)
  DWORD_PTR process = 0, system = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) {
    for (; process; process &= process - 1) ++cores;
  }
#endif
  if (cores == 0) cores = static_cast<int>(std::thread::hardware_concurrency());
  cores = std::max(cores, 1);
#if defined(__linux__)
  cores = std::max(cgroup_cores(cores), 1);
#endif
  return cores;
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{std::min(available_cores(), kMaxThreads)};
  return count;
}

}  // namespace

int available_cores() {
  static const int cores = count_cores();
  return cores;
}

int num_threads() { return std::min(thread_count().load(std::memory_order_relaxed), thread_limit); }

void set_num_threads(int n) { thread_count().store(std::clamp(n, 1, kMaxThreads), std::memory_order_relaxed); }

ThreadLimit::ThreadLimit(int most) : outer_(thread_limit) { thread_limit = std::clamp(most, 1, outer_); }
ThreadLimit::~ThreadLimit() { thread_limit = outer_; }

void parallel_for(int64_t n, int64_t grain, RangeFn fn, void* context) {
  if (n <= 0) return;
  const int64_t most = n / std::max<int64_t>(grain, 1);
  const Split split{n, most <= 1 ? 1 : static_cast<int>(std::min<int64_t>(most, num_threads()))};
  if (split.ranges == 1) {
    fn(context, 0, n);
    return;
  }
  if (!inside_parallel_loop) {
    static const bool safe = (keep_workers_safe(), true);
    (void)safe;
    if (Pool::instance().try_run(split, fn, context)) return;
  }
  // The same ranges, one after the other: what a loop computes must not depend on who else computes.
  for (int i = 0; i < split.ranges; ++i) fn(context, split.begin(i), split.begin(i + 1));
}

}  // namespace flambeau
