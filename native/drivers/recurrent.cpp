#include "recurrent.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>

#include "../kernels/gemm.h"
#include "../kernels/recurrent.h"
#include "../parallel/team.h"
#include "../parallel/thread_pool.h"
#include "../tensor/integers.h"
#include "../tensor/output.h"
#include "../tensor/prepack.h"
#include "gemm/gemm.h"

namespace flambeau {
namespace {

constexpr const char* kOp = "recurrent";

int gate_count(RecurrentCell cell) { return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1; }

// The operands as both directions read them; forward writes to gates, output, cells and raw through its targets.
struct Recurrence {
  RecurrentCell cell;
  bool reverse;
  const Tensor *gates, *weight, *bias, *hidden, *cell_state, *projection, *output, *cells, *raw;
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
  if (!kernels<RecurrentTable>().recurrent[static_cast<int>(gates.dtype)][0].forward) throw_no_kernel(kOp, gates.dtype);
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

// From so many rows on, of all steps, panels of a weight that could be read in place repay their packing: tiles from
// there end in no sum across lanes.
constexpr int64_t kRowsToPack = 256;

// The product of each step's state [rows, k] with one matrix [k, n], whose panels are packed once.
class StepProduct {
 public:
  StepProduct(DType dtype, int64_t rows, int64_t n, int64_t k, MatrixView weight, int64_t steps)
      : dtype_(dtype), rows_(rows), n_(n), k_(k), weight_(weight) {
    options_.avoids_dots = rows > GemmKernel::kMaxRows && rows * steps >= kRowsToPack;
    if (steps < 2) return;
    if (!options_.avoids_dots && !gemm_packs_b(dtype, rows, n, k, {nullptr, k, 1}, weight)) return;
    panels_ = StorageRef(Storage::allocate(packed_gemm_b_bytes(dtype, n, k)));
    pack_gemm_b(dtype, n, k, weight, panels_->data());
    options_.packed_b = panels_->data();
  }

  void run(const void* state, void* out, bool accumulate, const Epilogue* epilogue) const {
    GemmOptions options = options_;
    options.accumulate = accumulate;
    gemm(dtype_, rows_, n_, k_, {state, k_, 1}, weight_, out, n_, epilogue, options);
  }

 private:
  DType dtype_;
  int64_t rows_, n_, k_;
  MatrixView weight_;
  StorageRef panels_;
  GemmOptions options_;
};

// A few sequences without projection: the weight is read in place, and a thread has some units with all that belongs to
// them, so that the threads meet once a step.
struct UnitParts {
  static constexpr int64_t kUnits = 16;                 // a cache line of float32: no two threads write to one
  static constexpr int64_t kBytesPerThread = 64 << 10;  // of the weight
  static constexpr int64_t kBlock = 128;

  const Sizes& s;
  int parts;

  static bool suffice(const Sizes& s, const Recurrence& r) { return s.rows <= GemmKernel::kMaxRows && !r.projection; }

  explicit UnitParts(const Sizes& sizes) : s(sizes) {
    const int64_t bytes = s.gates * s.features * static_cast<int64_t>(item_size(s.dtype));
    const int64_t most = std::min(
        {int64_t{num_threads()}, int64_t{Team::kMaxParts}, bytes / kBytesPerThread, ceil_div(s.width, kUnits)});
    parts = static_cast<int>(std::max<int64_t>(most, 1));
  }

  int64_t begin(int part) const { return std::min(ceil_div(s.width, kUnits) * part / parts * kUnits, s.width); }
  static int64_t blocks_of(int64_t units) { return ceil_div(units, kBlock); }
  int64_t units(int part) const { return begin(part + 1) - begin(part); }

