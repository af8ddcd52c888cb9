// Dense matrix multiplication over raw strided operands: blocking, packing and threads around the ISA's micro-kernel.
#pragma once

#include "../../kernels/epilogue.h"

namespace flambeau {

// A matrix read through two element strides: any transposition, any slice, stride 0 for broadcast.
struct MatrixView {
  const void* data;
  int64_t row_stride, col_stride;
};

struct GemmOptions {
  bool accumulate = false;         // C += A·B
  const void* packed_b = nullptr;  // B once more, as pack_gemm_b leaves it; read where B would be packed
  bool avoids_dots = false;        // panels instead of dot products, for more than a few rows and columns
};

// C[m, n] = A[m, k]·B[k, n] with the epilogue (may be null) applied while C's tiles are in cache. C is row-major with
// row stride ldc and overlaps neither operand. k == 0 gives zeros (then the epilogue). dtype is f32 or f64. Chooses
// between GEMV, a path without packing for small matrices and the blocked one. Results depend neither on num_threads()
// nor on packed_b.
void gemm(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
          const Epilogue* epilogue, const GemmOptions& options = {});

// Whether gemm() would pack B for this product, and so gains from packed_b.
bool gemm_packs_b(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b);
size_t packed_gemm_b_bytes(DType dtype, int64_t n, int64_t k);
// B[k, n] in panels, 64-byte aligned; for any number of rows m.
void pack_gemm_b(DType dtype, int64_t n, int64_t k, MatrixView b, void* packed);

}  // namespace flambeau
