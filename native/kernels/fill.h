// The seam between the sources of one ISA's library: each family fills its part of the table. Apart from table() these
// are the only symbols with external linkage, and hidden visibility keeps them inside the addon.
#pragma once

#include "../dtype.h"

namespace flambeau {
struct KernelTable;
struct ElementwiseTable;
struct ReduceTable;
struct GemmTable;
struct ConvTable;
struct WinogradTable;
struct NormTable;
struct PoolingTable;
struct LossTable;
struct AttentionTable;
struct RecurrentTable;
struct OptimTable;
struct RandomTable;
struct EpilogueTable;
struct Epilogue;
}  // namespace flambeau

// An epilogue on a tile that has just been stored. An ISA that extends another (FLAMBEAU_BASE) has its own kernels only
// where they differ; its table begins as the other's.
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

void fill_unary(ElementwiseTable& table);
void fill_binary(ElementwiseTable& table);
void fill_compare(ElementwiseTable& table);  // predicates, comparisons, where
void fill_reduce(ReduceTable& table);        // reductions, arg reductions, scans
void fill_softmax(ReduceTable& table);
void fill_loss(LossTable& table);  // cross entropy
void fill_random(RandomTable& table);
void fill_cast(ElementwiseTable& table);
void fill_optim(OptimTable& table);
void fill_epilogue(EpilogueTable& table);
void fill_gemm(GemmTable& table);
void fill_gemm_narrow(GemmTable& table);
void fill_gemm_bf16(GemmTable& table);
void fill_gemm_int8(GemmTable& table);
void fill_conv(ConvTable& table);
void fill_winograd(WinogradTable& table);
void fill_norm(NormTable& table);
void fill_pooling(PoolingTable& table);
void fill_pooling_backward(PoolingTable& table);
void fill_attention(AttentionTable& table);
void fill_recurrent(RecurrentTable& table);

// `streamed` becomes stream_bytes (simd/run.h). Not synchronised: dispatch calls it inside the initialisation of a
// static, once per ISA.
const KernelTable& table(size_t streamed);

}  // namespace flambeau::FLAMBEAU_ISA