  // The columns of a part's units in each of `gates` gates of state [rows, k] times weight [k, gates * width]. Phases
  // read the weight from either end in turn: of one about as large as the cache the part used last is then still there.
  void multiply(int64_t phase, int part, const void* state, int64_t k, int gates, MatrixView weight, void* out,
                bool accumulate, const Epilogue* epilogue, bool turned = false) const {
    const GemmKernel& kernel = kernels<GemmTable>().gemm[static_cast<int>(s.dtype)];
    const int64_t item = static_cast<int64_t>(item_size(s.dtype)), n = gates * s.width;
    const int64_t end = begin(part + 1), first = begin(part) / kBlock, blocks = blocks_of(end) - first;
    for (int64_t at = 0; at < gates * blocks; ++at) {
      const int64_t index = phase % 2 == 0 ? at : gates * blocks - 1 - at, gate = index / blocks;
      const int64_t block = first + index % blocks, unit = std::max(begin(part), block * kBlock);
      const int64_t width = std::min(end, (block + 1) * kBlock) - unit, j = gate * s.width + unit;
      Epilogue ending;
      if (epilogue) ending.row_bias = static_cast<const char*>(epilogue->row_bias) + j * item;
      const int64_t from =
          turned ? (gate * blocks_of(s.width) + block) * kBlock * k + unit % kBlock : j * weight.col_stride;
      const char* const columns = static_cast<const char*>(weight.data) + from * item;
      char* const to = static_cast<char*>(out) + j * item;
      const Epilogue* const last = epilogue ? &ending : nullptr;
      if (weight.row_stride == 1 && s.rows == 1) {
        kernel.vector_dots(1, width, k, state, k, columns, weight.col_stride, to, n, accumulate, last, Reach::l2);
      } else if (weight.row_stride == 1) {
        kernel.dots(s.rows, width, k, state, k, columns, weight.col_stride, to, n, accumulate, last);
      } else {
        kernel.rows(s.rows, width, k, state, k, 1, columns, weight.row_stride, to, n, accumulate, last, Reach::l2);
      }
    }
  }
};

// From so many steps on a weight is turned for a few sequences: that costs what so many steps gain.
constexpr int64_t kStepsToTurn = 64;

// The transpose of each gate's weight in blocks of columns, [gates][blocks][features][kBlock], kept beside a frozen
// weight. A step's product with it ends in no sum across lanes.
StorageRef turned(const Sizes& s, int gates, const Tensor& weight) {
  const int64_t blocks = UnitParts::blocks_of(s.width), size = UnitParts::kBlock * s.features;
  const size_t bytes = static_cast<size_t>(gates * blocks * size) * item_size(s.dtype);
  const auto turn = [&](void* to) {
    const GemmKernel& kernel = kernels<GemmTable>().gemm[static_cast<int>(s.dtype)];
    parallel_for(gates * blocks, 1 + kGrain / (1 + size), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t unit = i % blocks * UnitParts::kBlock, row = i / blocks * s.width + unit;
        kernel.columns(offset(weight.data(), row * s.features, s.dtype), s.features,
                       std::min(UnitParts::kBlock, s.width - unit), s.features, offset(to, i * size, s.dtype),
                       UnitParts::kBlock);
      }
    });
  };
  if (StorageRef kept = prepacked(weight, Derivation::recurrent_rows, 0, bytes, turn)) return kept;
  StorageRef made(Storage::allocate(bytes));
  turn(made->data());
  return made;
}

}  // namespace

