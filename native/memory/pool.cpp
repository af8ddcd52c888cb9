// Data sizes are rounded up to classes, four to a doubling: at most 25% is wasted.
//
// Small blocks are carved from 64 KB slabs that are aligned to their size: a block finds its slab by masking its
// address, so that it goes home whichever thread frees it, and a slab that empties goes back to the system (the page
// scheme of mimalloc: Leijen, Zorn, de Moura, 2019). Slabs belong to shards, each with a spin lock; threads are spread
// over the shards, so that a lock is normally taken by one thread alone. Larger blocks are cached whole, reused last
// in first out, and evicted least recently used first.
#include "pool.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>
#include <thread>

#include "system_memory.h"

#if defined(_MSC_VER)
#include <intrin.h>
#elif defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

// Under a memory checker every allocation must reach it as it is.
#if !defined(FLAMBEAU_SANITIZE) && defined(__SANITIZE_ADDRESS__)
#define FLAMBEAU_SANITIZE 1
#endif
#if !defined(FLAMBEAU_SANITIZE) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLAMBEAU_SANITIZE 1
#endif
#endif

namespace flambeau {
namespace {

constexpr size_t kHeader = kBlockHeader;

// Whether so many bytes, all used, are more than the machine has left. Asking costs far less than their first use.
bool is_too_much(size_t bytes) { return bytes >= 64 << 20 && bytes > available_memory(); }

void* system_allocate(size_t bytes, size_t alignment) {
  return ::operator new(bytes, std::align_val_t(alignment), std::nothrow);
}

// What went back to the C library since it was last asked to pass it on: it keeps what others' blocks separate from the
// end of its heap.
std::atomic<size_t> g_returned{0};

void system_free(void* block, size_t bytes, size_t alignment) {
  ::operator delete(block, std::align_val_t(alignment));
  g_returned.fetch_add(bytes, std::memory_order_relaxed);
}

using Clock = std::chrono::steady_clock;

}  // namespace

#ifdef FLAMBEAU_SANITIZE

namespace {
std::atomic<size_t> g_blocks{0};
}  // namespace

void* take_block(size_t bytes) {
  void* block = is_too_much(bytes) ? nullptr : system_allocate(kHeader + bytes, kAlignment);
  if (block) ++g_blocks;
  return block;
}

void give_block(void* block, size_t) {
  --g_blocks;
  system_free(block, 0, kAlignment);
}

PoolStats pool_stats() { return {g_blocks, 0}; }
void release_unused(Clock::time_point) {}
void release_cached() {}

#else

namespace {

int floor_log2(uint64_t x) {
#if defined(_MSC_VER)
  unsigned long index;
  _BitScanReverse64(&index, x);
  return static_cast<int>(index);
#else
  return 63 - __builtin_clzll(x);
#endif
}

// Classes 0..3 are 1..4 units of 64 bytes; from there each doubling has four.
int class_of(size_t bytes) {
  const size_t last = bytes <= kAlignment ? 0 : (bytes - 1) / kAlignment;
  if (last < 4) return static_cast<int>(last);
  const int e = floor_log2(last);
  return 4 * (e - 1) + static_cast<int>((last >> (e - 2)) & 3);
}
constexpr size_t class_bytes(int c) {
  return kAlignment * (c < 4 ? static_cast<size_t>(c) + 1 : (size_t{5} + c % 4) << (c / 4 - 1));
}
constexpr int kClassCount = 160;
constexpr int kSmallClasses = 20;
constexpr size_t kSmallBytes = class_bytes(kSmallClasses - 1);
static_assert(kSmallBytes == 4096);

// ---- small blocks

constexpr size_t kSlabBytes = 64 * 1024;
constexpr int kShards = 8;
constexpr int kSpareSlabs = 16;          // empty slabs a shard keeps, ready for any class
constexpr uint32_t kTakesPerLook = 256;  // … of small blocks, after which a look at the clock costs nothing

class SpinLock {
 public:
  void lock() {
    for (int spins = 0; held_.exchange(true, std::memory_order_acquire); ++spins) {
      if (spins > 64) std::this_thread::yield();
    }
  }
  void unlock() { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
};

struct FreeBlock {
  FreeBlock* next;
};

struct Slab {
  Slab *next, *prev;
  FreeBlock* free;
  uint32_t used, carved, capacity;
  int size_class;
  struct Shard* shard;
};
static_assert(sizeof(Slab) <= kHeader);

struct alignas(128) Shard {
  SpinLock lock;
  Slab* partial[kSmallClasses];  // slabs with room, the one freed into last in front; full slabs are in no list
  Slab* spare;                   // singly linked
  int spare_count;
  uint32_t takes;
  size_t slabs, blocks, block_bytes;

