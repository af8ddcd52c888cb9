// What the native tests share: counting, reporting, and running under the ISA in force.
#pragma once

#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "native/dispatch/dispatch.h"
#include "native/error.h"
#include "native/kernels/table.h"

namespace check {

inline long long checks = 0, failures = 0;

// One line for each of the first failures, so that a broken kernel does not bury the others.
__attribute__((format(printf, 1, 2))) inline void fail(const char* format, ...) {
  if (++failures > 40) return;
  va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::putchar('\n');
}

// |got - want| in units of the last place of T at want. Infinity where one is NaN and the other is not, or a zero or
// an infinity has the wrong sign. Where want is beyond the largest T, both that and infinity are right within an ulp.
template <class T>
double ulps(T got, long double want) {
  constexpr int kDigits = sizeof(T) == 4 ? 24 : 53;
  constexpr int kMinExponent = sizeof(T) == 4 ? -126 : -1022, kMaxExponent = sizeof(T) == 4 ? 127 : 1023;
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
  if (want == 0)
    return got == 0 && std::signbit(want) == std::signbit(got) ? 0
           : got == 0 ? INFINITY
                      : std::fabs(got) / std::ldexp(1.0, kMinExponent - kDigits + 1);
  if (std::isinf(want)) return got == want ? 0 : INFINITY;
  int exponent = std::ilogb(want);
  exponent = exponent < kMinExponent ? kMinExponent : exponent > kMaxExponent ? kMaxExponent : exponent;
  const long double unit = std::ldexp(1.0L, exponent - kDigits + 1);
  if (std::isinf(got)) {
    const long double next = std::ldexp(1.0L, kMaxExponent + 1);
    return std::signbit(got) == std::signbit(want) ? static_cast<double>(std::fmax(0.0L, next - std::fabs(want)) / unit)
                                                   : INFINITY;
  }
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / unit);
}

inline int index_of(const char* family, const char* kernel) {
  const char* const* names;
  const int count = flambeau::kernel_names(family, &names);
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(names[i], kernel) == 0) return i;
  }
  fail("no kernel %s in family %s", kernel, family);
  return -1;
}

// The body of main(): 77 (skipped) when the machine lacks the ISA that FLAMBEAU_ISA names.
template <class Body>
int run(const char* name, Body body) {
  try {
    flambeau::kernels();
  } catch (const flambeau::Error& error) {
    std::printf("%s: %s\n", name, error.what());
    return std::strcmp(error.code(), "UNSUPPORTED_CPU") == 0 ? 77 : 1;
  }
  body();
  std::printf("%s [%s]: %lld checks, %lld failures\n", name, flambeau::kernels().isa, checks, failures);
  return failures != 0;
}

}  // namespace check
