#include "table.h"
#include "fill.h"

#define FLAMBEAU_STRING_OF(x) #x
#define FLAMBEAU_STRING(x) FLAMBEAU_STRING_OF(x)

namespace flambeau::FLAMBEAU_ISA {
namespace {
KernelTable kernel_table;  // zero-initialised: a slot nobody fills stays nullptr
}

#if !defined(FLAMBEAU_BASE)
size_t stream_bytes;
#endif

const KernelTable& table(size_t streamed) {
  if (kernel_table.isa == nullptr) {
#if defined(FLAMBEAU_BASE)
    kernel_table = FLAMBEAU_BASE::table(streamed);
    fill_gemm_bf16(kernel_table);
    fill_gemm_int8(kernel_table);
#else
    stream_bytes = streamed;
    fill_unary(kernel_table);
    fill_binary(kernel_table);
    fill_compare(kernel_table);
    fill_reduce(kernel_table);
    fill_softmax(kernel_table);
    fill_loss(kernel_table);
    fill_random(kernel_table);
    fill_cast(kernel_table);
    fill_optim(kernel_table);
    fill_epilogue(kernel_table);
    fill_gemm(kernel_table);
    fill_gemm_narrow(kernel_table);
    fill_gemm_bf16(kernel_table);
    fill_gemm_int8(kernel_table);
    fill_conv(kernel_table);
    fill_winograd(kernel_table);
    fill_norm(kernel_table);
    fill_pooling(kernel_table);
    fill_pooling_backward(kernel_table);
    fill_attention(kernel_table);
    fill_recurrent(kernel_table);
#endif
    kernel_table.isa = FLAMBEAU_STRING(FLAMBEAU_ISA);
  }
  return kernel_table;
}

}  // namespace flambeau::FLAMBEAU_ISA
