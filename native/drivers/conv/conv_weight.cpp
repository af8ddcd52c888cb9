// The gradient of a convolution's weights: entry (output, channel, tap) is the dot of the output's gradient, laid out
// with the image's pitch, with the run of the padded image that begins at the tap. Each entry is summed by one thread,
// over images and blocks of rows in an order that depends on the shape alone.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "../../dispatch/dispatch.h"
#include "../../kernels/conv.h"
#include "../../parallel/shares.h"
#include "conv_pass.h"

namespace flambeau {
namespace {

constexpr int64_t kRun = 1024;               // places a sum runs over before its lanes are added up
constexpr int64_t kPlaneBytes = 256 * 1024;  // of the image at a time

bool all_finite(const ConvKernel& kernel, const char* x, int64_t n, int64_t item) {
  std::atomic<bool> finite{true};
  parallel_for(n, 64 * 1024, [&](int64_t begin, int64_t end) {
    if (!kernel.all_finite(x + begin * item, static_cast<size_t>(end - begin))) finite = false;
  });
  return finite;
}

}  // namespace

void conv_weight_gradient(const ConvShape& s, const char* x, const char* grad, char* out) {
  const ConvKernel& kernel = kernels<ConvTable>().conv[static_cast<int>(s.dtype)];
  const size_t bytes = item_size(s.dtype);
  const int64_t item = static_cast<int64_t>(bytes);
  const int64_t channels = s.in_channels / s.groups, rows = s.out_channels / s.groups, taps = s.taps();
  const int64_t k = channels * taps;
  std::memset(out, 0, static_cast<size_t>(s.out_channels * k * item));
  if (s.batch == 0 || s.out_size() == 0) return;

  const AxisPlan py = forward_plan(s.y), px = forward_plan(s.x);
  const int64_t pitch = px.extent, planes = static_cast<int64_t>(py.base.size() * px.base.size());
  const int64_t block_rows = std::clamp<int64_t>(kRun / pitch, 1, s.y.out);
  const int64_t images = std::clamp<int64_t>(kRun / (block_rows * pitch), 1, s.batch);
  const int64_t plane_rows = block_rows + py.halo();
  const double channel_elements =
      static_cast<double>(planes) * static_cast<double>(plane_rows) * static_cast<double>(pitch);
  const double channel_bytes = channel_elements * static_cast<double>(images * item);
  const int64_t step =
      std::clamp<int64_t>(static_cast<int64_t>(kPlaneBytes / std::max(channel_bytes, 1.0)), 1, channels);

  // Parts of the work: groups by channels, or by outputs where there are too few channels.
  const int threads = conv_threads(static_cast<double>(s.batch * s.out_size()) * static_cast<double>(s.out_channels) *
                                   static_cast<double>(k));
  const int64_t wanted = ceil_div(threads, s.groups);
  const int64_t c_parts = channels >= 4 * wanted || rows < wanted ? std::min<int64_t>(channels, wanted) : 1;
  const int64_t o_parts = std::min<int64_t>(rows, ceil_div(threads, s.groups * c_parts));
  const int64_t items = s.groups * c_parts * o_parts;

  // Between the runs the gradient is zero, which hides what the image has there, unless that is not finite.
  const bool whole = pitch == s.x.out || all_finite(kernel, x, s.batch * s.in_channels * s.in_size(), item);
  const double grad_elements = static_cast<double>(rows) * static_cast<double>(images * block_rows * pitch);
  const double plane_elements = channel_elements * static_cast<double>(images * step);
  const StorageRef scratch = conv_scratch((grad_elements + plane_elements) * threads, bytes);
  const int64_t scratch_bytes = static_cast<int64_t>(grad_elements + plane_elements) * item;
  const int64_t columns = rows == 1 ? ConvKernel::kSingleCols : kernel.dot_cols;
  const std::vector<int64_t> offsets = tap_offsets(py, px, step, plane_rows);

  const auto item_of = [&](int64_t index, char* grad_buffer) {
    const int64_t group = index / (c_parts * o_parts), c_part = index / o_parts % c_parts, o_part = index % o_parts;
    const int64_t c_begin = channels * c_part / c_parts, c_end = channels * (c_part + 1) / c_parts;
    const int64_t o_begin = rows * o_part / o_parts, o_end = rows * (o_part + 1) / o_parts;
    char* const plane_buffer = grad_buffer + static_cast<int64_t>(grad_elements) * item;
    for (int64_t n = 0; n < s.batch; n += images) {
      const int64_t now = std::min(images, s.batch - n);
      for (int64_t first = 0; first < s.y.out; first += block_rows) {
        const int64_t height = std::min(block_rows, s.y.out - first);
        // [outputs][images][rows][pitch]
        const int64_t grad_row = images * block_rows * pitch;
        for (int64_t o = o_begin; o < o_end; ++o) {
          for (int64_t i = 0; i < now; ++i) {
            const char* const from =
                grad + (((n + i) * s.out_channels + group * rows + o) * s.out_size() + first * s.x.out) * item;
            char* const to = grad_buffer + ((o - o_begin) * grad_row + i * block_rows * pitch) * item;
            kernel.plane(from, s.x.out, 1, 0, s.x.out, pitch, height, to);
          }
        }
        const int64_t image_planes = step * planes * plane_rows * pitch;
        const int64_t length = whole ? (height - 1) * pitch + s.x.out : s.x.out;
        const ConvRuns runs{now, block_rows * pitch, image_planes, whole ? 1 : height, length, pitch};
        for (int64_t c = c_begin; c < c_end; c += step) {
          const int64_t some = std::min(step, c_end - c);
          for (int64_t i = 0; i < now; ++i) {
            fill_planes(s.dtype, py, px, x + ((n + i) * s.in_channels + group * channels + c) * s.in_size() * item,
                        s.y.in, s.x.in, some, first, plane_rows, plane_buffer + i * image_planes * item);
          }
          for (int64_t o = o_begin; o < o_end; o += kernel.dot_rows) {
            char* const sums = out + ((group * rows + o) * k + c * taps) * item;
            for (int64_t j = 0; j < some * taps; j += columns) {
              kernel.dots(runs, grad_buffer + (o - o_begin) * grad_row * item, grad_row, plane_buffer,
                          offsets.data() + j, std::min<int64_t>(kernel.dot_rows, o_end - o),
                          std::min<int64_t>(columns, some * taps - j), sums + j * item, k);
            }
          }
        }
      }
    }
  };
  share_ranges(items, 1, threads, [&](int thread, int64_t begin, int64_t end) {
    char* const buffer = static_cast<char*>(scratch->data()) + thread * scratch_bytes;
    for (int64_t i = begin; i < end; ++i) item_of(i, buffer);
  });
}

}  // namespace flambeau
