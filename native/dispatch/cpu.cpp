#include "cpu.h"

#include <cstdint>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif

namespace flambeau {
namespace {

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero for a leaf the CPU does not have.
Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
#if defined(_MSC_VER)
  int words[4];
  __cpuid(words, static_cast<int>(leaf & 0x80000000u));
  if (leaf > static_cast<uint32_t>(words[0])) return r;
  __cpuidex(words, static_cast<int>(leaf), static_cast<int>(subleaf));
  r.eax = words[0], r.ebx = words[1], r.ecx = words[2], r.edx = words[3];
#else
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// The register states that the operating system saves (XCR0). Only to be read where CPUID announces OSXSAVE.
uint64_t saved_states() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  // The intrinsic would need -mxsave, and with it the compiler might use XSAVE elsewhere.
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
#endif
}

// The tile registers take 8 KB of every thread's saved state, so Linux gives them on request alone, and not where a
// thread's signal stack is too small for them. Other systems are not known to us to give them.
bool may_use_tiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

constexpr bool bit(uint64_t word, int index) { return (word >> index) & 1; }

}  // namespace

CpuFeatures detect_cpu() {
  const Registers basic = cpuid(1, 0), extended = cpuid(7, 0), extended1 = cpuid(7, 1);
  CpuFeatures cpu = {};
  cpu.baseline = bit(basic.edx, 26);    // SSE2
  if (!bit(basic.ecx, 27)) return cpu;  // OSXSAVE

  const uint64_t states = saved_states();
  const bool ymm = bit(states, 1) && bit(states, 2);
  const bool zmm = ymm && bit(states, 5) && bit(states, 6) && bit(states, 7);
  const bool avx = bit(basic.ecx, 28), fma = bit(basic.ecx, 12), f16c = bit(basic.ecx, 29);
  const bool avx2 = bit(extended.ebx, 5), bmi1 = bit(extended.ebx, 3), bmi2 = bit(extended.ebx, 8);
  cpu.avx2 = ymm && avx && fma && f16c && avx2 && bmi1 && bmi2;

  const bool f = bit(extended.ebx, 16), dq = bit(extended.ebx, 17), cd = bit(extended.ebx, 28);
  const bool bw = bit(extended.ebx, 30), vl = bit(extended.ebx, 31);
  cpu.avx512 = cpu.avx2 && zmm && f && dq && cd && bw && vl;

  const bool vnni = bit(extended.ecx, 11), bf16 = bit(extended1.eax, 5);
  cpu.avx512vnni = cpu.avx512 && vnni && bf16;

  const bool tiles = bit(extended.edx, 24), tile_bf16 = bit(extended.edx, 22), tile_int8 = bit(extended.edx, 25);
  const bool tile_states = bit(states, 17) && bit(states, 18);
  cpu.far_l3 = cpu.avx512 && tiles;
  cpu.amx = cpu.avx512vnni && tiles && tile_bf16 && tile_int8 && tile_states && may_use_tiles();
  return cpu;
}

namespace {

// Intel's leaf 4 and AMD's 0x8000001D list caches in one format.
bool read_caches(uint32_t leaf, CacheSizes& sizes) {
  bool found = false;
  for (uint32_t i = 0; i < 8; ++i) {
    const Registers r = cpuid(leaf, i);
    const uint32_t type = r.eax & 31, level = r.eax >> 5 & 7;
    if (type == 0) break;
    if (type == 2) continue;  // instructions
    const int64_t ways = (r.ebx >> 22) + 1, partitions = (r.ebx >> 12 & 1023) + 1, line = (r.ebx & 4095) + 1;
    const int64_t bytes = ways * partitions * line * (int64_t{r.ecx} + 1);
    if (level >= 1 && level <= 3) (level == 1 ? sizes.l1 : level == 2 ? sizes.l2 : sizes.l3) = bytes;
    found = true;
  }
  return found;
}

CacheSizes detect_caches() {
  CacheSizes sizes;
  if (!read_caches(4, sizes)) read_caches(0x8000001D, sizes);
  return sizes;
}

}  // namespace

}  // namespace flambeau

#else

namespace flambeau {

// NEON is part of the AArch64 architecture.
CpuFeatures detect_cpu() {
  CpuFeatures cpu = {};
  cpu.baseline = true;
  return cpu;
}

namespace {

CacheSizes detect_caches() {
  CacheSizes sizes;
#if defined(__APPLE__)
  const auto read = [](const char* name, int64_t& bytes) {
    int64_t value = 0;
    size_t length = sizeof value;
    if (sysctlbyname(name, &value, &length, nullptr, 0) == 0 && value > 0) bytes = value;
  };
  read("hw.perflevel0.l1dcachesize", sizes.l1);
  read("hw.perflevel0.l2cachesize", sizes.l2);
  read("hw.l3cachesize", sizes.l3);
#elif defined(_SC_LEVEL1_DCACHE_SIZE)
  const auto read = [](int name, int64_t& bytes) {
    if (const long value = sysconf(name); value > 0) bytes = value;
  };
  read(_SC_LEVEL1_DCACHE_SIZE, sizes.l1);
  read(_SC_LEVEL2_CACHE_SIZE, sizes.l2);
  read(_SC_LEVEL3_CACHE_SIZE, sizes.l3);
#endif
  return sizes;
}

}  // namespace

}  // namespace flambeau

#endif

namespace flambeau {

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = detect_caches();
  return sizes;
}

}  // namespace flambeau
