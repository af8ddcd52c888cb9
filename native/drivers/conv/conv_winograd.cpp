// Convolution by Winograd's transforms (native/kernels/winograd.cpp): the image's tiles and the
// filters are transformed, a matrix product for each of the 16 or 36 places of a tile sums over the channels, and its
// results are transformed back. Blocks of whole rows of tiles keep what lies between the three steps in cache. Every
// output is one sum over the channels: neither blocks nor threads change a bit.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "../../dispatch/dispatch.h"
#include "../../kernels/conv.h"
#include "../../kernels/gemm.h"
#include "../../parallel/shares.h"
#include "../../tensor/prepack.h"
#include "conv_pass.h"

namespace flambeau {
namespace {

constexpr double kBlockBytes = 1024.0 * 1024;  // of transformed image
constexpr double kGroupBytes = 512.0 * 1024;   // of products that are transformed back before the next are made
constexpr int64_t kLine = 16;                  // floats: keeps the places' matrices off the same cache sets
// Channels that the products take at a time: a vector of columns stays in L1 while the filters' panels pass by.
constexpr int64_t kDepth = 256;

const WinogradKernel& kernel_of(int form) { return kernels<WinogradTable>().winograd[form]; }
const GemmKernel& gemm_kernel() { return kernels<GemmTable>().gemm[static_cast<int>(DType::f32)]; }

int64_t square(int64_t side) { return side * side; }

double round16(double n) { return std::ceil(n / 16) * 16; }

// What one block of tile rows works on.
struct Block {
  int64_t first, rows;  // of tile rows
  float* tiles;         // all channels
  float* products;      // of some panels of the outputs
};

// A product of a place of the filters with one of the image.
struct Term {
  int64_t place, image_place;
};

class Winograd {
 public:
  Winograd(const WinogradConv& conv, const WinogradKernel& kernel, const float* filters)
      : c_(conv), kernel_(kernel), tile_(kernel.tile), filters_(filters) {
    tiles_y_ = ceil_div(c_.out_y + c_.skip_y, tile_);
    tiles_x_ = ceil_div(c_.out_x + c_.skip_x, tile_);
    tile_rows_ = c_.batch * tiles_y_;
    places_ = square(kernel.side);
    image_places_ = square(kernel.image_side);
    sum_places_ = square(kernel.sum_side);
    panels_ = ceil_div(c_.rows, gemm_kernel().mr);
    terms_.resize(static_cast<size_t>(sum_places_));
    for (int64_t y = 0; y < kernel.side; ++y) {
      for (int64_t x = 0; x < kernel.side; ++x) {
        const int sum = kernel.sum_place[y] * kernel.sum_side + kernel.sum_place[x];
        terms_[static_cast<size_t>(sum)].push_back(
            {y * kernel.side + x, kernel.image_place[y] * kernel.image_side + kernel.image_place[x]});
      }
    }
  }

