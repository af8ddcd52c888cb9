// A convolution as a matrix product over a padded image that lies in cache: out [rows, grid] = weights [rows, k] times
// the runs of the image that begin at k = (channel, tap). The grid's rows are as far apart as the image's, so that a
// run crosses from one to the next; the few places between them are computed and dropped. Every output is one sum in
// the order of k: neither blocks nor threads change a bit.
#include "conv_pass.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "../../dispatch/dispatch.h"
#include "../../error.h"
#include "../../kernels/conv.h"
#include "../../kernels/gemm.h"
#include "../../parallel/shares.h"
#include "../../tensor/prepack.h"

namespace flambeau {
namespace {

constexpr int64_t kBlockBytes = 384 * 1024;  // of the image: with a panel of weights and the output, about half of L2

const ConvKernel& kernel_of(DType dtype) { return kernels<ConvTable>().conv[static_cast<int>(dtype)]; }

// Puts the taps on planes; u by tap.
void place_taps(AxisPlan& plan, const std::vector<int64_t>& u) {
  const size_t taps = u.size();
  plan.plane.resize(taps);
  plan.shift.resize(taps);
  std::unordered_map<int64_t, int64_t> planes;  // by residue
  for (size_t t = 0; t < taps; ++t) {
    const int64_t residue = (u[t] % plan.step + plan.step) % plan.step;
    const auto [at, fresh] = planes.try_emplace(residue, static_cast<int64_t>(plan.base.size()));
    plan.plane[t] = at->second;
    if (fresh) plan.base.push_back(u[t]);
    else plan.base[static_cast<size_t>(at->second)] = std::min(plan.base[static_cast<size_t>(at->second)], u[t]);
  }
  int64_t reach = 0;
  for (size_t t = 0; t < taps; ++t) {
    plan.shift[t] = (u[t] - plan.base[static_cast<size_t>(plan.plane[t])]) / plan.step;
    reach = std::max(reach, plan.shift[t]);
  }
  plan.extent = plan.count + reach;
  // Where taps lie far apart a plane for each of them is smaller.
  if (static_cast<double>(plan.base.size()) * static_cast<double>(plan.extent) >
      static_cast<double>(taps) * static_cast<double>(plan.count)) {
    plan.base = u;
    plan.extent = plan.count;
    for (size_t t = 0; t < taps; ++t) plan.plane[t] = static_cast<int64_t>(t), plan.shift[t] = 0;
  }
}

// How the work is cut: row blocks of the grid by blocks of the output rows, for each image and group.
struct Cut {
  int threads;
  int64_t row_blocks, block_rows, m_blocks;
};
Cut cut(const ConvPass& p, int64_t m_panels, double row_bytes, double work) {
  Cut c;
  c.threads = conv_threads(work);
  const int64_t images = p.batch * p.groups, count = p.y.count;
  const int64_t fitting =
      std::max<int64_t>(static_cast<int64_t>(kBlockBytes / std::max(row_bytes, 1.0)) - p.y.halo(), 1);
  c.row_blocks = ceil_div(count, fitting);
  c.m_blocks = 1;
  const int64_t items = images * c.row_blocks;
  if (c.threads > 1 && items % c.threads != 0 && items < 8 * c.threads) {
    const int64_t even = ceil_div(c.row_blocks, c.threads) * c.threads;
    if (even * 4 <= count) c.row_blocks = even;
    else if (m_panels >= c.threads) c.m_blocks = c.threads;
  }
  c.block_rows = ceil_div(count, c.row_blocks);
  c.row_blocks = ceil_div(count, c.block_rows);
  return c;
}

// Where the taps of a pass lie in a kernel.
std::vector<int64_t> places_of(const ConvPass& p) {
  std::vector<int64_t> places;
  for (const int64_t i : p.y.tap) {
    for (const int64_t j : p.x.tap) places.push_back(i * p.kernel_x + j);
  }
  return places;
}

// The weights of all groups as panels [channels, taps][mr], perhaps as they were kept.
StorageRef packed_weights(const ConvPass& p, const ConvKernel& kernel, int64_t m_panels) {
  const size_t bytes = item_size(p.dtype);
  const int64_t item = static_cast<int64_t>(bytes);
  const GemmKernel& gemm = kernels<GemmTable>().gemm[static_cast<int>(p.dtype)];
  const std::vector<int64_t> places = places_of(p);
  const int64_t taps = static_cast<int64_t>(places.size()), step = p.channels * taps * kernel.mr;
  const auto make = [&](void* data) {
    parallel_for(p.groups * m_panels, 1 + 65536 / (1 + step), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t group = i / m_panels, row = i % m_panels * kernel.mr;
        const char* const from = p.weights.data() + (group * p.weight_group_stride + row * p.weight_row_stride) * item;
        // A forward pass has the weights in the order of their memory, as a matrix.
        if (p.keeps_weights && gemm.mr == kernel.mr) {
          gemm.pack_a(from, p.weight_row_stride, 1, std::min<int64_t>(kernel.mr, p.rows - row), p.channels * taps,
                      static_cast<char*>(data) + i * step * item);
          continue;
        }
        kernel.pack(from, p.weight_row_stride, p.weight_channel_stride, places.data(),
                    std::min<int64_t>(kernel.mr, p.rows - row), p.channels, taps,
                    static_cast<char*>(data) + i * step * item);
      }
    });
  };
  const double elements = static_cast<double>(p.groups * m_panels) * static_cast<double>(step);
  if (p.keeps_weights && elements > 0) {
    const size_t size = static_cast<size_t>(elements) * bytes;
    if (StorageRef kept = prepacked(p.weights, Derivation::conv_panels, p.groups, size, make)) return kept;
  }
  StorageRef fresh = conv_scratch(elements, bytes);
  make(fresh->data());
  return fresh;
}

