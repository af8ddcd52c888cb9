#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace flambeau {

// What a processor likes to do between two looks at a flag.
inline void cpu_relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
  __asm__ __volatile__("isb" ::: "memory");  // "yield" is a no-op on most cores
#endif
}

}  // namespace flambeau