  // False when some result is not finite.
  bool run() {
    const double work = static_cast<double>(places_ * c_.rows) * static_cast<double>(c_.channels) *
                        static_cast<double>(tile_rows_ * tiles_x_);
    const int threads = conv_threads(work);
    const bool by_rows = threads == 1 || (tile_rows_ >= 2 * threads && tile_rows_ * tiles_x_ >= 32 * threads);
    const int parts = by_rows ? threads : 1;
    const int64_t block_rows = best_rows(ceil_div(tile_rows_, parts));
    const int64_t columns = gemm_kernel().nr / 2;  // as the tiles read them
    width_ = ceil_div(block_rows * tiles_x_, columns) * columns;
    const double panel_bytes = static_cast<double>(sum_places_ * gemm_kernel().mr * width_) * sizeof(float);
    group_ = by_rows ? std::clamp<int64_t>(static_cast<int64_t>(kGroupBytes / panel_bytes), 1, panels_) : panels_;
    tiles_stride_ = c_.channels * width_ + kLine;
    products_stride_ = group_ * gemm_kernel().mr * width_ + kLine;
    const double tiles = static_cast<double>(image_places_) * static_cast<double>(tiles_stride_);
    const double products = static_cast<double>(sum_places_) * static_cast<double>(products_stride_);
    const StorageRef scratch = conv_scratch((tiles + products) * static_cast<double>(parts), sizeof(float));
    float* const memory = static_cast<float*>(scratch->data());
    const auto block_at = [&](int64_t part, int64_t first, int64_t end) {
      float* const mine = memory + part * static_cast<int64_t>(tiles + products);
      return Block{first, std::min(block_rows, end - first), mine, mine + static_cast<int64_t>(tiles)};
    };
    if (by_rows) {
      // Whole blocks, where one of them more or less on a thread is not much.
      const int64_t unit = tile_rows_ >= 4 * parts * block_rows ? block_rows : ceil_div(tile_rows_, parts);
      share_ranges(ceil_div(tile_rows_, unit), 1, parts, [&](int thread, int64_t begin, int64_t end) {
        const int64_t stop = std::min(end * unit, tile_rows_);
        for (int64_t first = begin * unit; first < stop; first += block_rows) {
          const Block block = block_at(thread, first, stop);
          transform_image(block, 0, c_.channels);
          for (int64_t panel = 0; panel < panels_; panel += group_) {
            const int64_t some = std::min(group_, panels_ - panel), row = panel * gemm_kernel().mr;
            multiply(block, panel, some, 0, sum_places_ * some);
            transform_back(block, row, row, std::min(c_.rows, row + some * gemm_kernel().mr));
          }
        }
      });
      return finite_;
    }
    const auto split = [&](int64_t n, auto&& step) {
      share_ranges(n, 1, threads, [&](int, int64_t begin, int64_t end) { step(begin, end); });
    };
    for (int64_t first = 0; first < tile_rows_; first += block_rows) {
      const Block block = block_at(0, first, tile_rows_);
      split(c_.channels, [&](int64_t begin, int64_t end) { transform_image(block, begin, end); });
      split(sum_places_ * panels_, [&](int64_t begin, int64_t end) { multiply(block, 0, panels_, begin, end); });
      split(c_.rows, [&](int64_t begin, int64_t end) { transform_back(block, 0, begin, end); });
    }
    return finite_;
  }

 private:
  // Tile rows of a block out of `most`: the matrices' vectors waste as little as they can, and the filters pass by as
  // seldom as that allows.
  int64_t best_rows(int64_t most) const {
    const double row_bytes =
        static_cast<double>(std::max(image_places_ * c_.channels, sum_places_ * c_.rows) * tiles_x_) * sizeof(float);
    const int64_t fitting = std::clamp<int64_t>(static_cast<int64_t>(kBlockBytes / row_bytes), 1, most);
    const auto width = [&](int64_t rows) { return ceil_div(rows * tiles_x_, 16); };
    int64_t best = 1, least = std::numeric_limits<int64_t>::max();
    for (int64_t rows = 1; rows <= fitting; ++rows) {
      const int64_t total = most / rows * width(rows) + width(most % rows);
      if (total <= least) least = total, best = rows;
    }
    return best;
  }

  // Calls f(place in the matrices, image, tile row in it, first tile, tiles) for runs of tiles that lie side by side.
  template <class F>
  void for_runs(const Block& block, F&& f) const {
    for (int64_t r = 0; r < block.rows; ++r) {
      const int64_t image = (block.first + r) / tiles_y_, y = (block.first + r) % tiles_y_;
      for (int64_t x = 0; x < tiles_x_; x += kernel_.lanes) {
        f(r * tiles_x_ + x, image, y, x, std::min<int64_t>(kernel_.lanes, tiles_x_ - x));
      }
    }
  }

  void transform_image(const Block& block, int64_t begin, int64_t end) const {
    for (int64_t c = begin; c < end; ++c) {
      for_runs(block, [&](int64_t at, int64_t image, int64_t y, int64_t x, int64_t n) {
        const float* const source = c_.source + (image * c_.channels + c) * c_.source_y * c_.source_x;
        kernel_.input(source, c_.source_y, c_.source_x, y * kernel_.step - c_.padding_y,
                      x * kernel_.step - c_.padding_x, n, block.tiles + c * width_ + at, tiles_stride_);
      });
    }
  }

  // [begin, end) of the products of `panels` panels from the first on, in the order of the filters' memory.
  void multiply(const Block& block, int64_t first, int64_t panels, int64_t begin, int64_t end) const {
    while (begin < end) {
      const int64_t sum = begin / panels, panel = begin % panels, count = std::min(panels - panel, end - begin);
      bool accumulate = false;
      for (const Term term : terms_[static_cast<size_t>(sum)]) {
        for (int64_t channel = 0; channel < c_.channels; channel += kDepth, accumulate = true) {
          float* const out = block.products + sum * products_stride_ + panel * gemm_kernel().mr * width_;
          multiply_panels(block, term, channel, first + panel, count, accumulate, out);
        }
      }
      begin += count;
    }
  }