// The weights of passes of one channel, [groups, rows, taps].
StorageRef gather_weights(const ConvPass& p) {
  const size_t bytes = item_size(p.dtype);
  const std::vector<int64_t> places = places_of(p);
  StorageRef gathered =
      conv_scratch(static_cast<double>(p.groups * p.rows) * static_cast<double>(places.size()), bytes);
  char* to = static_cast<char*>(gathered->data());
  for (int64_t i = 0; i < p.groups * p.rows; ++i) {
    const int64_t row = i / p.rows * p.weight_group_stride + i % p.rows * p.weight_row_stride;
    for (const int64_t place : places) {
      std::memcpy(to, p.weights.data() + (row + place) * static_cast<int64_t>(bytes), bytes);
      to += bytes;
    }
  }
  return gathered;
}

}  // namespace

AxisPlan forward_plan(const ConvAxis& axis) {
  AxisPlan plan;
  plan.step = axis.stride;
  plan.count = axis.out;
  std::vector<int64_t> u;
  for (int64_t t = 0; t < axis.kernel; ++t) {
    plan.tap.push_back(t);
    u.push_back(t * axis.dilation - axis.padding);
  }
  place_taps(plan, u);
  return plan;
}

AxisPlan backward_plan(const ConvAxis& axis, int64_t phase) {
  AxisPlan plan;
  plan.first = phase;
  plan.out_step = axis.stride;
  plan.count = ceil_div(axis.in - phase, axis.stride);
  std::vector<int64_t> u;
  // In the order in which they lie in the planes, as those of a forward pass do.
  for (int64_t t = axis.kernel; t-- > 0;) {
    const int64_t distance = phase + axis.padding - t * axis.dilation;
    if (distance % axis.stride != 0) continue;
    plan.tap.push_back(t);
    u.push_back(distance / axis.stride);
  }
  place_taps(plan, u);
  return plan;
}

int conv_threads(double work) { return threads_worth(work / kWorkPerThread); }

StorageRef conv_scratch(double elements, size_t item) {
  if (!(elements * static_cast<double>(item) < 0x1p48))
    throw Error("SIZE_OVERFLOW", "conv: the padded input is too large");
  return StorageRef(Storage::allocate(static_cast<size_t>(elements) * item));
}

void fill_planes(DType dtype, const AxisPlan& y, const AxisPlan& x, const char* source, int64_t source_y,
                 int64_t source_x, int64_t channels, int64_t first, int64_t rows, char* buffer) {
  const ConvKernel& kernel = kernel_of(dtype);
  const int64_t item = static_cast<int64_t>(item_size(dtype));
  for (int64_t c = 0; c < channels; ++c, source += source_y * source_x * item) {
    for (const int64_t base_y : y.base) {
      for (const int64_t base_x : x.base) {
        // Rows [top, bottom) and columns [begin, end) of the plane lie inside the source.
        const auto inside = [](int64_t base, int64_t step, int64_t size, int64_t extent) {
          const int64_t from = std::clamp<int64_t>(base < 0 ? ceil_div(-base, step) : 0, 0, extent);
          return std::pair{from, std::clamp<int64_t>(base < size ? ceil_div(size - base, step) : 0, from, extent)};
        };
        const auto [begin, end] = inside(base_x, x.step, source_x, x.extent);
        const auto [top, bottom] = inside(first * y.step + base_y, y.step, source_y, begin < end ? rows : 0);
        const auto zeros = [&](int64_t from, int64_t to) {
          if (from < to)
            std::memset(buffer + from * x.extent * item, 0, static_cast<size_t>((to - from) * x.extent * item));
        };
        zeros(0, top);
        zeros(bottom, rows);
        if (top < bottom) {
          const int64_t row = (first + top) * y.step + base_y;
          kernel.plane(source + (row * source_x + begin * x.step + base_x) * item, y.step * source_x, x.step, begin,
                       end, x.extent, bottom - top, buffer + top * x.extent * item);
        }
        buffer += rows * x.extent * item;
      }
    }
  }
}

