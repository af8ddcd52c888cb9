// What the processor can run and the operating system keeps the registers of.
#pragma once

#include <cstdint>

namespace flambeau {

struct CpuFeatures {
  bool baseline;    // what the compiler assumes everywhere: SSE2 on x64, NEON on arm64
  bool avx2;        // AVX2, FMA, F16C, BMI1, BMI2, and ymm state saved
  bool avx512;      // the above, AVX-512 F, BW, DQ, VL, CD, and zmm and mask state saved
  bool avx512vnni;  // the above, VNNI and BF16
  bool amx;         // the above, AMX TILE, BF16 and INT8, and leave to use tiles
  bool far_l3;      // of Intel's servers since Sapphire Rapids: L3 gives a core no more than memory does
};

// Asks Linux for leave to use the tile registers where there are any: a process has it only then, and keeps it.
CpuFeatures detect_cpu();

// Bytes of one core's data caches, and of the last level: what CPUID or the operating system says, else what is common.
struct CacheSizes {
  int64_t l1 = 32 << 10, l2 = 512 << 10, l3 = 8 << 20;
};
const CacheSizes& cache_sizes();

}  // namespace flambeau
