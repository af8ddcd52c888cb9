// Batch and group norm of x [samples, channels, ...]: statistics over parts of it, then one pass with a mean, a scale
// and a shift per channel.
#include "norm.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "../kernels/norm.h"
#include "../parallel/thread_pool.h"
#include "../tensor/copy.h"
#include "../tensor/element.h"
#include "../tensor/integers.h"
#include "../tensor/output.h"
#include "norm_checks.h"

namespace flambeau {
namespace {

// x as planes of `inner` contiguous elements, one for each sample and channel; or, where inner is 1, as rows of
// channels. Sums run over parts whose size the shape alone decides: chunks of a plane, blocks of rows.
struct Planes {
  static constexpr int64_t kChunk = 16 * 1024, kRows = 128;

  int64_t samples = 1, channels, inner = 1;
  bool by_rows;
  int64_t blocks;  // of samples
  int64_t chunks;  // of a plane

  Planes(int64_t samples_, int64_t channels_, int64_t inner_)
      : samples(samples_), channels(channels_), inner(inner_), by_rows(inner == 1 && channels > 1) {
    blocks = by_rows ? ceil_div(samples, kRows) : samples;
    chunks = by_rows ? 1 : ceil_div(inner, kChunk);
  }

  int64_t parts() const { return blocks * channels * chunks; }
  int64_t part(int64_t block, int64_t channel, int64_t chunk) const {
    return (block * channels + channel) * chunks + chunk;
  }
  int64_t part_size(int64_t block, int64_t chunk) const {
    return by_rows ? std::min(kRows, samples - block * kRows) : std::min(kChunk, inner - chunk * kChunk);
  }

  // Planes first .. end - 1; of rows (by_rows) only all of them.
  struct Range {
    int64_t first, end;
  };
  Range all() const { return {0, samples * channels}; }

  // Calls run(offset, first, part, outer, n, inner) for runs as the kernels take them, in parallel: offset is the first
  // element's, first the first plane's number, part the number of the first partial result.
  template <class Run>
  void each(Range range, Run&& run) const {
    if (by_rows) {
      parallel_for(blocks, std::max<int64_t>(1, kNormGrain / (kRows * channels)), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) run(b * kRows * channels, 0, b * channels, 1, part_size(b, 0), channels);
      });
      return;
    }
    if (chunks == 1) {
      parallel_for(range.end - range.first, std::max<int64_t>(1, kNormGrain / inner), [&](int64_t begin, int64_t end) {
        const int64_t first = range.first + begin;
        run(first * inner, first, first, end - begin, inner, 1);
      });
      return;
    }
    parallel_for((range.end - range.first) * chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = range.first * chunks + begin; p < range.first * chunks + end; ++p) {
        const int64_t plane = p / chunks, chunk = p % chunks;
        run(plane * inner + chunk * kChunk, plane, p, 1, part_size(0, chunk), 1);
      }
    });
  }
};

Planes planes_of(const char* op, const Tensor& x) {
  if (x.rank() < 2) {
    throw Error("SHAPE_MISMATCH",
                std::string(op) + ": an input [samples, channels, ...] was expected, got " + to_string(x.shape));
  }
  int64_t inner = 1;
  for (int i = 2; i < x.rank(); ++i) inner *= x.shape[i];
  return Planes(x.shape[0], x.shape[1], inner);
}

// The samples of a single channel are one run.
Planes joined(const Planes& p) { return p.channels == 1 ? Planes(1, 1, p.samples * p.inner) : p; }

struct Slots {
  MomentsFn moments;
  ChannelFn affine, gradient;
  ChannelDotsFn dots;
};
Slots slots_for(const char* op, DType dtype) {
  const int i = static_cast<int>(dtype);
  const NormTable& k = kernels<NormTable>();
  if (!k.moments[i]) throw_no_kernel(op, dtype);
  return {k.moments[i], k.channel_affine[i], k.channel_gradient[i], k.channel_dots[i]};
}

// Scratch of doubles from the pool.
class Doubles {
 public:
  explicit Doubles(int64_t n) : storage_(Storage::allocate(static_cast<size_t>(n) * sizeof(double))) {}
  double* data() const { return static_cast<double*>(storage_->data()); }
  double& operator[](int64_t i) const { return data()[i]; }

