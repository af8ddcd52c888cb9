// Derived forms: made at the second use of unchanged values, void after a write, told apart by geometry, never of
// external memory, freed with their storage and by empty_cache().
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "../reference.h"
#include "native/tensor/prepack.h"

using namespace flambeau;

namespace {

// The form of these tests: the values negated.
StorageRef negated(const Tensor& x, int* made = nullptr, int64_t parameter = 0) {
  return prepacked(x, Derivation::gemm_columns, parameter, static_cast<size_t>(x.numel) * sizeof(float), [&](void* to) {
    if (made) ++*made;
    for (int64_t i = 0; i < x.numel; ++i) static_cast<float*>(to)[i] = -x.as<float>()[i];
  });
}

float first_of(const StorageRef& form) { return *static_cast<const float*>(form->data()); }

Tensor ones(int64_t n) {
  Tensor x = empty(DType::f32, Dims{n});
  for (int64_t i = 0; i < n; ++i) x.as<float>()[i] = 1;
  return x;
}

void check_life() {
  const MemoryStats before = memory_stats();
  {
    Tensor x = ones(100);
    int made = 0;
    check::expect(!negated(x, &made), "first use");
    const StorageRef form = negated(x, &made);
    check::expect(form && made == 1 && first_of(form) == -1, "made at the second use");
    check::expect(negated(x, &made).get() == form.get() && made == 1, "made once");
    check::expect(memory_stats().live_storages == before.live_storages + 2, "a form is a storage");
    check::expect(memory_stats().live_bytes == before.live_bytes + 2 * 100 * sizeof(float), "its bytes count");

    x.as<float>()[0] = 2;
    x.storage->mark_written();
    check::expect(!negated(x, &made) && made == 1, "a write voids it");
    check::expect(first_of(negated(x, &made)) == -2 && made == 2, "made anew from the new values");
    check::expect(first_of(form) == -1, "what is in use stays");  // what is in use stays
  }
  check::expect(memory_stats().live_storages == before.live_storages && memory_stats().live_bytes == before.live_bytes,
                "freed with its storage");
}

void check_keys() {
  const Tensor x = ones(100);
  const Tensor left = as_strided(x, Dims{50}, Dims{1}, 0), right = as_strided(x, Dims{50}, Dims{1}, 50);
  negated(left);
  check::expect(!negated(right) && !negated(left, nullptr, 1), "other geometry, other parameter: first use");
  const StorageRef of_left = negated(left);
  check::expect(of_left && negated(right) && negated(right).get() != of_left.get(), "each has its own");
  check::expect(negated(as_strided(x, Dims{50}, Dims{1}, 0)).get() == of_left.get(),
                "another view of the same elements");  // another view, the same elements
  check::expect(!negated(as_strided(x, Dims{25}, Dims{2}, 0)), "other strides");

  // A loop over slices keeps a bounded number of forms.
  const size_t before = memory_stats().live_storages;
  for (int64_t i = 0; i < 99; ++i) {
    const Tensor slice = as_strided(x, Dims{1}, Dims{1}, i);
    negated(slice);
    negated(slice);
  }
  check::expect(memory_stats().live_storages <= before + 64, "a bounded number of forms");
}

void check_cache_is_emptied() {
  const Tensor x = ones(10);
  negated(x);
  const StorageRef form = negated(x);
  empty_cache();
  check::expect(first_of(form) == -1, "what is in use survives empty_cache");
  check::expect(!negated(x) && negated(x) && negated(x).get() != form.get(), "made anew after empty_cache");
}

void check_external() {
  float values[4] = {1, 2, 3, 4};
  Tensor x;
  x.storage = StorageRef(Storage::wrap(values, sizeof values, [](void*) {}, nullptr));
  x.shape = Dims{4};
  x.strides = Dims{1};
  x.numel = 4;
  for (int i = 0; i < 3; ++i) check::expect(!negated(x), "external memory has no form");
}

void check_threads() {
  std::vector<Tensor> weights;
  for (int i = 0; i < 4; ++i) weights.push_back(ones(300));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        if (const StorageRef form = negated(weights[(i + t) % 4]); form && first_of(form) != -1) ++wrong;
        if (i % 50 == t) weights[i % 4].storage->mark_written();
        if (i % 500 == t) empty_cache();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check::expect(wrong == 0, "no stale form");
}

}  // namespace

int main() {
  return check::run("prepack_test", [] {
    check_life();
    check_keys();
    check_cache_is_emptied();
    check_external();
    check_threads();
  });
}