  Slab* open(void* memory, int c) {
    Slab* slab = new (memory) Slab();
    slab->capacity = static_cast<uint32_t>((kSlabBytes - kHeader) / (kHeader + class_bytes(c)));
    slab->size_class = c;
    slab->shard = this;
    push(slab);
    return slab;
  }
  void push(Slab* slab) {
    Slab*& head = partial[slab->size_class];
    slab->prev = nullptr;
    slab->next = head;
    if (head) head->prev = slab;
    head = slab;
  }
  void unlink(Slab* slab) {
    (slab->prev ? slab->prev->next : partial[slab->size_class]) = slab->next;
    if (slab->next) slab->next->prev = slab->prev;
  }
};
Shard g_shards[kShards];

int my_shard() {
  static std::atomic<int> threads{0};
  thread_local int shard = -1;
  if (shard < 0) shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

void* take_from(Shard& shard, Slab* slab) {
  char* block;
  if (slab->free) {
    block = reinterpret_cast<char*>(slab->free);
    slab->free = slab->free->next;
  } else {
    block = reinterpret_cast<char*>(slab) + kHeader + slab->carved++ * (kHeader + class_bytes(slab->size_class));
  }
  if (++slab->used == slab->capacity) shard.unlink(slab);
  ++shard.blocks;
  shard.block_bytes += kHeader + class_bytes(slab->size_class);
  return block;
}

void* take_small(int c) {
  Shard& shard = g_shards[my_shard()];
  void* block = nullptr;
  bool looks;
  {
    std::lock_guard<SpinLock> hold(shard.lock);
    looks = ++shard.takes % kTakesPerLook == 0;
    if (Slab* slab = shard.partial[c]) {
      block = take_from(shard, slab);
    } else if (Slab* spare = shard.spare) {
      shard.spare = spare->next;
      --shard.spare_count;
      block = take_from(shard, shard.open(spare, c));
    }
  }
  if (looks) release_unused(Clock::now());
  if (block) return block;
  void* memory = system_allocate(kSlabBytes, kSlabBytes);
  if (!memory) return nullptr;
  std::lock_guard<SpinLock> hold(shard.lock);
  ++shard.slabs;
  return take_from(shard, shard.open(memory, c));
}

void give_small(void* block) {
  Slab* slab = reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(block) & ~(kSlabBytes - 1));
  Shard& shard = *slab->shard;
  {
    std::lock_guard<SpinLock> hold(shard.lock);
    --shard.blocks;
    shard.block_bytes -= kHeader + class_bytes(slab->size_class);
    slab->free = new (block) FreeBlock{slab->free};
    if (slab->used-- == slab->capacity) shard.push(slab);
    // The last slab of a class stays, or a lone tensor made and freed in a loop would build it anew each time.
    if (slab->used != 0 || (!slab->prev && !slab->next)) return;
    shard.unlink(slab);
    if (shard.spare_count < kSpareSlabs) {
      slab->next = shard.spare;
      shard.spare = slab;
      ++shard.spare_count;
      return;
    }
    --shard.slabs;
  }
  system_free(slab, kSlabBytes, kSlabBytes);
}

// ---- large blocks

// First use of memory costs ten times less in 2 MB pages than in 4 KB ones.
constexpr size_t kHugePage = 2 << 20;
constexpr size_t large_alignment(int c) { return class_bytes(c) >= 2 * kHugePage ? kHugePage : kAlignment; }

// What a cached block's header holds meanwhile.
struct Cached {
  Cached *newer_of_class, *older_of_class, *newer, *older;
  int size_class;
};
static_assert(sizeof(Cached) <= kHeader);

// The cache may hold kCacheFloor, or what the most demanding moment of the last few seconds needed beyond what is in
// use now: a training step finds all its blocks warm, and a burst's memory goes back to the system soon after it, also
// when only small blocks are taken from then on.
constexpr size_t kCacheFloor = 64 << 20;
constexpr auto kWindow = std::chrono::seconds(2);

struct LargePool {
  std::mutex mutex;
  Cached* newest_of_class[kClassCount];
  Cached *newest, *oldest;
  size_t blocks, block_bytes, cached_bytes;
  size_t peak_now, peak_before;  // of block_bytes, in this window and in the one before
  Clock::time_point window_start, last_trim;