 private:
  StorageRef storage_;
};

struct Statistics {
  double count, mean, m2;
};

// Of channel c over blocks [first_block, block_end).
Statistics merge(const Planes& p, const Doubles& mean, const Doubles& m2, int64_t c, int64_t first_block,
                 int64_t block_end) {
  Statistics all{0, 0, 0};
  for (int64_t b = first_block; b < block_end; ++b) {
    for (int64_t k = 0; k < p.chunks; ++k) {
      const int64_t at = p.part(b, c, k);
      const double n = static_cast<double>(p.part_size(b, k)), total = all.count + n, delta = mean[at] - all.mean;
      if (all.count == 0) {
        all = {n, mean[at], m2[at]};
        continue;
      }
      all.mean += delta * (n / total);
      all.m2 += m2[at] + delta * delta * (all.count * n / total);
      all.count = total;
    }
  }
  return all;
}

// The mean of channel c by its plain sum: an infinity makes differences NaN, the mean itself is infinite.
template <class T>
double plain_mean(const Planes& p, const Tensor& x, int64_t c) {
  double sum = 0;
  for (int64_t s = 0; s < p.samples; ++s) {
    const T* const plane = x.as<T>() + (s * p.channels + c) * p.inner;
    for (int64_t i = 0; i < p.inner; ++i) sum += plane[i];
  }
  return sum / (static_cast<double>(p.samples) * static_cast<double>(p.inner));
}

template <class T>
T value_or(const Tensor& t, int64_t i, T otherwise) {
  return t.storage ? t.as<T>()[i] : otherwise;
}

// The kernels' parameters, one of each per channel of the period.
struct Parameters {
  Tensor mean, scale, slope, shift;
  Parameters(DType dtype, int64_t n)
      : mean(empty(dtype, {n})), scale(empty(dtype, {n})), slope(empty(dtype, {n})), shift(empty(dtype, {n})) {}
  ChannelArgs args(const char* x, const char* g, int64_t first) const {
    return {x,
            g,
            mean.data(),
            scale.data(),
            slope.data(),
            shift.data(),
            static_cast<size_t>(first),
            static_cast<size_t>(mean.numel)};
  }
};

template <class F>
void with_floats(DType dtype, F&& f) {
  if (dtype == DType::f32) return f(float{});
  f(double{});
}

void apply(ChannelFn fn, const Planes& planes, Planes::Range range, const Parameters& parameters, const Tensor& x,
           const Tensor* g, const Tensor& y, int64_t ahead = 0) {
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  planes.each(range, [&](int64_t offset, int64_t first, int64_t, int64_t outer, int64_t n, int64_t inner) {
    ChannelArgs args = parameters.args(x.data() + offset * item, g ? g->data() + offset * item : nullptr, first);
    args.result_bytes = static_cast<size_t>(x.numel * item / num_threads());
    args.ahead = static_cast<size_t>(ahead);
    fn(&args, y.data() + offset * item, static_cast<size_t>(outer), static_cast<size_t>(n), static_cast<size_t>(inner));
  });
}

void measure(MomentsFn fn, const Planes& planes, Planes::Range range, const Tensor& x, const Doubles& mean,
             const Doubles& m2) {
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  planes.each(range, [&](int64_t offset, int64_t, int64_t part, int64_t outer, int64_t n, int64_t inner) {
    fn(x.data() + offset * item, mean.data() + part, m2.data() + part, static_cast<size_t>(outer),
       static_cast<size_t>(n), static_cast<size_t>(inner));
  });
}

void dot(ChannelDotsFn fn, const Planes& planes, const Parameters& parameters, const Tensor& x, const Tensor& g,
         const Doubles& sum, const Doubles& dots) {
  const int64_t item = static_cast<int64_t>(item_size(x.dtype));
  planes.each(planes.all(), [&](int64_t offset, int64_t first, int64_t part, int64_t outer, int64_t n, int64_t inner) {
    const ChannelArgs args = parameters.args(x.data() + offset * item, g.data() + offset * item, first);
    fn(&args, sum.data() + part, dots.data() + part, static_cast<size_t>(outer), static_cast<size_t>(n),
       static_cast<size_t>(inner));
  });
}

}  // namespace

