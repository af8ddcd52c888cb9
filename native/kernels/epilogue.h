// What may follow a product while its sums are in registers or in L1: one list for matrix products and convolutions.
#pragma once

#include "../dtype.h"

namespace flambeau {

// What is applied to a tile of C while it is still in L1, after the last KC block:
// C = activation(scale * C + row_bias + col_bias) + residual.
enum class Activation : uint8_t { none, relu, sigmoid, tanh, gelu, gelu_tanh, silu };
struct Epilogue {
  const void* row_bias = nullptr;  // one value per column of C, added to every row (nn.Linear's bias)
  Activation activation = Activation::none;
  const void* col_bias = nullptr;  // one value per row of C, added to every column (a convolution's bias)
  const void* residual = nullptr;  // a matrix of C's shape, rows residual_stride apart, no part of C
  int64_t residual_stride = 0;
  double scale = 1;
};

}  // namespace flambeau
