// Convolution over padded images, directly and through Winograd's transforms.
#pragma once

#include "../dtype.h"

namespace flambeau {

// Convolution as a matrix product over a padded image: pointers into the image stand for the rows of the right-hand
// matrix. The outputs lie on a grid whose rows are `pitch` apart in the image, of which `width` are outputs.
struct ConvTarget {
  void* out;  // of the first row of the tile; place (y, x) of the grid is at y * y_stride + x * x_stride
  int64_t row_stride, y_stride, x_stride;
  int64_t pitch, width;
  const void* bias;  // one value per row of the tile, or null
};
// What a gradient of weights sums over: `count` runs of `length` elements, `pitch` apart, of each of the images.
struct ConvRuns {
  int64_t images, grad_image_stride, src_image_stride;
  int64_t count, length, pitch;
};
struct ConvKernel {
  int mr, nr, dot_rows, dot_cols;
  // Places [j, j + n) of the grid, m outputs each: out = bias + Σ_p a_panel[p][i] · src[offsets[p] + j]. m <= mr,
  // n <= nr; src is read up to nr elements from each offset.
  void (*tile)(int64_t k, const void* a_panel, const void* src, const int64_t* offsets, int64_t j, int64_t m, int64_t n,
               const ConvTarget& target);
  // A panel [channels * tap_count][mr] of weights[i * row_stride + c * channel_stride + taps[t]].
  void (*pack)(const void* weights, int64_t row_stride, int64_t channel_stride, const int64_t* taps, int64_t m,
               int64_t channels, int64_t tap_count, void* panel);
  // `rows` rows of `width`, of which [begin, end) are every step-th element of the source's row; zeros beside them.
  // from is the source of element `begin` of the first row.
  void (*plane)(const void* from, int64_t from_stride, int64_t step, int64_t begin, int64_t end, int64_t width,
                int64_t rows, void* to);
  // One output of one channel, out(y, x) = bias + Σ_t weights[t] · src[offsets[t] + y * pitch + x].
  void (*channel)(int64_t taps, const void* weights, const void* src, const int64_t* offsets, int64_t rows,
                  const ConvTarget& target);
  // sums[i][j] += Σ grad[i][…] · src[offsets[j] + …] over the runs; m <= dot_rows, n <= dot_cols, or
  // m == 1, n <= kSingleCols.
  static constexpr int kSingleCols = 9;
  void (*dots)(const ConvRuns& runs, const void* grad, int64_t grad_row_stride, const void* src, const int64_t* offsets,
               int64_t m, int64_t n, void* sums, int64_t sums_stride);
  bool (*all_finite)(const void* x, size_t n);
};

// Winograd's transforms for kernels of `taps` × `taps` in float32, of outputs in tiles of `tile` × `tile`. Transformed
// filters have `side` × `side` places, numbered row by row; place (i, j) is multiplied by the image's place
// (image_place[i], image_place[j]), and the products of one (sum_place[i], sum_place[j]) are summed. Patches of the
// image are `step` apart. One place of all tiles, rows or channels lies together.
struct WinogradKernel {
  static constexpr int kMostSide = 6;
  int tile, taps, lanes, step;
  int side, image_side, sum_side;
  int8_t image_place[kMostSide], sum_place[kMostSide];
  // `tiles` <= lanes patches side by side from (y, x) on, which may lie outside of the image: zeros there. Place p of
  // tile t goes to out[p * out_stride + t].
  void (*input)(const float* image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t tiles, float* out,
                int64_t out_stride);
  // The tiles' outputs plus bias from element (y, x) on, where out begins, to row `rows` and column `columns`. False
  // when one of these rows is not finite.
  bool (*output)(const float* m, int64_t m_stride, int64_t tiles, float bias, float* out, int64_t out_width, int64_t y,
                 int64_t x, int64_t rows, int64_t columns);
  // For the gradient of the weights: as input, of tiles of the outputs' gradient side by side from (y, x) on; and the
  // gradient of n <= lanes filters of `tile` × `tile` elements, one after the other, from sums of products. Null but
  // for tiles of 3, whose `taps` are then the tile of the outputs.
  void (*grad)(const float* image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t tiles, float* out,
               int64_t out_stride);
  void (*weights)(const float* m, int64_t m_stride, int64_t n, float* out);
  // m <= mr filters of each channel as a panel [channels][mr] for each place; flipped reads the taps backwards.
  void (*filter)(const float* weights, int64_t row_stride, int64_t channel_stride, bool flipped, int64_t m, int64_t mr,
                 int64_t channels, float* out, int64_t out_stride);
};

struct ConvTable {
  ConvKernel conv[kDTypeCount];  // FLOATS; tile == nullptr elsewhere
};
struct WinogradTable {
  // Tiles of 2 and of 4 for 3 taps, of 3 for 4; at stride 2 for 3 taps and their gradient by the input, then for 4.
  WinogradKernel winograd[7];
};

}  // namespace flambeau