void recurrent(RecurrentCell cell, bool reverse, Target gates, const Tensor& weight, const Tensor* bias,
               const Tensor& hidden, const Tensor* cell_state, const Tensor* projection, Target output,
               OptionalTarget cells, OptionalTarget raw) {
  const Recurrence r{cell, reverse, &*gates, &weight, bias, &hidden, cell_state, projection, &*output, cells, raw};
  const Sizes s = check(r);
  if (s.steps * s.rows == 0) return;
  const RecurrentKernel& kernel =
      kernels<RecurrentTable>().recurrent[static_cast<int>(s.dtype)][static_cast<int>(r.cell)];
  StorageRef sums;
  Epilogue adds_bias;
  if (r.cell == RecurrentCell::gru) {
    sums = StorageRef(Storage::allocate(static_cast<size_t>(s.rows * s.gates) * item_size(s.dtype)));
    adds_bias.row_bias = r.bias->data();
  }
  void* const separate = sums ? sums->data() : nullptr;
  const Epilogue* const ending = separate ? &adds_bias : nullptr;
  const auto time = [&](int64_t i) { return r.reverse ? s.steps - 1 - i : i; };
  const auto hidden_before = [&](int64_t i) -> const void* {
    return i == 0 ? r.hidden->data() : at(r.output, time(i - 1));
  };
  // The cells of `rows` sequences and `units` units at step i.
  const auto finish = [&](int64_t i, int64_t row, int64_t rows, int64_t unit, int64_t units) {
    const int64_t t = time(i);
    const void* const cell_before = r.cell != RecurrentCell::lstm ? nullptr
                                    : i == 0                      ? r.cell_state->data()
                                                                  : at(r.cells, time(i - 1));
    RecurrentStep step{};
    step.rows = rows;
    step.width = s.width;
    step.units = units;
    step.gates = offset(at(r.gates, t), row * s.gates + unit, s.dtype);
    step.recurrent = offset(separate, row * s.gates + unit, s.dtype);
    step.hidden_before = offset(hidden_before(i), row * s.features + unit, s.dtype);
    step.cell_before = offset(cell_before, row * s.width + unit, s.dtype);
    step.cell = offset(at(r.cells, t), row * s.width + unit, s.dtype);
    step.hidden = offset(at(r.projection ? r.raw : r.output, t), row * s.width + unit, s.dtype);
    kernel.forward(step);
  };
  MatrixView view = transposed(weight);
  if (UnitParts::suffice(s, r)) {
    const UnitParts parts(s);
    StorageRef columns;
    if (s.steps >= kStepsToTurn) {
      columns = turned(s, gate_count(r.cell), weight);
      view = {columns->data(), UnitParts::kBlock, 1};
    }
    Team::run(s.steps, parts.parts, [&](int64_t i, int part) {
      void* const to = separate ? separate : at(r.gates, time(i));
      parts.multiply(i, part, hidden_before(i), s.features, gate_count(r.cell), view, to, !separate, ending,
                     static_cast<bool>(columns));
      finish(i, 0, s.rows, parts.begin(part), parts.units(part));
    });
    return;
  }
  const StepProduct product(s.dtype, s.rows, s.gates, s.features, view, s.steps);
  std::unique_ptr<StepProduct> projected;
  if (projection) {
    projected.reset(new StepProduct(s.dtype, s.rows, s.features, s.width, transposed(*projection), s.steps));
  }
  for (int64_t i = 0; i < s.steps; ++i) {
    product.run(hidden_before(i), separate ? separate : at(r.gates, time(i)), !separate, ending);
    for_rows(s, [&](int64_t row, int64_t rows) { finish(i, row, rows, 0, s.width); });
    if (projected) projected->run(at(r.raw, time(i)), at(r.output, time(i)), false, nullptr);
  }
}

namespace {

void zero(void* x, int64_t elements, DType dtype) {
  std::memset(x, 0, static_cast<size_t>(elements) * item_size(dtype));
}

template <class T>
void add_rows(T* to, const T* from, int64_t rows, int64_t n, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row, to += stride, from += stride) {
    for (int64_t i = 0; i < n; ++i) to[i] += from[i];
  }
}

void add(void* to, const void* from, int64_t rows, int64_t n, int64_t stride, DType dtype) {
  if (dtype == DType::f32) add_rows(static_cast<float*>(to), static_cast<const float*>(from), rows, n, stride);
  else add_rows(static_cast<double*>(to), static_cast<const double*>(from), rows, n, stride);
}

// Incoming ones may be null: zeros.
struct Gradients {
  const Tensor *output, *hidden, *cell_state;
  Tensor *gates, *recurrent, *first_hidden, *first_cell_state, *projected;
};