  void multiply_panels(const Block& block, Term term, int64_t channel, int64_t first, int64_t count, bool accumulate,
                       float* out) const {
    const GemmKernel& gemm = gemm_kernel();
    const int64_t columns = block.rows * tiles_x_, depth = std::min(kDepth, c_.channels - channel);
    const float* filters = filters_ + ((term.place * c_.channels + channel) * panels_ + first * depth) * gemm.mr;
    const float* const tiles = block.tiles + term.image_place * tiles_stride_ + channel * width_;
    for (int64_t panel = first; panel < first + count; ++panel) {
      const int64_t rows = std::min<int64_t>(gemm.mr, c_.rows - panel * gemm.mr);
      for (int64_t j = 0; j < columns; j += gemm.nr) {
        gemm.micro(depth, filters, tiles + j, width_, out + j, width_, rows, std::min<int64_t>(gemm.nr, columns - j),
                   accumulate, nullptr, nullptr);
      }
      filters += depth * gemm.mr;
      out += gemm.mr * width_;
    }
  }

  // The outputs of rows [begin, end); `first` is the first of the block's products.
  void transform_back(const Block& block, int64_t first, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float bias = c_.ending.bias ? reinterpret_cast<const float*>(c_.ending.bias)[row] : 0;
      for_runs(block, [&](int64_t at, int64_t image, int64_t y, int64_t x, int64_t n) {
        // Elements of the tiles that are outputs begin here.
        const int64_t first_y = y == 0 ? c_.skip_y : 0, first_x = x == 0 ? c_.skip_x : 0;
        const int64_t top = y * tile_ - c_.skip_y, left = x * tile_ - c_.skip_x;
        float* const out = c_.out + ((image * c_.rows + row) * c_.out_y + top + first_y) * c_.out_x + left + first_x;
        if (!kernel_.output(block.products + (row - first) * width_ + at, products_stride_, n, bias, out, c_.out_x,
                            first_y, first_x, std::min(tile_, c_.out_y - top), std::min(n * tile_, c_.out_x - left))) {
          finite_ = false;
        }
      });
      finish(block, row);
    }
  }

  // The ending of that row's outputs, which lie together for the tile rows of an image.
  void finish(const Block& block, int64_t row) const {
    int64_t count;
    for (int64_t r = 0; r < block.rows; r += count) {
      const int64_t image = (block.first + r) / tiles_y_, y = (block.first + r) % tiles_y_;
      count = std::min(block.rows - r, tiles_y_ - y);
      const int64_t top = std::max<int64_t>(y * tile_ - c_.skip_y, 0);
      const int64_t bottom = std::min((y + count) * tile_ - c_.skip_y, c_.out_y);
      c_.ending.apply(reinterpret_cast<char*>(c_.out + image * c_.rows * c_.out_y * c_.out_x), c_.first_image + image,
                      row, 1, top * c_.out_x, (bottom - top) * c_.out_x);
    }
  }

