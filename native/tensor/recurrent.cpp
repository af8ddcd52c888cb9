#include "recurrent.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>

#include "cpu_relax.h"
#include "drivers.h"
#include "gemm.h"
#include "output.h"
#include "thread_pool.h"

namespace flambeau {
namespace {

constexpr const char* kOp = "recurrent";

int gate_count(RecurrentCell cell) { return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1; }

// Runs the parts of many steps, one step after the other, on the threads of one parallel loop: a wake-up for each step
// would cost more than the step. Parts are claimed, so that a thread that never comes, or comes late, is not waited
// for; each thread claims the same ones first, whose weights its cache then has.
class Team {
 public:
  // Calls step(0) .. step(steps - 1) on the caller; in them, share(parts, body) runs body(0) .. body(parts - 1).
  template <class Step>
  static void run(int64_t steps, int threads, Step&& step) {
    Team team(threads);
    if (threads <= 1) {
      for (int64_t i = 0; i < steps; ++i) step(i, team);
      return;
    }
    parallel_for(threads, 1, [&](int64_t begin, int64_t) {
      if (begin > 0) return team.help(static_cast<int>(begin));
      for (int64_t i = 0; i < steps; ++i) step(i, team);
      team.task_.store(kOver, std::memory_order_release);
    });
  }

  // parts <= kMaxParts, the same in every call.
  template <class Body>
  void share(int64_t parts, Body&& body) {
    if (threads_ <= 1) {
      // From either end in turn: of weights about as large as the cache the part used last is then still there.
      for (int64_t i = 0; i < parts; ++i) body(backwards_ ? parts - 1 - i : i);
      backwards_ = !backwards_;
      return;
    }
    if (parts_ != parts) parts_ = parts;
    body_ = [](void* context, int64_t part) { (*static_cast<std::remove_reference_t<Body>*>(context))(part); };
    context_ = const_cast<void*>(static_cast<const void*>(&body));
    const int64_t task = task_.load(std::memory_order_relaxed) + 1;
    task_.store(task, std::memory_order_release);
    work(0, task);
    for (int spins = 0; done_.load(std::memory_order_acquire) != task * parts; ++spins) relax(spins);
  }

  static constexpr int64_t kMaxParts = 64;

 private:
  static constexpr int64_t kOver = -1;

  explicit Team(int threads) : threads_(threads) {}

  static void relax(int spins) {
    if (spins % 1024 == 1023) std::this_thread::yield();
    else cpu_relax();
  }

  // A claimed part keeps its task open, and with it what the caller set for it.
  void work(int me, int64_t task) {
    const int64_t parts = parts_, first = parts * me / threads_;
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t part = (first + i) % parts;
      int64_t before = task - 1;
      if (!claimed_[part].compare_exchange_strong(before, task, std::memory_order_acq_rel)) continue;
      body_(context_, part);
      done_.fetch_add(1, std::memory_order_release);
    }
  }

  void help(int me) {
    int64_t seen = 0;
    for (int spins = 0;; ++spins) {
      const int64_t task = task_.load(std::memory_order_acquire);
      if (task == kOver) return;
      if (task == seen) {
        relax(spins);
        continue;
      }
      work(me, seen = task);
      spins = 0;
    }
  }

  int threads_;
  bool backwards_ = false;
  int64_t parts_ = 0;
  void (*body_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  alignas(64) std::atomic<int64_t> task_{0};
  alignas(64) std::atomic<int64_t> done_{0};
  alignas(64) std::atomic<int64_t> claimed_[kMaxParts] = {};
};

// The product of each step's state [rows, k] with one matrix [k, n]: in place and in parts for a few rows, else through
// panels that are packed once.
class StepProduct {
 public:
  StepProduct(DType dtype, int64_t rows, int64_t n, int64_t k, MatrixView weight, int64_t steps)
      : dtype_(dtype), rows_(rows), n_(n), k_(k), weight_(weight), by_dots_(weight.row_stride == 1) {
    if (rows <= GemmKernel::kMaxRows) {
      // A part is large enough for its product to outweigh being claimed, and small enough to leave one to each thread.
      const int64_t bytes = std::max<int64_t>(k * static_cast<int64_t>(item_size(dtype)), 1);
      const int64_t least = by_dots_ ? 16 : 128;
      block_ = std::max({least, kPartBytes / bytes, (n + Team::kMaxParts - 1) / Team::kMaxParts});
      parts_ = (n + block_ - 1) / block_;
      return;
    }
    if (steps < 2 || !gemm_packs_b(dtype, rows, n, k, {nullptr, k, 1}, weight)) return;
    panels_ = StorageRef(Storage::allocate(packed_gemm_b_bytes(dtype, n, k)));
    pack_gemm_b(dtype, n, k, weight, panels_->data());
    options_.packed_b = panels_->data();
  }