void run_backward(const Recurrence& r, const Gradients& g) {
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

  const RecurrentKernel& kernel =
      kernels<RecurrentTable>().recurrent[static_cast<int>(s.dtype)][static_cast<int>(r.cell)];
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
  const auto time = [&](int64_t i) { return r.reverse ? s.steps - 1 - i : i; };
  // The gradients of the cells of `rows` sequences and `units` units at step i, from that of its state.
  const auto begin = [&](int64_t i, void* dout, int64_t row, int64_t rows, int64_t unit, int64_t units) {
    const int64_t t = time(i);
    const void* const hidden_before = i > 0 ? at(r.output, time(i - 1)) : r.hidden->data();
    const void* const cell_before = !is_lstm ? nullptr : i > 0 ? at(r.cells, time(i - 1)) : r.cell_state->data();
    const int64_t in_gates = row * s.gates + unit, in_cell = row * s.width + unit;
    RecurrentGradients step{};
    step.rows = rows;
    step.width = s.width;
    step.units = units;
    // An RNN's state tells all.
    step.gates = offset(gate_count(r.cell) > 1 ? at(r.gates, t) : at(r.output, t), in_gates, s.dtype);
    step.hidden_before = offset(hidden_before, row * s.features + unit, s.dtype);
    step.cell_before = offset(cell_before, in_cell, s.dtype);
    step.cell = offset(at(r.cells, t), in_cell, s.dtype);
    step.dhidden = offset(dout, in_cell, s.dtype);
    step.dcell = offset(dcell, in_cell, s.dtype);
    step.dgates = offset(at(g.gates, t), in_gates, s.dtype);
    step.drecurrent = offset(at(g.recurrent, t), in_gates, s.dtype);
    kernel.backward(step);
  };
  const auto gate_gradients = [&](int64_t i) { return at(is_gru ? g.recurrent : g.gates, time(i)); };
  const MatrixView weight = plain(*r.weight);
  if (UnitParts::suffice(s, r)) {
    const UnitParts parts(s);
    // A part's product of one step and its cells of the step before, which need no other's product, are one phase.
    Team::run(s.steps + 1, parts.parts, [&](int64_t phase, int part) {
      const int64_t i = s.steps - 1 - phase, unit = parts.begin(part), units = parts.units(part);
      if (phase > 0) parts.multiply(phase, part, gate_gradients(i + 1), s.gates, 1, weight, dhidden, is_gru, nullptr);
      if (i < 0) return;
      if (g.output) {
        add(offset(dhidden, unit, s.dtype), offset(at(g.output, time(i)), unit, s.dtype), s.rows, units, s.width,
            s.dtype);
      }
      begin(i, dhidden, 0, s.rows, unit, units);
    });
    return;
  }
  const StepProduct product(s.dtype, s.rows, s.features, s.gates, weight, s.steps);
  std::unique_ptr<StepProduct> projection;
  if (r.projection) {
    projection.reset(new StepProduct(s.dtype, s.rows, s.width, s.features, plain(*r.projection), s.steps));
  }
  for (int64_t i = s.steps - 1; i >= 0; --i) {
    if (g.output) add(dhidden, at(g.output, time(i)), 1, state, state, s.dtype);
    void* dout = dhidden;
    if (projection) {
      std::memcpy(at(g.projected, time(i)), dhidden, static_cast<size_t>(state) * item_size(s.dtype));
      projection->run(dhidden, raw->data(), false, nullptr);
      dout = raw->data();
    }
    for_rows(s, [&](int64_t row, int64_t rows) { begin(i, dout, row, rows, 0, s.width); });
    product.run(gate_gradients(i), dhidden, is_gru, nullptr);
  }
}

}  // namespace

void recurrent_backward(RecurrentCell cell, bool reverse, const Tensor& gates, const Tensor& weight, const Tensor* bias,
                        const Tensor& hidden, const Tensor* cell_state, const Tensor* projection, const Tensor& output,
                        const Tensor* cells, const Tensor* raw, const Tensor* doutput, const Tensor* dhidden,
                        const Tensor* dcell_state, Target dgates, OptionalTarget drecurrent, Target dfirst_hidden,
                        OptionalTarget dfirst_cell_state, OptionalTarget dprojected) {
  run_backward({cell, reverse, &gates, &weight, bias, &hidden, cell_state, projection, &output, cells, raw},
               {doutput, dhidden, dcell_state, &*dgates, drecurrent, &*dfirst_hidden, dfirst_cell_state, dprojected});
}

}  // namespace flambeau