  const WinogradConv& c_;
  const WinogradKernel& kernel_;
  const int64_t tile_;
  const float* filters_;
  int64_t tiles_y_, tiles_x_, tile_rows_, places_, image_places_, sum_places_, panels_;
  int64_t width_ = 0, group_ = 0;                   // places of a row of the matrices; panels multiplied at a time
  int64_t tiles_stride_ = 0, products_stride_ = 0;  // between places
  std::vector<std::vector<Term>> terms_;            // of each sum
  std::atomic<bool> finite_{true};
};

// weights as WinogradConv has them; out is [places][channels / kDepth][panels][kDepth][mr].
void transform_filters(const WinogradConv& c, const float* weights, const WinogradKernel& kernel, float* out) {
  const int64_t mr = gemm_kernel().mr, panels = ceil_div(c.rows, mr);
  parallel_pieces(panels, 1 + 4096 / (c.channels * mr), [&](int64_t begin, int64_t end) {
    for (int64_t channel = 0; channel < c.channels; channel += kDepth) {
      const int64_t depth = std::min(kDepth, c.channels - channel);
      for (int64_t panel = begin; panel < end; ++panel) {
        const int64_t row = panel * mr;
        kernel.filter(weights + row * c.weight_row_stride + channel * c.weight_channel_stride, c.weight_row_stride,
                      c.weight_channel_stride, c.flipped, std::min<int64_t>(mr, c.rows - row), mr, depth,
                      out + (channel * panels + panel * depth) * mr, panels * c.channels * mr);
      }
    }
  });
}

// The transformed filters: those kept beside the weights, or made by `make` into scratch memory.
template <class Make>
StorageRef filters_for(const WinogradConv& c, int form, Make&& make) {
  const int64_t padded = ceil_div(c.rows, gemm_kernel().mr) * gemm_kernel().mr;
  const double elements = static_cast<double>(square(kernel_of(form).side) * padded) * static_cast<double>(c.channels);
  StorageRef filters = prepacked(c.weights, Derivation::winograd_filters, 2 * form + (c.flipped ? 1 : 0),
                                 static_cast<size_t>(elements) * sizeof(float), make);
  if (!filters) {
    filters = conv_scratch(elements, sizeof(float));
    make(filters->data());
  }
  return filters;
}

// The time by Winograd's transforms in vector operations of 16 lanes: of the products, whose tiles cost some steps more
// than they have channels, and of the transforms.
double cost_of(const WinogradKernel& kernel, int64_t batch, int64_t channels, int64_t rows, int64_t out_y,
               int64_t out_x) {
  const double rows_of_tiles = static_cast<double>(batch * ceil_div(out_y, kernel.tile));
  const double across = static_cast<double>(ceil_div(out_x, kernel.tile));
  const double products = static_cast<double>(square(kernel.side)) * static_cast<double>(channels + 3) *
                          static_cast<double>(rows) * round16(rows_of_tiles * across) / 16;
  return products + static_cast<double>(channels + rows) * rows_of_tiles * std::ceil(across / 16) *
                        (kernel.tile == 2 || kernel.step != kernel.tile ? 120 : 280);
}

// … and without: `terms` products for each output.
double direct_cost(double terms, int64_t batch, int64_t rows, int64_t out_y, int64_t pitch) {
  return terms * static_cast<double>(rows) * static_cast<double>(batch) * round16(static_cast<double>(out_y * pitch)) /
         16;
}

constexpr double kMargin = 0.85;  // for what the estimates leave out

// The forms of 3×3 and 4×4 kernels at stride 2, and of their gradients by the input.
int strided_form(int64_t kernel) { return kernel == 3 ? 3 : 5; }
int transposed_form(int64_t kernel) { return kernel == 3 ? 4 : 6; }

// They pay for `terms` products for each of the outputs.
bool strided_pays(int form, double terms, int64_t batch, int64_t channels, int64_t rows, int64_t out_y, int64_t out_x) {
  return channels >= 16 && rows >= 16 &&
         cost_of(kernel_of(form), batch, channels, rows, out_y, out_x) <
             0.95 * direct_cost(terms * static_cast<double>(channels), batch, rows, out_y, out_x + 1);
}
bool strided_directly(const ConvShape& s, const float* x, const Tensor& weight, const ConvEnding& ending, float* out) {
  const int form = strided_form(s.y.kernel);
  return strided_pays(form, static_cast<double>(s.taps()), s.batch, s.in_channels, s.out_channels, s.y.out, s.x.out) &&
         winograd({s.batch, s.in_channels, s.out_channels, x, s.y.in, s.x.in, s.y.padding, s.x.padding, weight,
                   s.in_channels * s.taps(), s.taps(), false, out, s.y.out, s.x.out, ending},
                  form);
}

}  // namespace

int winograd_form(int64_t batch, int64_t channels, int64_t rows, int64_t out_y, int64_t out_x) {
  if (channels < 16 || rows < 16) return -1;
  double least = kMargin * direct_cost(9 * static_cast<double>(channels), batch, rows, out_y, out_x + 2);
  int best = -1;
  for (const int form : {0, 1}) {
    const double cost = cost_of(kernel_of(form), batch, channels, rows, out_y, out_x);
    if (cost < least) least = cost, best = form;
  }
  return best;
}

bool winograd(const WinogradConv& c, int form) {
  const StorageRef filters = filters_for(c, form, [&](void* data) {
    transform_filters(c, c.weights.as<float>(), kernel_of(form), static_cast<float*>(data));
  });
  return Winograd(c, kernel_of(form), static_cast<const float*>(filters->data())).run();
}

