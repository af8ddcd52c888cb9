// The pool: alignment, reuse, bounds, counters, threads, failure.
#include <cstring>
#include <thread>
#include <vector>

#include "../reference.h"
#include "native/memory/pool.h"
#include "native/memory/storage.h"
#include "native/memory/system_memory.h"

// Refusing absurd sizes is under test, so the sanitizer must refuse as the system does.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}

using namespace flambeau;

namespace {

void alignment_and_disjointness() {
  std::vector<StorageRef> held;
  for (size_t bytes : {0, 1, 16, 63, 64, 65, 128, 257, 1000, 4096, 4097, 65536, 1000003}) {
    for (int i = 0; i < 40; ++i) {
      held.emplace_back(Storage::allocate(bytes));
      Storage& s = *held.back().get();
      check::expect(reinterpret_cast<uintptr_t>(s.data()) % kAlignment == 0, "data are aligned");
      check::expect(s.bytes() == bytes && s.use_count() == 1 && !s.is_external(), "a fresh storage");
      std::memset(s.data(), static_cast<int>(held.size() % 251), bytes);
    }
  }
  for (size_t i = 0; i < held.size(); ++i) {
    const unsigned char* p = static_cast<unsigned char*>(held[i]->data());
    bool intact = true;
    for (size_t k = 0; k < held[i]->bytes(); ++k) intact = intact && p[k] == (i + 1) % 251;
    check::expect(intact, "no block overlaps another");
  }
}

void counters() {
  const MemoryStats before = memory_stats();
  reset_peak_memory();
  {
    StorageRef a(Storage::allocate(1000)), b(Storage::allocate(100000));
    const StorageRef c = a;
    check::expect(a->use_count() == 2, "copies count references");
    const MemoryStats during = memory_stats();
    check::expect(during.live_bytes == before.live_bytes + 101000, "live bytes are what was asked for");
    check::expect(during.live_storages == before.live_storages + 2, "live storages");
    a = StorageRef();
    check::expect(memory_stats().live_storages == before.live_storages + 2, "a reference keeps the storage");
    StorageRef moved = std::move(b);
    check::expect(!b && moved->use_count() == 1, "moving does not count");
  }
  const MemoryStats after = memory_stats();
  check::expect(after.live_bytes == before.live_bytes && after.live_storages == before.live_storages,
                "all is returned");
  check::expect(after.peak_bytes == before.live_bytes + 101000, "the peak");
}

void wrapped_memory() {
  static int released;
  released = 0;
  double data[4] = {1, 2, 3, 4};
  const MemoryStats before = memory_stats();
  {
    StorageRef s(Storage::wrap(data, sizeof data, [](void* context) { *static_cast<int*>(context) += 1; }, &released));
    const StorageRef t = s;
    check::expect(s->is_external() && s->data() == data && s->bytes() == sizeof data, "wraps what it is given");
    check::expect(memory_stats().live_bytes == before.live_bytes, "wrapped bytes are the owner's");
    s = StorageRef();
    check::expect(released == 0, "released by the last reference only");
  }
  check::expect(released == 1, "released once");
  check::expect(memory_stats().live_storages == before.live_storages, "its header is returned");
}

void refusals() {
  for (size_t bytes : {SIZE_MAX, SIZE_MAX / 2, size_t{1} << 62, (size_t{1} << 46) + 1, size_t{1} << 45}) {
    check::expect_error("OUT_OF_MEMORY", "bytes", [&] { StorageRef s(Storage::allocate(bytes)); });
  }
}

// What the system promises without having it.
void more_than_there_is() {
  const size_t available = available_memory();
  check::expect(available > 0, "some memory is available");
  if (available == SIZE_MAX) return;  // there the system itself refuses
  check::expect_error("OUT_OF_MEMORY", "bytes", [&] { StorageRef s(Storage::allocate(available + (64 << 20))); });
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(FLAMBEAU_SANITIZE)
void reuse_and_bounds() {
  for (size_t bytes : {16, 4096, 5000, 1 << 20}) {
    Storage* first = Storage::allocate(bytes);
    void* data = first->data();
    first->release();
    StorageRef second(Storage::allocate(bytes));
    check::expect(second->data() == data, "the block freed last is taken first");
  }
  // What a burst left goes after some seconds, and only then.
  {
    std::vector<StorageRef> many;
    for (int i = 0; i < 256; ++i) many.emplace_back(Storage::allocate(1 << 20));
  }
  const auto now = std::chrono::steady_clock::now();
  release_unused(now);
  check::expect(memory_stats().cached_bytes >= (256 << 20), "a burst's blocks stay for a while");
  release_unused(now + std::chrono::milliseconds(2500));
  release_unused(now + std::chrono::milliseconds(5000));
  check::expect(memory_stats().cached_bytes <= (80 << 20), "a burst's blocks go when nothing needs them");
  empty_cache();
  const size_t floor = memory_stats().cached_bytes;
  check::expect(floor < (1 << 20), "an emptied cache is small");
  {
    std::vector<StorageRef> many;
    for (int i = 0; i < 200000; ++i) many.emplace_back(Storage::allocate(16));
  }
  check::expect(memory_stats().cached_bytes < (4 << 20), "slabs that empty go back to the system");
  // A burst in each of many sizes: what stays cached never exceeds the burst's own high-water mark.
  for (size_t bytes = 1 << 20; bytes <= (16 << 20); bytes += 1 << 20) {
    std::vector<StorageRef> many;
    for (size_t i = 0; i < (128 << 20) / bytes; ++i) many.emplace_back(Storage::allocate(bytes));
  }
  const size_t cached = memory_stats().cached_bytes;
  check::expect(cached > (60 << 20) && cached < (170 << 20), "the cache follows the high-water mark");
  empty_cache();
  check::expect(memory_stats().cached_bytes < (1 << 20), "empty_cache gives all back");
}
#endif

// Blocks are made by one thread, checked and freed by another.
void threads() {
  const MemoryStats before = memory_stats();
  std::vector<std::thread> workers;
  std::vector<std::vector<Storage*>> made(4);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> bad{0};
    for (size_t t = 0; t < 4; ++t) {
      workers.emplace_back([&made, t] {
        for (size_t i = 0; i < 2000; ++i) {
          Storage* s = Storage::allocate(1 + i * 7 % 9000);
          std::memset(s->data(), static_cast<int>(t + 1), s->bytes());
          made[t].push_back(s);
        }
      });
    }
    for (std::thread& w : workers) w.join();
    workers.clear();
    for (size_t t = 0; t < 4; ++t) {
      workers.emplace_back([&made, &bad, t] {
        std::vector<Storage*>& mine = made[(t + 1) % 4];
        for (Storage* s : mine) {
          const char* p = static_cast<char*>(s->data());
          for (size_t k = 0; k < s->bytes(); ++k) bad += p[k] != static_cast<char>((t + 1) % 4 + 1);
          s->release();
        }
        mine.clear();
      });
    }
    for (std::thread& w : workers) w.join();
    workers.clear();
    check::expect(bad == 0, "no thread writes another's block");
  }
  check::expect(memory_stats().live_bytes == before.live_bytes, "threads return everything");
  check::expect(memory_stats().live_storages == before.live_storages, "threads return every storage");
}

}  // namespace

int main() {
  return check::run("storage", [] {
    alignment_and_disjointness();
    counters();
    wrapped_memory();
    refusals();
    more_than_there_is();
#if !defined(__SANITIZE_ADDRESS__) && !defined(FLAMBEAU_SANITIZE)
    reuse_and_bounds();
#endif
    threads();
  });
}
