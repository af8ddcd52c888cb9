// What a kernel is to the rest of the core: a function over pointers and counts, found in a table by family, name and
// dtype. One table per ISA. Every pointer addresses contiguous elements of the slot's dtype; runs may alias exactly
// (y == x) but never overlap in part. Kernels never allocate, never throw and know nothing of tensors.
//
// Each family's signatures and its part of the table are in a header of its own. This one puts the parts together: who
// knows one family includes that family's, or its change would rebuild all.
#pragma once

#include "attention.h"
#include "conv.h"
#include "elementwise.h"
#include "gemm.h"
#include "loss.h"
#include "norm.h"
#include "optim.h"
#include "pooling.h"
#include "random.h"
#include "recurrent.h"
#include "reduce.h"

namespace flambeau {

// An empty slot (nullptr) means that the kernel does not exist for that dtype.
struct KernelTable : ElementwiseTable,
                     ReduceTable,
                     EpilogueTable,
                     GemmTable,
                     ConvTable,
                     WinogradTable,
                     NormTable,
                     PoolingTable,
                     LossTable,
                     AttentionTable,
                     RecurrentTable,
                     OptimTable,
                     RandomTable {
  const char* isa;  // "baseline", "avx2", "avx512", "avx512vnni", "amx", "neon"
};

}  // namespace flambeau