void batch_norm(const Tensor& x, const Tensor* weight, const Tensor* bias, OptionalTarget running_mean,
                OptionalTarget running_var, bool training, double momentum, double eps, OptionalTarget mean,
                OptionalTarget rstd, Out out) {
  const char* const op = "batchNorm";
  const Slots slots = slots_for(op, x.dtype);
  const Planes planes = joined(planes_of(op, x));
  const int64_t channels = planes.channels;
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, channels) : Tensor();
  const Tensor b = bias ? check_operand(op, "a bias", x, *bias, channels) : Tensor();
  if (!training && (!running_mean || !running_var)) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": running statistics were expected, got none");
  }
  const Tensor old_mean = running_mean ? check_operand(op, "a running mean", x, *running_mean, channels) : Tensor();
  const Tensor old_var = running_var ? check_operand(op, "a running variance", x, *running_var, channels) : Tensor();
  if (mean) check_result(op, x, *mean, channels);
  if (rstd) check_result(op, x, *rstd, channels);
  make_or_check(op, out, x.dtype, x.shape);
  if (x.numel == 0) {
    fill_if(mean, 0);
    fill_if(rstd, 0);
    return;
  }
  const Tensor from = contiguous(x);
  const Parameters parameters(x.dtype, channels);
  const Doubles means(training ? planes.parts() : 1), m2s(training ? planes.parts() : 1);
  if (training) measure(slots.moments, planes, planes.all(), from, means, m2s);
  with_floats(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const Tensor new_mean = training && running_mean ? empty(x.dtype, {channels}) : Tensor();
    const Tensor new_var = training && running_var ? empty(x.dtype, {channels}) : Tensor();
    for (int64_t c = 0; c < channels; ++c) {
      double centre, variance;
      if (training) {
        const Statistics s = merge(planes, means, m2s, c, 0, planes.blocks);
        centre = std::isnan(s.mean) ? plain_mean<T>(planes, from, c) : s.mean;
        variance = s.m2 / s.count;
        if (new_mean.storage) {
          new_mean.as<T>()[c] = static_cast<T>((1 - momentum) * old_mean.as<T>()[c] + momentum * centre);
        }
        if (new_var.storage) {
          const double unbiased = s.m2 / (s.count - 1);
          new_var.as<T>()[c] = static_cast<T>((1 - momentum) * old_var.as<T>()[c] + momentum * unbiased);
        }
      } else {
        centre = old_mean.as<T>()[c];
        variance = old_var.as<T>()[c];
      }
      const double inverse = 1 / std::sqrt(variance + eps);
      parameters.mean.as<T>()[c] = static_cast<T>(centre);
      parameters.scale.as<T>()[c] = static_cast<T>(inverse * value_or<T>(w, c, 1));
      parameters.shift.as<T>()[c] = value_or<T>(b, c, 0);
      if (mean) mean->as<T>()[c] = static_cast<T>(centre);
      if (rstd) rstd->as<T>()[c] = static_cast<T>(inverse);
    }
    if (new_mean.storage) copy_into(new_mean, *running_mean);
    if (new_var.storage) copy_into(new_var, *running_var);
  });
  Output y = Output::contiguous(out, {&from});
  apply(slots.affine, planes, planes.all(), parameters, from, nullptr, *y);
  y.commit();
}