std::vector<int64_t> tap_offsets(const AxisPlan& y, const AxisPlan& x, int64_t channels, int64_t rows) {
  std::vector<int64_t> offsets;
  const int64_t planes_x = static_cast<int64_t>(x.base.size()), planes = static_cast<int64_t>(y.base.size()) * planes_x;
  offsets.reserve(static_cast<size_t>(channels) * y.tap.size() * x.tap.size());
  for (int64_t c = 0; c < channels; ++c) {
    for (size_t i = 0; i < y.tap.size(); ++i) {
      for (size_t j = 0; j < x.tap.size(); ++j) {
        const int64_t plane = c * planes + y.plane[i] * planes_x + x.plane[j];
        offsets.push_back((plane * rows + y.shift[i]) * x.extent + x.shift[j]);
      }
    }
  }
  return offsets;
}

void run(const ConvPass& p) {
  if (p.batch == 0 || p.rows == 0 || p.groups == 0 || p.y.count <= 0 || p.x.count <= 0) return;
  const ConvKernel& kernel = kernel_of(p.dtype);
  const size_t bytes = item_size(p.dtype);
  const int64_t item = static_cast<int64_t>(bytes);
  const int64_t taps = static_cast<int64_t>(p.y.tap.size() * p.x.tap.size()), k = p.channels * taps;
  const int64_t m_panels = ceil_div(p.rows, kernel.mr), pitch = p.x.extent;
  const double planes = static_cast<double>(p.y.base.size()) * static_cast<double>(p.x.base.size());
  const double row_elements = static_cast<double>(p.channels) * planes * static_cast<double>(pitch);
  const double work = static_cast<double>(p.batch * p.groups * p.rows) * static_cast<double>(k) *
                      static_cast<double>(p.y.count * p.x.count);
  const Cut c = cut(p, m_panels, row_elements * static_cast<double>(item), work);

  // One channel and few rows: each is a sum of few runs, for which tiles would mostly be empty.
  const bool by_channel = p.channels == 1 && p.rows <= 4;
  const StorageRef packed = by_channel ? gather_weights(p) : packed_weights(p, kernel, m_panels);
  const char* const panels = static_cast<const char*>(packed->data());
  const int64_t panel = k * (by_channel ? 1 : kernel.mr) * item;

  // The kernel reads whole vectors from the last run on.
  const double buffer_elements = row_elements * static_cast<double>(c.block_rows + p.y.halo()) + kernel.nr;
  const StorageRef scratch = conv_scratch(buffer_elements * c.threads, bytes);
  const int64_t buffer_bytes = static_cast<int64_t>(buffer_elements) * item;
  const std::vector<int64_t> offsets = tap_offsets(p.y, p.x, p.channels, c.block_rows + p.y.halo());

  const auto block = [&](int64_t index, char* buffer) {
    const int64_t m_block = index % c.m_blocks, row_block = index / c.m_blocks % c.row_blocks;
    const int64_t image = index / c.m_blocks / c.row_blocks;  // with the group
    const int64_t first = row_block * c.block_rows, rows = std::min(c.block_rows, p.y.count - first);
    fill_planes(p.dtype, p.y, p.x, p.source + image * p.channels * p.source_y * p.source_x * item, p.source_y,
                p.source_x, p.channels, first, c.block_rows + p.y.halo(), buffer);
    const int64_t group = image % p.groups, columns = (rows - 1) * pitch + p.x.count;
    char* const out =
        p.out + (image * p.rows * p.out_y * p.out_x + (p.y.first + first * p.y.out_step) * p.out_x + p.x.first) * item;
    const auto target = [&](int64_t row) {
      return ConvTarget{out + row * p.out_y * p.out_x * item,
                        p.out_y * p.out_x,
                        p.y.out_step * p.out_x,
                        p.x.out_step,
                        pitch,
                        p.x.count,
                        p.ending.bias ? p.ending.bias + (group * p.rows + row) * item : nullptr};
    };
    const auto finish = [&](int64_t row, int64_t m) {
      if (!p.writes_all) return;
      p.ending.apply(p.out + image / p.groups * p.groups * p.rows * p.out_y * p.out_x * item, image / p.groups,
                     group * p.rows + row, m, first * p.out_x, rows * p.out_x);
    };
    for (int64_t row = 0; by_channel && row < p.rows; ++row) {
      kernel.channel(k, panels + (group * p.rows + row) * panel, buffer, offsets.data(), rows, target(row));
      finish(row, 1);
    }
    if (by_channel) return;
    for (int64_t i = m_panels * m_block / c.m_blocks; i < m_panels * (m_block + 1) / c.m_blocks; ++i) {
      const int64_t row = i * kernel.mr, m = std::min<int64_t>(kernel.mr, p.rows - row);
      const ConvTarget to = target(row);
      for (int64_t j = 0; j < columns; j += kernel.nr) {
        kernel.tile(k, panels + (group * m_panels + i) * panel, buffer, offsets.data(), j, m,
                    std::min<int64_t>(kernel.nr, columns - j), to);
      }
      finish(row, m);
    }
  };
  const int64_t items = p.batch * p.groups * c.row_blocks * c.m_blocks;
  share_ranges(items, 1, c.threads, [&](int thread, int64_t begin, int64_t end) {
    char* const buffer = static_cast<char*>(scratch->data()) + thread * buffer_bytes;
    for (int64_t i = begin; i < end; ++i) block(i, buffer);
  });
}

}  // namespace flambeau
