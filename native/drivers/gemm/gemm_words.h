// Products of bf16 matrices and of 8-bit integers, over the ISA's word kernels (native/kernels/gemm_words.h).
#pragma once

#include "../../kernels/gemm.h"
#include "gemm.h"

namespace flambeau {

// Whether bf16 is multiplied as such; if not, by way of f32.
bool has_bf16_gemm();

// C[m, n] = A·B with the epilogue, C row-major of bf16 with row stride ldc. Accumulated in f32 and rounded once, in an
// order that depends on k alone. packed_b: B as pack_bf16_b leaves it, or null.
void gemm_bf16(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
               const WordEpilogue& epilogue, const void* packed_b = nullptr);
bool bf16_gemm_packs_b(int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b);
size_t packed_bf16_b_bytes(int64_t n, int64_t k);
void pack_bf16_b(int64_t n, int64_t k, MatrixView b, void* packed);

// Activations [m, k] in f32, rows contiguous and row_stride apart, and how they are made uint8: clamp(round(x / scale)
// + zero_point, 0, most).
struct QuantizedRows {
  const float* data;
  int64_t row_stride;
  float scale;
  int32_t zero_point, most;
};
// C[m, n] in f32 = the quantised A times B, whose columns pack_int8_b packed. epilogue.zero_point and scale are A's.
void gemm_int8(int64_t m, int64_t n, int64_t k, const QuantizedRows& a, const void* packed_b, float* c, int64_t ldc,
               const WordEpilogue& epilogue);
size_t packed_int8_b_bytes(int64_t n, int64_t k);
// weight is int8 [n, k], rows contiguous: B transposed.
void pack_int8_b(int64_t n, int64_t k, const int8_t* weight, void* packed);

}  // namespace flambeau