void batch_norm_backward(const Tensor& g, const Tensor& x, const Tensor* weight, const Tensor& mean, const Tensor& rstd,
                         bool training, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias) {
  const char* const op = "batchNormBackward";
  const Slots slots = slots_for(op, x.dtype);
  const Planes planes = joined(planes_of(op, x));
  const int64_t channels = planes.channels;
  check_same_dtype(op, g, x);
  const Tensor grad = contiguous(g.shape == x.shape ? g : broadcast_to(g, x.shape)), from = contiguous(x);
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, channels) : Tensor();
  const Tensor centre = check_operand(op, "a mean", x, mean, channels);
  const Tensor inverse = check_operand(op, "an rstd", x, rstd, channels);
  if (dx) check_result(op, x, *dx, x.numel);
  if (dweight) check_result(op, x, *dweight, channels);
  if (dbias) check_result(op, x, *dbias, channels);
  if (x.numel == 0) {
    fill_if(dweight, 0);
    fill_if(dbias, 0);
    return;
  }
  Parameters parameters(x.dtype, channels);
  parameters.mean = centre;
  const bool sums = training || dweight || dbias;
  const Doubles sum(sums ? planes.parts() : 1), dots(sums ? planes.parts() : 1);
  if (sums) dot(slots.dots, planes, parameters, from, grad, sum, dots);
  with_floats(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const double count = static_cast<double>(planes.samples) * static_cast<double>(planes.inner);
    for (int64_t c = 0; c < channels; ++c) {
      double total = 0, product = 0;
      for (int64_t block = 0; sums && block < planes.blocks; ++block) {
        for (int64_t k = 0; k < planes.chunks; ++k) {
          total += sum[planes.part(block, c, k)];
          product += dots[planes.part(block, c, k)];
        }
      }
      const double r = inverse.as<T>()[c], scale = r * value_or<T>(w, c, 1);
      if (dweight) dweight->as<T>()[c] = static_cast<T>(product * r);
      if (dbias) dbias->as<T>()[c] = static_cast<T>(total);
      parameters.scale.as<T>()[c] = static_cast<T>(scale);
      parameters.slope.as<T>()[c] = static_cast<T>(-scale * r * r * product / count);
      parameters.shift.as<T>()[c] = static_cast<T>(training ? -scale * total / count : 0);
    }
  });
  if (!dx) return;
  if (training) return apply(slots.gradient, planes, planes.all(), parameters, from, &grad, *dx);
  // Constant statistics: g times the scale. x is not read, so that its infinities do not spread.
  parameters.mean = empty(x.dtype, {channels});
  fill(parameters.mean, 0);
  apply(slots.affine, planes, planes.all(), parameters, grad, nullptr, *dx);
}

namespace {

// x [samples, groups * channels, ...]: every group of a sample is one run.
Planes groups_of(const char* op, const Planes& planes, int64_t groups) {
  if (groups < 1 || planes.channels % groups != 0) {
    throw Error("BAD_ARGUMENT", std::string(op) + ": a number of groups that divides the " +
                                    std::to_string(planes.channels) + " channels was expected, got " +
                                    std::to_string(groups));
  }
  return Planes(planes.samples * groups, 1, planes.channels / groups * planes.inner);
}

// Every channel of every sample has parameters of its own.
Planes separate(const Planes& planes) { return Planes(1, planes.samples * planes.channels, planes.inner); }

}  // namespace

void group_norm(const Tensor& x, int64_t groups, const Tensor* weight, const Tensor* bias, double eps,
                OptionalTarget mean, OptionalTarget rstd, Out out) {
  const char* const op = "groupNorm";
  const Slots slots = slots_for(op, x.dtype);
  const Planes whole = planes_of(op, x), runs = groups_of(op, whole, groups), planes = separate(whole);
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, whole.channels) : Tensor();
  const Tensor b = bias ? check_operand(op, "a bias", x, *bias, whole.channels) : Tensor();
  if (mean) check_result(op, x, *mean, runs.samples);
  if (rstd) check_result(op, x, *rstd, runs.samples);
  make_or_check(op, out, x.dtype, x.shape);
  if (x.numel == 0) {
    fill_if(mean, 0);
    fill_if(rstd, 0);
    return;
  }
  const Tensor from = contiguous(x);
  const Parameters parameters(x.dtype, planes.channels);
  const Doubles means(runs.parts()), m2s(runs.parts());
  const int64_t per_group = whole.channels / groups;
  Output y = Output::contiguous(out, {&from});
  // As many runs at a time as stay in L2 between the two passes, beside the next that the second pass fetches.
  const int64_t run_bytes = per_group * whole.inner * static_cast<int64_t>(item_size(x.dtype));
  const int64_t fitting = num_threads() * (cache_sizes().l2 / 4 / run_bytes);
  const int64_t together = fitting == 0 || planes.by_rows ? runs.samples : fitting;
  for (int64_t first = 0; first < runs.samples; first += together) {
    const int64_t end = std::min(first + together, runs.samples);
    measure(slots.moments, runs, {first, end}, from, means, m2s);
    with_floats(x.dtype, [&](auto zero) {
      using T = decltype(zero);
      for (int64_t r = first; r < end; ++r) {
        const Statistics s = merge(runs, means, m2s, 0, r, r + 1);
        const double inverse = 1 / std::sqrt(s.m2 / s.count + eps);
        if (mean) mean->as<T>()[r] = static_cast<T>(s.mean);
        if (rstd) rstd->as<T>()[r] = static_cast<T>(inverse);
        for (int64_t i = r * per_group; i < (r + 1) * per_group; ++i) {
          parameters.mean.as<T>()[i] = static_cast<T>(s.mean);
          parameters.scale.as<T>()[i] = static_cast<T>(inverse * value_or<T>(w, i % whole.channels, 1));
          parameters.shift.as<T>()[i] = value_or<T>(b, i % whole.channels, 0);
        }
      }
    });
    apply(slots.affine, planes, {first * per_group, end * per_group}, parameters, from, nullptr, *y,
          end == runs.samples ? 0 : together * per_group * whole.inner);
  }
  y.commit();
}

