// The seam between the sources of one ISA's library: each family fills its part of the table. Apart from table() these
// are the only symbols with external linkage, and hidden visibility keeps them inside the addon.
#pragma once

#include "table.h"

// A GEMM epilogue on a tile that has just been stored. An ISA that extends another (FLAMBEAU_BASE) has its own kernels
// only where they differ; its table begins as the other's.
#if defined(FLAMBEAU_BASE)
namespace flambeau::FLAMBEAU_BASE {
void finish_tile(const Epilogue& epilogue, float* c, int64_t ldc, int64_t m, int64_t n);
const KernelTable& table(size_t streamed);
}  // namespace flambeau::FLAMBEAU_BASE
namespace flambeau::FLAMBEAU_ISA {
using FLAMBEAU_BASE::finish_tile;
}
#else
namespace flambeau::FLAMBEAU_ISA {
void finish_tile(const Epilogue& epilogue, float* c, int64_t ldc, int64_t m, int64_t n);
void finish_tile(const Epilogue& epilogue, double* c, int64_t ldc, int64_t m, int64_t n);
}  // namespace flambeau::FLAMBEAU_ISA
#endif

namespace flambeau::FLAMBEAU_ISA {

void fill_unary(KernelTable& table);
void fill_binary(KernelTable& table);
void fill_compare(KernelTable& table);  // predicates, comparisons, where
void fill_reduce(KernelTable& table);   // reductions, arg reductions, scans
void fill_softmax(KernelTable& table);
void fill_loss(KernelTable& table);  // cross entropy
void fill_random(KernelTable& table);
void fill_cast(KernelTable& table);
void fill_optim(KernelTable& table);
void fill_gemm(KernelTable& table);
void fill_gemm_narrow(KernelTable& table);
void fill_gemm_bf16(KernelTable& table);
void fill_gemm_int8(KernelTable& table);
void fill_conv(KernelTable& table);
void fill_winograd(KernelTable& table);
void fill_norm(KernelTable& table);
void fill_pooling(KernelTable& table);
void fill_pooling_backward(KernelTable& table);
void fill_attention(KernelTable& table);
void fill_recurrent(KernelTable& table);

// `streamed` becomes stream_bytes (simd/run.h). Not synchronised: dispatch calls it inside the initialisation of a
// static, once per ISA.
const KernelTable& table(size_t streamed);

}  // namespace flambeau::FLAMBEAU_ISA
