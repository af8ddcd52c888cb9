// Dense matrix multiplication over raw strided operands: blocking, packing and threads around the ISA's micro-kernel.
#pragma once

#include "../kernels/table.h"

namespace flambeau {

// A matrix read through two element strides: any transposition, any slice, stride 0 for broadcast.
struct MatrixView {
  const void* data;
  int64_t row_stride, col_stride;
};

// C[m, n] = A[m, k]·B[k, n] with the epilogue (may be null) applied while C's tiles are in cache. C is row-major with
// row stride ldc and overlaps neither operand. k == 0 gives zeros (then the epilogue). dtype is f32 or f64. Chooses
// between GEMV, a path without packing for small matrices and the blocked one. Results do not depend on num_threads().
void gemm(DType dtype, int64_t m, int64_t n, int64_t k, MatrixView a, MatrixView b, void* c, int64_t ldc,
          const Epilogue* epilogue);

}  // namespace flambeau