void group_norm_backward(const Tensor& g, const Tensor& x, int64_t groups, const Tensor* weight, const Tensor& mean,
                         const Tensor& rstd, OptionalTarget dx, OptionalTarget dweight, OptionalTarget dbias) {
  const char* const op = "groupNormBackward";
  const Slots slots = slots_for(op, x.dtype);
  const Planes whole = planes_of(op, x), runs = groups_of(op, whole, groups), planes = separate(whole);
  const int64_t channels = whole.channels, per_group = channels / groups;
  check_same_dtype(op, g, x);
  const Tensor grad = contiguous(g.shape == x.shape ? g : broadcast_to(g, x.shape)), from = contiguous(x);
  const Tensor w = weight ? check_operand(op, "a weight", x, *weight, channels) : Tensor();
  const Tensor centre = check_operand(op, "a mean", x, mean, runs.samples);
  const Tensor inverse = check_operand(op, "an rstd", x, rstd, runs.samples);
  if (dx) check_result(op, x, *dx, x.numel);
  if (dweight) check_result(op, x, *dweight, channels);
  if (dbias) check_result(op, x, *dbias, channels);
  if (x.numel == 0) {
    fill_if(dweight, 0);
    fill_if(dbias, 0);
    return;
  }
  const Parameters parameters(x.dtype, planes.channels);
  const Doubles sum(planes.parts()), dots(planes.parts());
  with_floats(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < planes.channels; ++i) parameters.mean.as<T>()[i] = centre.as<T>()[i / per_group];
    dot(slots.dots, planes, parameters, from, grad, sum, dots);
    std::vector<double> weights(static_cast<size_t>(channels)), biases(static_cast<size_t>(channels));
    const double count = static_cast<double>(per_group) * static_cast<double>(whole.inner);
    for (int64_t r = 0; r < runs.samples; ++r) {
      const double inv = inverse.as<T>()[r];
      double total = 0, product = 0;
      for (int64_t i = r * per_group; i < (r + 1) * per_group; ++i) {
        const int64_t c = i % channels;
        const double factor = value_or<T>(w, c, 1);
        double plane_sum = 0, plane_dot = 0;
        for (int64_t k = 0; k < planes.chunks; ++k) {
          plane_sum += sum[planes.part(0, i, k)];
          plane_dot += dots[planes.part(0, i, k)];
        }
        weights[static_cast<size_t>(c)] += plane_dot * inv;
        biases[static_cast<size_t>(c)] += plane_sum;
        total += plane_sum * factor;
        product += plane_dot * factor;
        parameters.scale.as<T>()[i] = static_cast<T>(inv * factor);
      }
      for (int64_t i = r * per_group; i < (r + 1) * per_group; ++i) {
        parameters.slope.as<T>()[i] = static_cast<T>(-inv * inv * inv * product / count);
        parameters.shift.as<T>()[i] = static_cast<T>(-inv * total / count);
      }
    }
    for (int64_t c = 0; c < channels; ++c) {
      if (dweight) dweight->as<T>()[c] = static_cast<T>(weights[static_cast<size_t>(c)]);
      if (dbias) dbias->as<T>()[c] = static_cast<T>(biases[static_cast<size_t>(c)]);
    }
  });
  if (dx) apply(slots.gradient, planes, planes.all(), parameters, from, &grad, *dx);
}

}  // namespace flambeau