bool winograd_transposed(const ConvShape& s, const float* grad, const Tensor& weight, const ConvEnding& ending,
                         float* out) {
  const int64_t kernel = s.y.kernel;
  const auto fits = [&](const ConvAxis& a) {
    return a.kernel == kernel && a.stride == 2 && a.dilation == 1 && a.padding >= 0 && a.padding < 4;
  };
  // Tiles begin at the second element of the padded input, which is the first one where the padding is 1.
  const auto before = [&](const ConvAxis& a) { return kernel - 3 + (a.padding == 0 ? 2 : 0); };
  const auto skip = [](const ConvAxis& a) { return (a.padding + 3) % 4; };
  const int form = transposed_form(kernel);
  return s.dtype == DType::f32 && s.groups == 1 && (kernel == 3 || kernel == 4) && fits(s.y) && fits(s.x) &&
         strided_pays(form, static_cast<double>(s.taps()) / 4, s.batch, s.out_channels, s.in_channels, s.y.in,
                      s.x.in) &&
         winograd({s.batch, s.out_channels, s.in_channels, grad, s.y.out, s.x.out, before(s.y), before(s.x), weight,
                   s.taps(), s.in_channels * s.taps(), true, out, s.y.in, s.x.in, ending, skip(s.y), skip(s.x)},
                  form);
}

bool winograd_strided(const ConvShape& s, const float* x, const Tensor& weight, const ConvEnding& ending, float* out) {
  const int64_t kernel = s.y.kernel, taps = (kernel + 1) / 2;
  const auto fits = [&](const ConvAxis& a) { return a.kernel == kernel && a.stride == 2 && a.dilation == 1; };
  if (s.dtype != DType::f32 || s.groups != 1 || !fits(s.y) || !fits(s.x)) return false;
  if (kernel == 3 || kernel == 4) return strided_directly(s, x, weight, ending, out);
  if (s.out_channels < 16 || taps < 3 || taps > 4) return false;
  const AxisPlan y = forward_plan(s.y), plan_x = forward_plan(s.x);
  const int form = taps == 3 ? 1 : 2;
  const int64_t phases = 4, channels = s.in_channels * phases, plane = y.extent * plan_x.extent;
  if (y.halo() != taps - 1 || plan_x.halo() != taps - 1 || y.base.size() != 2 || plan_x.base.size() != 2 ||
      cost_of(kernel_of(form), 1, channels, s.out_channels, s.y.out, s.x.out) >
          kMargin * direct_cost(static_cast<double>(s.in_channels * kernel * kernel), 1, s.out_channels, s.y.out,
                                plan_x.extent)) {
    return false;
  }
  const StorageRef image = conv_scratch(static_cast<double>(channels) * static_cast<double>(plane), sizeof(float));
  float* const planes = static_cast<float*>(image->data());
  WinogradConv c{1,       channels, s.out_channels,         planes,      y.extent, plan_x.extent, 0,
                 0,       weight,   channels * taps * taps, taps * taps, false,    out,           s.y.out,
                 s.x.out, ending};
  // Each phase has its own taps; where it has one less than the other the last is zero.
  const StorageRef filters = filters_for(c, form, [&](void* data) {
    const double elements = static_cast<double>(s.out_channels * taps * taps) * static_cast<double>(channels);
    const StorageRef sorted = conv_scratch(elements, sizeof(float));
    float* const to = static_cast<float*>(sorted->data());
    std::fill(to, to + static_cast<int64_t>(elements), 0.0f);
    const float* from = weight.as<float>();
    for (int64_t i = 0; i < s.out_channels * s.in_channels; ++i) {
      for (size_t ty = 0; ty < y.tap.size(); ++ty) {
        for (size_t tx = 0; tx < plan_x.tap.size(); ++tx) {
          const int64_t phase = i * phases + y.plane[ty] * 2 + plan_x.plane[tx];
          to[(phase * taps + y.shift[ty]) * taps + plan_x.shift[tx]] = *from++;
        }
      }
    }
    transform_filters(c, to, kernel_of(form), static_cast<float*>(data));
  });
  for (int64_t n = 0; n < s.batch; ++n) {
    parallel_pieces(s.in_channels, 1, [&](int64_t begin, int64_t end) {
      fill_planes(s.dtype, y, plan_x, reinterpret_cast<const char*>(x + (n * s.in_channels + begin) * s.in_size()),
                  s.y.in, s.x.in, end - begin, 0, y.extent, reinterpret_cast<char*>(planes + begin * phases * plane));
    });
    c.out = out + n * s.out_channels * s.out_size();
    c.first_image = n;
    if (!Winograd(c, kernel_of(form), static_cast<const float*>(filters->data())).run()) return false;
  }
  return true;
}

}  // namespace flambeau
