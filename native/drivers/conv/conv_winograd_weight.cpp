// The gradient of 3×3 filters by Winograd's transforms. An entry is a correlation of the image with the outputs'
// gradient, so a tile of 4×4 of the latter takes the part of a filter in F(3×3, 4×4). The sums over tiles and images
// are taken before the transform back: for each of the 36 places a product of matrices whose rows are runs of tiles.
// Each entry is summed by one thread, over blocks of tiles in an order that the shape decides.
#include <algorithm>
#include <cmath>

#include "../../dispatch/dispatch.h"
#include "../../kernels/conv.h"
#include "../../kernels/gemm.h"
#include "../../parallel/shares.h"
#include "conv_pass.h"

namespace flambeau {
namespace {

constexpr int64_t kTile = 4, kPlaces = 36;
constexpr int64_t kMostTiles = 256;  // in a block: a place's two matrices stay in L2
constexpr int64_t kFewTiles = 48;    // below, sums across lanes outweigh the products
constexpr int64_t kLine = 16;        // floats: keeps the places' matrices off the same cache sets

bool applies(const ConvShape& s, int64_t tiles) {
  const auto plain = [](const ConvAxis& a) { return a.kernel == 3 && a.stride == 1 && a.dilation == 1; };
  if (s.dtype != DType::f32 || s.groups != 1 || !plain(s.y) || !plain(s.x)) return false;
  if (s.in_channels < 16 || s.out_channels < 16 || tiles < kFewTiles) return false;
  // Vector operations of 16 lanes, with and without.
  const double pairs = static_cast<double>(s.in_channels) * static_cast<double>(s.out_channels);
  const double runs = static_cast<double>(s.batch * ceil_div(s.y.out, kTile)) *
                      std::ceil(static_cast<double>(ceil_div(s.x.out, kTile)) / 16);
  const double with = kPlaces * pairs * 1.5 * static_cast<double>(tiles) / 16 +
                      static_cast<double>(s.in_channels + s.out_channels) * runs * 280;
  return with < 0.8 * 9 * pairs * static_cast<double>(s.batch * s.out_size()) / 16;
}

}  // namespace

bool winograd_weight_gradient(const ConvShape& s, const float* x, const float* grad, float* out) {
  const int64_t tiles_y = ceil_div(s.y.out, kTile), tiles_x = ceil_div(s.x.out, kTile);
  const int64_t tile_rows = s.batch * tiles_y, tiles = tile_rows * tiles_x;
  if (!applies(s, tiles)) return false;
  const WinogradKernel& kernel = kernels<WinogradTable>().winograd[2];
  const WinogradKernel& image = kernels<WinogradTable>().winograd[1];  // patches that are kTile apart
  const GemmKernel& gemm = kernels<GemmTable>().gemm[static_cast<int>(DType::f32)];
  const int64_t channels = s.in_channels, rows = s.out_channels;
  const int64_t block_rows = std::clamp<int64_t>(kMostTiles / tiles_x, 1, tile_rows), width = block_rows * tiles_x;
  const int64_t x_place = channels * width + kLine, grad_place = rows * width + kLine,
                sum_place = rows * channels + kLine;
  const double elements = static_cast<double>(kPlaces) * static_cast<double>(x_place + grad_place + sum_place);
  const StorageRef scratch = conv_scratch(elements, sizeof(float));
  float* const images = static_cast<float*>(scratch->data());
  float* const grads = images + kPlaces * x_place;
  float* const sums = grads + kPlaces * grad_place;
  const int threads = conv_threads(static_cast<double>(kPlaces * tiles) * static_cast<double>(channels * rows));
  const auto split = [&](int64_t n, auto&& body) {
    share_ranges(n, 1, threads, [&](int, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) body(i);
    });
  };

  constexpr int64_t kRows = 32;  // of a place's product at a time
  const int64_t row_blocks = ceil_div(rows, kRows);
  for (int64_t first = 0; first < tile_rows; first += block_rows) {
    const int64_t height = std::min(block_rows, tile_rows - first);
    split(channels + rows, [&](int64_t i) {
      const bool of_image = i < channels;
      const int64_t c = of_image ? i : i - channels;
      for (int64_t r = 0; r < height; ++r) {
        const int64_t n = (first + r) / tiles_y, y = (first + r) % tiles_y * kTile;
        for (int64_t t = 0; t < tiles_x; t += kernel.lanes) {
          const int64_t some = std::min<int64_t>(kernel.lanes, tiles_x - t), at = c * width + r * tiles_x + t;
          if (of_image) {
            image.input(x + (n * channels + c) * s.in_size(), s.y.in, s.x.in, y - s.y.padding, t * kTile - s.x.padding,
                        some, images + at, x_place);
          } else {
            kernel.grad(grad + (n * rows + c) * s.out_size(), s.y.out, s.x.out, y, t * kTile, some, grads + at,
                        grad_place);
          }
        }
      }
    });
    split(kPlaces * row_blocks, [&](int64_t i) {
      const int64_t place = i / row_blocks, row = i % row_blocks * kRows;
      gemm.dots(std::min(kRows, rows - row), channels, height * tiles_x, grads + place * grad_place + row * width,
                width, images + place * x_place, width, sums + place * sum_place + row * channels, channels, first > 0,
                nullptr);
    });
  }
  split(rows, [&](int64_t row) {
    for (int64_t c = 0; c < channels; c += kernel.lanes) {
      kernel.weights(sums + row * channels + c, sum_place, std::min<int64_t>(kernel.lanes, channels - c),
                     out + (row * channels + c) * 9);
    }
  });
  return kernels<ConvTable>().conv[static_cast<int>(DType::f32)].all_finite(out,
                                                                            static_cast<size_t>(rows * channels * 9));
}

}  // namespace flambeau
