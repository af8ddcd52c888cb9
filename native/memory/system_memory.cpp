#include "system_memory.h"

#include <cstdint>

#if defined(__linux__)
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#endif

namespace flambeau {

#if defined(__linux__)

namespace {

constexpr uint64_t kUnknown = UINT64_MAX;

// The sum of the numbers after those keys of a file of lines "key number"; unknown without the file or the keys.
template <size_t N>
uint64_t sum_of(const std::string& path, const char* const (&keys)[N]) {
  FILE* const file = std::fopen(path.c_str(), "re");
  if (!file) return kUnknown;
  uint64_t sum = 0, value;
  bool found = false;
  char key[64];
  while (std::fscanf(file, "%63s %" SCNu64 "%*[^\n]", key, &value) == 2) {
    for (const char* const wanted : keys) {
      if (std::strcmp(key, wanted) != 0) continue;
      sum += value;
      found = true;
    }
  }
  std::fclose(file);
  return found ? sum : kUnknown;
}

uint64_t number_in(const std::string& path) {
  FILE* const file = std::fopen(path.c_str(), "re");
  if (!file) return kUnknown;
  uint64_t value;
  const bool read = std::fscanf(file, "%" SCNu64, &value) == 1;  // not "max"
  std::fclose(file);
  return read ? value : kUnknown;
}

// What a control group (version 2) leaves; pages of files that can be dropped count as free.
uint64_t left_by_group(const std::string& folder) {
  const uint64_t limit = number_in(folder + "/memory.max"), used = number_in(folder + "/memory.current");
  if (limit == kUnknown || used == kUnknown) return kUnknown;
  const uint64_t files = sum_of(folder + "/memory.stat", {"inactive_file", "active_file", "slab_reclaimable"});
  const uint64_t held = used - std::min(used, files == kUnknown ? 0 : files);
  return limit - std::min(limit, held);
}

// The least that this process's group and those around it leave.
uint64_t left_by_groups() {
  const std::string root = "/sys/fs/cgroup";
  char path[512] = "";
  if (FILE* const file = std::fopen("/proc/self/cgroup", "re")) {
    if (std::fscanf(file, "0::%511[^\n]", path) != 1) path[0] = 0;
    std::fclose(file);
  }
  uint64_t left = left_by_group(root);
  for (std::string group = path; group.size() > 1; group.resize(group.rfind('/'))) {
    left = std::min(left, left_by_group(root + group));
  }
  return left;
}

}  // namespace

size_t available_memory() {
  const std::string meminfo = "/proc/meminfo";
  const uint64_t kilobytes = sum_of(meminfo, {"MemAvailable:"});
  if (kilobytes == kUnknown) return SIZE_MAX;
  const uint64_t swap = sum_of(meminfo, {"SwapFree:"});
  return std::min(kilobytes * 1024, left_by_groups()) + (swap == kUnknown ? 0 : swap * 1024);
}

#else

size_t available_memory() { return SIZE_MAX; }

#endif

}  // namespace flambeau
