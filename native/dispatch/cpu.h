// What the processor can run and the operating system keeps the registers of.
#pragma once

namespace flambeau {

struct CpuFeatures {
  bool baseline;    // what the compiler assumes everywhere: SSE2 on x64, NEON on arm64
  bool avx2;        // AVX2, FMA, F16C, BMI1, BMI2, and ymm state saved
  bool avx512;      // the above, AVX-512 F, BW, DQ, VL, CD, and zmm and mask state saved
  bool avx512vnni;  // the above, VNNI and BF16
};

CpuFeatures detect_cpu();

}  // namespace flambeau