  // How many threads a team for it should have.
  int threads() const { return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(num_threads(), parts_))); }

  void run(Team& team, const void* state, void* out, bool accumulate, const Epilogue* epilogue) {
    if (parts_ > 0) {
      return team.share(parts_, [&](int64_t part) { run_part(part * block_, state, out, accumulate, epilogue); });
    }
    GemmOptions options = options_;
    options.accumulate = accumulate;
    gemm(dtype_, rows_, n_, k_, {state, k_, 1}, weight_, out, n_, epilogue, options);
  }

 private:
  static constexpr int64_t kPartBytes = 64 * 1024;

  void run_part(int64_t j, const void* state, void* out, bool accumulate, const Epilogue* epilogue) const {
    const GemmKernel& kernel = kernels().gemm[static_cast<int>(dtype_)];
    const int64_t item = static_cast<int64_t>(item_size(dtype_)), width = std::min(block_, n_ - j);
    Epilogue part;
    if (epilogue) {
      part = *epilogue;
      if (part.row_bias) part.row_bias = static_cast<const char*>(part.row_bias) + j * item;
    }
    const Epilogue* const ending = epilogue ? &part : nullptr;
    const char* const columns = static_cast<const char*>(weight_.data) + j * weight_.col_stride * item;
    char* const to = static_cast<char*>(out) + j * item;
    if (by_dots_)
      kernel.dots(rows_, width, k_, state, k_, columns, weight_.col_stride, to, n_, accumulate, ending, Reach::l2);
    else
      kernel.rows(rows_, width, k_, state, k_, 1, columns, weight_.row_stride, to, n_, accumulate, ending, Reach::l2);
  }

  DType dtype_;
  int64_t rows_, n_, k_;
  MatrixView weight_;
  bool by_dots_;
  int64_t block_ = 0, parts_ = 0;
  StorageRef panels_;
  GemmOptions options_;
};

struct Sizes {
  int64_t steps, rows, width, gates, features;  // gates: G·H
  DType dtype;
};

void check_shape(const Sizes& sizes, const Tensor* x, std::initializer_list<int64_t> shape, const char* name) {
  if (!x) throw Error("BAD_ARGUMENT", std::string(kOp) + ": " + name + " is missing");
  if (x->dtype != sizes.dtype)
    throw Error("DTYPE_MISMATCH", std::string(kOp) + ": operands of one dtype were expected");
  const Dims expected(shape);
  if (!(x->shape == expected) || !x->is_contiguous()) {
    throw Error("SHAPE_MISMATCH", std::string(kOp) + ": a contiguous " + name + " of shape " + to_string(expected) +
                                      " was expected, got " + to_string(x->shape));
  }
}

Sizes check(const Recurrence& r) {
  const Tensor& gates = *r.gates;
  if (!kernels().recurrent[static_cast<int>(gates.dtype)][0].forward) throw_no_kernel(kOp, gates.dtype);
  const int count = gate_count(r.cell);
  if (gates.rank() != 3 || gates.shape[2] % count != 0 || !r.weight || r.weight->rank() != 2) {
    throw Error("SHAPE_MISMATCH",
                std::string(kOp) + ": gates [T, B, G·H] were expected, got " + to_string(gates.shape));
  }
  Sizes s{gates.shape[0], gates.shape[1], gates.shape[2] / count, gates.shape[2], r.weight->shape[1], gates.dtype};
  check_shape(s, r.gates, {s.steps, s.rows, s.gates}, "gates");
  check_shape(s, r.weight, {s.gates, s.features}, "weight");
  check_shape(s, r.hidden, {s.rows, s.features}, "state");
  check_shape(s, r.output, {s.steps, s.rows, s.features}, "output");
  if (r.cell == RecurrentCell::lstm) check_shape(s, r.cell_state, {s.rows, s.width}, "cell");
  if (r.cell == RecurrentCell::gru) check_shape(s, r.bias, {s.gates}, "bias");
  if (gate_count(r.cell) > 1) check_shape(s, r.cells, {s.steps, s.rows, s.width}, "cells");
  if (r.projection) {
    check_shape(s, r.projection, {s.features, s.width}, "projection");
    check_shape(s, r.raw, {s.steps, s.rows, s.width}, "raw states");
  } else if (s.features != s.width) {
    throw Error("SHAPE_MISMATCH", std::string(kOp) + ": a weight of " + std::to_string(s.width) +
                                      " columns was expected, got " + to_string(r.weight->shape));
  }
  return s;
}

