// The matrix kernels: of f32 and f64, and of bf16 and 8-bit integers by words.
#pragma once

#include "epilogue.h"

namespace flambeau {

// Where an operand that is read once lies: the nearest level that holds all of it. Changes how it is read and no
// result.
enum class Reach : uint8_t { l2, l3, memory };

// A register-blocked micro-kernel with its packing (names as in BLIS).
// Panels: A is packed as ceil(m / mr) panels of [k][mr], B as ceil(n / nr) panels of [k][nr], zero padded, so that the
// micro-kernel never branches on a tail while it multiplies. All strides are in elements.
struct GemmKernel {
  int mr, nr;
  void (*pack_a)(const void* a, int64_t row_stride, int64_t col_stride, int64_t m, int64_t k, void* panel);
  void (*pack_b)(const void* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n, void* panel);
  // C[m, n] (row stride ldc) = A·B, or += when accumulate; m <= mr, n <= nr. b is a panel (b_row_stride nr) or, when
  // n == nr, rows of B itself. epilogue is null but for the last KC block; its pointers are then to what belongs to
  // this tile's first element. next: what tiles to come read first, or null; kLine bytes of it go to L2 for every
  // kStepsPerLine of k, where the kernel gains by it.
  static constexpr int64_t kLine = 64, kStepsPerLine = 2;
  void (*micro)(int64_t k, const void* a_panel, const void* b, int64_t b_row_stride, void* c, int64_t ldc, int64_t m,
                int64_t n, bool accumulate, const Epilogue* epilogue, const void* next);

  // The same with A in place: any strides, m <= mr. n < nr needs a padded panel, unless reads_partial_rows. Takes more
  // instructions than a packed A, if prefers_panels.
  bool reads_partial_rows, prefers_panels;
  void (*direct)(int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride, const void* b,
                 int64_t b_row_stride, void* c, int64_t ldc, int64_t m, int64_t n, bool accumulate,
                 const Epilogue* epilogue);

  // C[m, n] = A·B, or += when accumulate, with the epilogue, for shapes that do not repay packing. Every element is
  // summed in an order that depends on k alone.
  // rows: B's rows are contiguous, m <= kMaxRows.
  static constexpr int64_t kMaxRows = 4;
  void (*rows)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, int64_t a_col_stride,
               const void* b, int64_t b_row_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue,
               Reach reach);
  // dots: A's rows and B's columns are contiguous.
  void (*dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
               int64_t b_col_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue);
  // The same for m == 1 or n == 1; in another order, so that a part of a wider product must not come here.
  void (*vector_dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
                      int64_t b_col_stride, void* c, int64_t ldc, bool accumulate, const Epilogue* epilogue,
                      Reach reach);
  // Column j of B, whose rows are contiguous, goes to `to` + j * to_stride.
  void (*columns)(const void* b, int64_t row_stride, int64_t k, int64_t n, void* to, int64_t to_stride);
};

// The matrix kernels of bf16 and of 8-bit integers. Panels are as GemmKernel's, of 32-bit words of `depth` elements
// that are neighbours along k, zero padded: ceil(k / depth) of them rounded up to a multiple of `step`. A product runs
// over all of k at once, or over at most `most_words`.
struct WordEpilogue {
  const float* bias = nullptr;  // one value per column of C
  Activation activation = Activation::none;
  // Of integers, whose sum s is the float (s - zero_point * column_sums[j]) * scale * column_scales[j]:
  int32_t zero_point = 0;
  const int32_t* column_sums = nullptr;
  float scale = 1;
  const float* column_scales = nullptr;
};
// Which part of k a product covers, and where the mr × nr sums wait between the parts. C is written with the last.
struct WordPart {
  void* sums = nullptr;
  bool first = true, last = true;
};
struct WordKernel {
  int mr, nr, depth, step;
  int64_t most_words;  // 0: any number
  int64_t most_dots;   // rows or columns up to which `dots` are worth more than tiles, where k is long enough
  // lanes: rows of A or columns of B; strides in elements. Integers need a step_stride of 1.
  void (*pack_a)(const void* a, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels);
  void (*pack_b)(const void* b, int64_t lane_stride, int64_t step_stride, int64_t lanes, int64_t k, void* panels);
  // C[m, n], m <= mr, n <= nr: bf16, or f32 of integers. j is the tile's first column, where the epilogue's lists
  // begin.
  void (*micro)(int64_t words, const void* a_panel, const void* b_panel, const WordPart& part, int64_t j, int64_t m,
                int64_t n, const WordEpilogue& epilogue, void* c, int64_t ldc);
  // C[m, n] where A's rows and B's columns are contiguous, without packing; bf16 only. j as above.
  void (*dots)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row_stride, const void* b,
               int64_t b_col_stride, int64_t j, const WordEpilogue& epilogue, void* c, int64_t ldc);
};
// q[i] = clamp(round(x[i] * inverse_scale) + zero_point, 0, most), half to even, of finite x.
using QuantizeFn = void (*)(const float* x, uint8_t* q, size_t n, float inverse_scale, float zero_point, float most);

struct GemmTable {
  GemmKernel gemm[kDTypeCount];  // FLOATS; micro == nullptr elsewhere
  WordKernel gemm_bf16;          // micro == nullptr where the ISA multiplies bf16 as f32
  WordKernel gemm_int8;
  QuantizeFn quantize;
};

}  // namespace flambeau
