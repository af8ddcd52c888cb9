// What may follow a product while its sums are at hand: one list for matrix products and convolutions.
#pragma once

#include "../dtype.h"

namespace flambeau {

enum class Activation : uint8_t { none, relu, sigmoid, tanh, gelu, gelu_tanh, silu };

// C = activation(C · scale + bias + residual), in this order, each step rounded as the kernel of its own rounds it.
struct Epilogue {
  const void* row_bias = nullptr;  // one value per column of C, added to every row (nn.Linear's bias)
  Activation activation = Activation::none;
  const void* col_bias = nullptr;   // one value per row of C, added to every column (a convolution's bias)
  const void* row_scale = nullptr;  // one value per column of C
  const void* col_scale = nullptr;  // one value per row of C
  const void* residual = nullptr;   // a matrix of C's shape, rows residual_stride apart, no part of C
  int64_t residual_stride = 0;
};

// The epilogue of the part that begins at row i and column j, of elements of so many bytes.
FLAMBEAU_INLINE Epilogue epilogue_at(const Epilogue& whole, int64_t i, int64_t j, int64_t item) {
  const auto offset = [item](const void* from, int64_t elements) {
    return from ? static_cast<const char*>(from) + elements * item : nullptr;
  };
  Epilogue part = whole;
  part.row_bias = offset(part.row_bias, j);
  part.row_scale = offset(part.row_scale, j);
  part.col_bias = offset(part.col_bias, i);
  part.col_scale = offset(part.col_scale, i);
  part.residual = offset(part.residual, i * part.residual_stride + j);
  return part;
}

// C[m, n] that has just been stored.
using FinishFn = void (*)(const Epilogue& epilogue, void* c, int64_t ldc, int64_t m, int64_t n);

struct EpilogueTable {
  FinishFn finish[kDTypeCount];  // FLOATS
};

}  // namespace flambeau
