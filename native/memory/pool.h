// The process's cache of aligned memory blocks.
//
// A block is 64 bytes of header (the Storage itself, while the block is in use) followed by the data, so that a tensor
// costs one allocation and data keep the block's alignment.
#pragma once

#include <chrono>

#include "storage.h"

namespace flambeau {

inline constexpr size_t kBlockHeader = kAlignment;

// A block whose data part has at least this many bytes, contents undefined; null when the system refuses.
void* take_block(size_t bytes);
// bytes is what the block was taken for.
void give_block(void* block, size_t bytes);

struct PoolStats {
  size_t blocks = 0, cached_bytes = 0;
};
PoolStats pool_stats();
// Gives the system what was not needed for some seconds before `now`; taking and giving blocks does so by itself.
void release_unused(std::chrono::steady_clock::time_point now);
void release_cached();

}  // namespace flambeau