// Step `t` of [T, B, n].
char* at(const Tensor* x, int64_t t) {
  return x ? x->data() + t * x->shape[1] * x->shape[2] * static_cast<int64_t>(item_size(x->dtype)) : nullptr;
}

char* offset(const void* x, int64_t elements, DType dtype) {
  return x ? static_cast<char*>(const_cast<void*>(x)) + elements * static_cast<int64_t>(item_size(dtype)) : nullptr;
}

// Elements of a step's gates for which a thread is worth waking.
constexpr int64_t kGrain = 16 * 1024;

// Runs body(first, count) over the sequences of the batch.
template <class Body>
void for_rows(const Sizes& s, Body&& body) {
  parallel_for(s.rows, 1 + kGrain / (1 + s.gates), [&](int64_t begin, int64_t end) { body(begin, end - begin); });
}

MatrixView transposed(const Tensor& weight) { return {weight.data(), 1, weight.shape[1]}; }
MatrixView plain(const Tensor& weight) { return {weight.data(), weight.shape[1], 1}; }

}  // namespace

void recurrent(const Recurrence& r) {
  const Sizes s = check(r);
  if (s.steps * s.rows == 0) return;
  const RecurrentKernel& kernel = kernels().recurrent[static_cast<int>(s.dtype)][static_cast<int>(r.cell)];
  StepProduct product(s.dtype, s.rows, s.gates, s.features, transposed(*r.weight), s.steps);
  StorageRef sums;
  Epilogue bias;
  if (r.cell == RecurrentCell::gru) {
    sums = StorageRef(Storage::allocate(static_cast<size_t>(s.rows * s.gates) * item_size(s.dtype)));
    bias.row_bias = r.bias->data();
  }
  void* const separate = sums ? sums->data() : nullptr;
  const void* hidden = r.hidden->data();
  const void* cell = r.cell_state ? r.cell_state->data() : nullptr;
  std::unique_ptr<StepProduct> projection;
  if (r.projection) {
    projection.reset(new StepProduct(s.dtype, s.rows, s.features, s.width, transposed(*r.projection), s.steps));
  }
  Team::run(s.steps, projection ? 1 : product.threads(), [&](int64_t i, Team& team) {
    const int64_t t = r.reverse ? s.steps - 1 - i : i;
    char* const gates = at(r.gates, t);
    product.run(team, hidden, separate ? separate : gates, !separate, separate ? &bias : nullptr);
    char* const out = r.projection ? at(r.raw, t) : at(r.output, t);
    for_rows(s, [&](int64_t first, int64_t count) {
      RecurrentStep step{};
      step.rows = count;
      step.width = s.width;
      step.gates = offset(gates, first * s.gates, s.dtype);
      step.recurrent = offset(separate, first * s.gates, s.dtype);
      step.hidden_before = offset(hidden, first * s.features, s.dtype);
      step.cell_before = offset(cell, first * s.width, s.dtype);
      step.cell = offset(at(r.cells, t), first * s.width, s.dtype);
      step.hidden = offset(out, first * s.width, s.dtype);
      kernel.forward(step);
    });
    if (projection) projection->run(team, out, at(r.output, t), false, nullptr);
    hidden = at(r.output, t);
    if (r.cell == RecurrentCell::lstm) cell = at(r.cells, t);
  });
}

namespace {

void zero(void* x, int64_t elements, DType dtype) {
  std::memset(x, 0, static_cast<size_t>(elements) * item_size(dtype));
}

template <class T>
void add_rows(T* to, const T* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += from[i];
}

void add(void* to, const void* from, int64_t n, DType dtype) {
  if (dtype == DType::f32) add_rows(static_cast<float*>(to), static_cast<const float*>(from), n);
  else add_rows(static_cast<double*>(to), static_cast<const double*>(from), n);
}

}  // namespace

