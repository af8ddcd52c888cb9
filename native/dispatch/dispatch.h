// Chooses one KernelTable for the process: the best ISA that the CPU has and the OS saves the registers of, or the
// lower one that FLAMBEAU_ISA names. Built with baseline flags only, so that it can refuse a CPU without faulting on
// it.
#pragma once

#include "cpu.h"  // cache_sizes

namespace flambeau {

struct KernelTable;

// The table in force; chosen on first use, then constant. Throws flambeau::Error (native/error.h) when the CPU
// is below the baseline or FLAMBEAU_ISA names an unknown or unsupported ISA.
const KernelTable& kernels();
// A family's part of it, such as kernels<GemmTable>(), for files that include that family's header alone.
template <class Family>
const Family& kernels();

// The ISAs this machine can run, lowest first; ends with nullptr.
const char* const* supported_isas();

// Names of a family's kernels in table order; family is "unary", "predicate", "binary", "compare", "reduce",
// "argReduce", "scan", "softmax" or "softmaxBackward". Returns the count, or -1 for an unknown family.
int kernel_names(const char* family, const char* const** names);

}  // namespace flambeau
