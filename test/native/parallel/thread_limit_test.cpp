// ThreadLimit: what loops of a limited caller use, on whatever thread they run, beside a caller with another limit; and
// that no driver goes past it or computes anything else under it.
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "../reference.h"
#include "native/parallel/shares.h"
#include "native/parallel/team.h"

#if defined(__linux__)
#include <dirent.h>
#endif

using namespace flambeau;

namespace {

// Threads of this process; 0 where that cannot be asked.
int count_threads() {
  int count = 0;
#if defined(__linux__)
  if (DIR* const tasks = opendir("/proc/self/task")) {
    while (const dirent* entry = readdir(tasks)) count += entry->d_name[0] != '.';
    closedir(tasks);
  }
#endif
  return count;
}

// Results of drivers that between them use every way of sharing out a loop, each large enough for several threads.
std::vector<Tensor> run_drivers() {
  const auto filled = [](const Dims& shape, double start) {
    const Tensor x = empty(DType::f32, shape);
    for (int64_t i = 0; i < x.numel; ++i) x.as<float>()[i] = static_cast<float>(std::sin(start + 0.37 * double(i)));
    return x;
  };
  const double no_parameters[2] = {};
  const Tensor a = filled({300, 200}, 0), b = filled({200, 300}, 1), many = filled({1 << 19}, 2);
  std::vector<Tensor> results(10);
  auto result = results.begin();
  unary(UnaryKernel::exp, many, no_parameters, *result++);
  binary(BinaryKernel::add, filled({512, 1024}, 3), filled({1024}, 4), no_parameters, *result++);
  cast(permute(filled({700, 900}, 5), {1, 0}), DType::f64, *result++);
  reduce(ReduceKernel::sum, filled({64, 64, 128}, 6), {1}, false, *result++);
  softmax(SoftmaxKernel::softmax, filled({512, 1000}, 7), 1, *result++);
  matmul(a, b, nullptr, Activation::none, *result++);
  matmul(filled({64, 40, 40}, 8), filled({64, 40, 40}, 9), nullptr, Activation::none, *result++);
  linear(filled({1, 1024}, 10), filled({1024, 1024}, 11), nullptr, Activation::relu, *result++);
  const ConvParams p{{1, 1}, {1, 1}, {1, 1}, 1, {32, 32}};
  conv(filled({4, 16, 32, 32}, 12), filled({32, 16, 3, 3}, 13), nullptr, nullptr, nullptr, Activation::none, p,
       *result++);
  const Tensor q = filled({1, 8, 256, 32}, 14);
  *result = empty(DType::f32, q.shape);
  attention(q, q, q, nullptr, 0.2, true, *result, nullptr);
  return results;
}

bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  bool same = true;
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t bytes = static_cast<size_t>(a[i].numel) * item_size(a[i].dtype);
    same = same && a[i].shape == b[i].shape && std::memcmp(a[i].data(), b[i].data(), bytes) == 0;
  }
  return same;
}

// Workers are created when a loop first asks for them: what was created is what was asked for.
void drivers_keep_to_it() {
  set_num_threads(8);
  const int before = count_threads();
  std::vector<Tensor> alone;
  {
    const ThreadLimit limit(1);
    alone = run_drivers();
  }
  check::expect(count_threads() == before, "under a limit of one no driver starts a worker");
  {
    const ThreadLimit limit(3);
    check::expect(same_bits(run_drivers(), alone), "a limit of three changes no bit");
  }
  check::expect(before == 0 || count_threads() == before + 2, "under a limit of three, two workers are started");
  check::expect(same_bits(run_drivers(), alone), "no limit changes no bit");
  check::expect(before == 0 || count_threads() > before + 2, "without one there are more");
}

int ranges_of_a_loop() {
  std::atomic<int> ranges{0};
  parallel_for(1000, 1, [&](int64_t, int64_t) { ++ranges; });
  return ranges;
}

void nested_limits() {
  set_num_threads(8);
  check::expect(num_threads() == 8, "no limit at first");
  {
    const ThreadLimit outer(4);
    check::expect(num_threads() == 4 && ranges_of_a_loop() == 4, "the limit");
    {
      const ThreadLimit inner(6);
      check::expect(num_threads() == 4, "an inner one does not raise it");
      const ThreadLimit innermost(2);
      check::expect(num_threads() == 2 && ranges_of_a_loop() == 2, "an inner one lowers it");
    }
    check::expect(num_threads() == 4, "the outer one is back");
    set_num_threads(3);
    check::expect(num_threads() == 3, "the process's number counts where it is less");
    set_num_threads(8);
    std::thread([] { check::expect(num_threads() == 8, "another thread has no limit"); }).join();
    const ThreadLimit none(0);
    check::expect(num_threads() == 1 && ranges_of_a_loop() == 1, "at least one thread");
  }
  check::expect(num_threads() == 8 && ranges_of_a_loop() == 8, "no limit afterwards");
}

// Loops of all forms; whoever runs a part of one must see its caller's limit.
bool loops_see(int limit) {
  std::atomic<bool> right{true};
  const auto look = [&] {
    if (num_threads() != limit) right = false;
  };
  parallel_for(64, 1, [&](int64_t, int64_t) { look(); });
  parallel_pieces(64, 1, [&](int64_t, int64_t) { look(); });
  share_units(limit, 5, [&](int) { return [&](int64_t) { look(); }; });
  Team::run(3, limit, [&](int64_t, int) { look(); });
  return right;
}

void two_callers() {
  set_num_threads(8);
  const std::vector<Tensor> expected = run_drivers();
  std::atomic<bool> seen{true}, same{true};
  std::vector<std::thread> callers;
  for (const int limit : {2, 5, 8}) {
    callers.emplace_back([&, limit] {
      const ThreadLimit mine(limit);
      for (int round = 0; round < 300; ++round) {
        if (!loops_see(limit)) seen = false;
      }
      for (int round = 0; round < 3; ++round) {
        if (!same_bits(run_drivers(), expected)) same = false;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  check::expect(seen, "each caller's loops are under its own limit, on every thread");
  check::expect(same, "callers with different limits get the same bits");
}

}  // namespace

int main() {
  return check::run("thread_limit", [] {
    drivers_keep_to_it();
    nested_limits();
    two_callers();
  });
}