void recurrent_backward(const Recurrence& r, const RecurrenceGradients& g) {
  const Sizes s = check(r);
  const bool is_lstm = r.cell == RecurrentCell::lstm, is_gru = r.cell == RecurrentCell::gru;
  if (g.output) check_shape(s, g.output, {s.steps, s.rows, s.features}, "gradient of the output");
  if (g.hidden) check_shape(s, g.hidden, {s.rows, s.features}, "gradient of the state");
  if (g.cell_state) check_shape(s, g.cell_state, {s.rows, s.width}, "gradient of the cell");
  check_shape(s, g.gates, {s.steps, s.rows, s.gates}, "gradient of the gates");
  check_shape(s, g.first_hidden, {s.rows, s.features}, "gradient of the first state");
  if (is_gru) check_shape(s, g.recurrent, {s.steps, s.rows, s.gates}, "gradient of the recurrent gates");
  if (is_lstm) check_shape(s, g.first_cell_state, {s.rows, s.width}, "gradient of the first cell");
  if (r.projection) check_shape(s, g.projected, {s.steps, s.rows, s.features}, "gradient of the states");

  const RecurrentKernel& kernel = kernels().recurrent[static_cast<int>(s.dtype)][static_cast<int>(r.cell)];
  const int64_t state = s.rows * s.features, cells = s.rows * s.width;
  // The gradient of the state that the step at hand returned, and of what the cell made of it.
  void* const dhidden = g.first_hidden->data();
  void* const dcell = is_lstm ? g.first_cell_state->data() : nullptr;
  if (g.hidden) std::memcpy(dhidden, g.hidden->data(), static_cast<size_t>(state) * item_size(s.dtype));
  else zero(dhidden, state, s.dtype);
  if (dcell && g.cell_state) {
    std::memcpy(dcell, g.cell_state->data(), static_cast<size_t>(cells) * item_size(s.dtype));
  } else if (dcell) {
    zero(dcell, cells, s.dtype);
  }
  if (s.steps * s.rows == 0) return;
  StorageRef raw;
  if (r.projection) raw = StorageRef(Storage::allocate(static_cast<size_t>(cells) * item_size(s.dtype)));
  StepProduct product(s.dtype, s.rows, s.features, s.gates, plain(*r.weight), s.steps);
  std::unique_ptr<StepProduct> projection;
  if (r.projection) {
    projection.reset(new StepProduct(s.dtype, s.rows, s.width, s.features, plain(*r.projection), s.steps));
  }
  Team::run(s.steps, projection ? 1 : product.threads(), [&](int64_t done, Team& team) {
    const int64_t i = s.steps - 1 - done;
    const int64_t t = r.reverse ? s.steps - 1 - i : i, before = r.reverse ? t + 1 : t - 1;
    if (g.output) add(dhidden, at(g.output, t), state, s.dtype);
    void* dout = dhidden;
    if (projection) {
      std::memcpy(at(g.projected, t), dhidden, static_cast<size_t>(state) * item_size(s.dtype));
      projection->run(team, dhidden, raw->data(), false, nullptr);
      dout = raw->data();
    }
    const void* const hidden_before = i > 0 ? at(r.output, before) : r.hidden->data();
    const void* const cell_before = !is_lstm ? nullptr : i > 0 ? at(r.cells, before) : r.cell_state->data();
    // An RNN's state tells all.
    const void* const gates = gate_count(r.cell) > 1 ? at(r.gates, t) : at(r.output, t);
    for_rows(s, [&](int64_t first, int64_t count) {
      RecurrentGradients step{};
      step.rows = count;
      step.width = s.width;
      step.gates = offset(gates, first * s.gates, s.dtype);
      step.hidden_before = offset(hidden_before, first * s.features, s.dtype);
      step.cell_before = offset(cell_before, first * s.width, s.dtype);
      step.cell = offset(at(r.cells, t), first * s.width, s.dtype);
      step.dhidden = offset(dout, first * s.width, s.dtype);
      step.dcell = offset(dcell, first * s.width, s.dtype);
      step.dgates = offset(at(g.gates, t), first * s.gates, s.dtype);
      step.drecurrent = offset(at(g.recurrent, t), first * s.gates, s.dtype);
      kernel.backward(step);
    });
    product.run(team, is_gru ? at(g.recurrent, t) : at(g.gates, t), dhidden, is_gru, nullptr);
  });
}

}  // namespace flambeau