  void link(Cached* block) {
    Cached*& head = newest_of_class[block->size_class];
    block->newer_of_class = nullptr;
    block->older_of_class = head;
    if (head) head->newer_of_class = block;
    head = block;
    block->newer = nullptr;
    block->older = newest;
    (newest ? newest->newer : oldest) = block;
    newest = block;
    cached_bytes += class_bytes(block->size_class);
  }
  void unlink(Cached* block) {
    (block->newer_of_class ? block->newer_of_class->older_of_class : newest_of_class[block->size_class]) =
        block->older_of_class;
    if (block->older_of_class) block->older_of_class->newer_of_class = block->newer_of_class;
    (block->newer ? block->newer->older : newest) = block->older;
    (block->older ? block->older->newer : oldest) = block->newer;
    cached_bytes -= class_bytes(block->size_class);
  }
  void count_in(size_t bytes) {
    ++blocks;
    block_bytes += bytes;
    if (block_bytes > peak_now) peak_now = block_bytes;
  }
  // Unlinks what exceeds the allowance; the caller frees the chain, through `older`, after unlocking.
  Cached* evict(Clock::time_point now) {
    if (cached_bytes <= kCacheFloor) return nullptr;
    if (now - window_start > kWindow) {
      peak_before = peak_now;
      peak_now = block_bytes;
      window_start = now;
    }
    const size_t peak = peak_now > peak_before ? peak_now : peak_before;
    const size_t beyond = peak > block_bytes ? peak - block_bytes : 0;
    return evict_to(beyond > kCacheFloor ? beyond : kCacheFloor);
  }
  Cached* evict_to(size_t allowance) {
    Cached* chain = nullptr;
    while (cached_bytes > allowance) {
      Cached* block = oldest;
      unlink(block);
      block->older = chain;
      chain = block;
    }
    return chain;
  }
  // Whether the C library should be asked now to pass on what it got: seldom, for it goes through its whole heap.
  bool should_trim(Clock::time_point now) {
    if (g_returned.load(std::memory_order_relaxed) <= kCacheFloor || now - last_trim <= kWindow) return false;
    last_trim = now;
    return true;
  }
};
LargePool g_large;

void free_chain(Cached* block) {
  while (block) {
    Cached* next = block->older;
    const int c = block->size_class;
    system_free(block, kHeader + class_bytes(c), large_alignment(c));
    block = next;
  }
}

void trim_heap() {
  g_returned.store(0, std::memory_order_relaxed);
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

void* take_large(int c, size_t used) {
  {
    std::lock_guard<std::mutex> hold(g_large.mutex);
    if (Cached* block = g_large.newest_of_class[c]) {
      g_large.unlink(block);
      g_large.count_in(class_bytes(c));
      return block;
    }
  }
  if (is_too_much(used)) return nullptr;
  const size_t bytes = kHeader + class_bytes(c);
  void* block = system_allocate(bytes, large_alignment(c));
#if defined(__linux__)
  if (block && large_alignment(c) == kHugePage) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  if (block) {
    std::lock_guard<std::mutex> hold(g_large.mutex);
    g_large.count_in(class_bytes(c));
  }
  return block;
}

void give_large(void* block, int c) {
  Cached* evicted = nullptr;
  bool trims = false;
  {
    std::lock_guard<std::mutex> hold(g_large.mutex);
    --g_large.blocks;
    g_large.block_bytes -= class_bytes(c);
    Cached* cached = new (block) Cached();
    cached->size_class = c;
    g_large.link(cached);
    if (g_large.cached_bytes > kCacheFloor) {
      const Clock::time_point now = Clock::now();
      evicted = g_large.evict(now);
      trims = g_large.should_trim(now);
    }
  }
  free_chain(evicted);
  if (trims) trim_heap();
}

}  // namespace

void release_unused(Clock::time_point now) {
  Cached* evicted;
  bool trims;
  {
    std::unique_lock<std::mutex> hold(g_large.mutex, std::try_to_lock);
    if (!hold) return;  // whoever has it looks too
    evicted = g_large.evict(now);
    trims = g_large.should_trim(now);
  }
  free_chain(evicted);
  if (trims) trim_heap();
}

void* take_block(size_t bytes) {
  const int c = class_of(bytes);
  return c < kSmallClasses ? take_small(c) : take_large(c, bytes);
}

void give_block(void* block, size_t bytes) {
  const int c = class_of(bytes);
  if (c < kSmallClasses) {
    give_small(block);
  } else {
    give_large(block, c);
  }
}

PoolStats pool_stats() {
  PoolStats stats;
  for (Shard& shard : g_shards) {
    std::lock_guard<SpinLock> hold(shard.lock);
    stats.blocks += shard.blocks;
    stats.cached_bytes += shard.slabs * kSlabBytes - shard.block_bytes;
  }
  std::lock_guard<std::mutex> hold(g_large.mutex);
  stats.blocks += g_large.blocks;
  stats.cached_bytes += g_large.cached_bytes;
  return stats;
}

void release_cached() {
  for (Shard& shard : g_shards) {
    Slab* chain;
    {
      std::lock_guard<SpinLock> hold(shard.lock);
      chain = shard.spare;
      shard.spare = nullptr;
      shard.slabs -= static_cast<size_t>(shard.spare_count);
      shard.spare_count = 0;
      for (Slab* slab : shard.partial) {
        while (slab) {
          Slab* next = slab->next;
          if (slab->used == 0) {
            shard.unlink(slab);
            slab->next = chain;
            chain = slab;
            --shard.slabs;
          }
          slab = next;
        }
      }
    }
    while (chain) {
      Slab* next = chain->next;
      system_free(chain, kSlabBytes, kSlabBytes);
      chain = next;
    }
  }
  Cached* evicted;
  {
    std::lock_guard<std::mutex> hold(g_large.mutex);
    evicted = g_large.evict_to(0);
  }
  free_chain(evicted);
  trim_heap();
}

#endif

}  // namespace flambeau
