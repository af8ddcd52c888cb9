#include "storage.h"

#include <new>
#include <string>

#include "../error.h"
#include "pool.h"

namespace flambeau {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 46;  // below every address space's limit, so that sums cannot overflow

std::atomic<size_t> g_live_bytes{0};
std::atomic<size_t> g_peak_bytes{0};
std::atomic<void (*)()> g_drop_derived{nullptr};

void* take_or_throw(size_t bytes) {
  void* block = nullptr;
  if (bytes <= kMaxBytes) {
    block = take_block(bytes);
    if (!block) {
      release_cached();
      block = take_block(bytes);
    }
  }
  if (!block) {
    throw Error("OUT_OF_MEMORY", "allocate: " + std::to_string(bytes) + " bytes were asked for, the system refused (" +
                                     std::to_string(g_live_bytes.load()) + " bytes are in use)");
  }
  return block;
}

}  // namespace

Storage* Storage::allocate(size_t bytes) {
  static_assert(sizeof(Storage) <= kBlockHeader);
  void* block = take_or_throw(bytes);
  Storage* storage = new (block) Storage();
  storage->data_ = static_cast<char*>(block) + kBlockHeader;
  storage->bytes_ = bytes;
  const size_t live = g_live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  size_t peak = g_peak_bytes.load(std::memory_order_relaxed);
  while (live > peak && !g_peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
  return storage;
}

Storage* Storage::wrap(void* data, size_t bytes, void (*release)(void* context), void* context) {
  Storage* storage = new (take_or_throw(0)) Storage();
  storage->data_ = data;
  storage->bytes_ = bytes;
  storage->release_ = release;
  storage->context_ = context;
  return storage;
}

void Storage::destroy() {
  delete derived_.load(std::memory_order_acquire);
  size_t pooled = bytes_;
  if (release_) {
    release_(context_);
    pooled = 0;
  } else {
    g_live_bytes.fetch_sub(bytes_, std::memory_order_relaxed);
  }
  this->~Storage();
  give_block(this, pooled);
}

MemoryStats memory_stats() {
  const PoolStats pool = pool_stats();
  return {g_live_bytes.load(), pool.blocks, pool.cached_bytes, g_peak_bytes.load()};
}

void reset_peak_memory() { g_peak_bytes.store(g_live_bytes.load()); }

void set_derived_dropper(void (*drop_all)()) { g_drop_derived.store(drop_all, std::memory_order_release); }

void empty_cache() {
  if (void (*const drop_all)() = g_drop_derived.load(std::memory_order_acquire)) drop_all();
  release_cached();
}

}  // namespace flambeau
