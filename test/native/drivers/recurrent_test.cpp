// Recurrent layers against the cells' formulas in double precision, step by step; their gradients against central
// differences of that; the promise that the number of threads changes no bit; and what is refused.
//
// Largest error allowed, relative above 1 and absolute below: 2e-6 for f32 and 1e-13 for f64; of gradients 1e-5 and, as
// the differences err themselves, 1e-7.
#include <cmath>
#include <vector>

#include "../reference.h"
#include "native/drivers/recurrent.h"
#include "native/parallel/thread_pool.h"

using namespace flambeau;

namespace {

struct Case {
  RecurrentCell cell;
  bool reverse;
  int64_t steps, rows, width;
};

int gates_of(RecurrentCell cell) { return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1; }

Tensor random_tensor(DType dtype, const Dims& shape) {
  const Tensor x = empty(dtype, shape);
  for (int64_t i = 0; i < x.numel; ++i) check::set(x, i, static_cast<double>(check::random_bits() % 2001) / 1000 - 1);
  return x;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// All states [T, B, H]; sums are the gates' input parts.
std::vector<double> reference(const Case& c, const std::vector<double>& sums, const Tensor& weight, const Tensor& bias,
                              const std::vector<double>& first, const Tensor& first_cell) {
  const int64_t h = c.width, g = gates_of(c.cell) * h;
  std::vector<double> out(static_cast<size_t>(c.steps * c.rows * h)), state = first;
  std::vector<double> cell = check::values(first_cell), part(static_cast<size_t>(g));
  for (int64_t i = 0; i < c.steps; ++i) {
    const int64_t t = c.reverse ? c.steps - 1 - i : i;
    for (int64_t b = 0; b < c.rows; ++b) {
      double* const s = &state[static_cast<size_t>(b * h)];
      const double* const x = &sums[static_cast<size_t>((t * c.rows + b) * g)];
      for (int64_t j = 0; j < g; ++j) {
        double sum = c.cell == RecurrentCell::gru ? check::get(bias, j) : 0;
        for (int64_t k = 0; k < h; ++k) sum += check::get(weight, j * h + k) * s[k];
        part[static_cast<size_t>(j)] = sum;
      }
      const auto total = [&](int64_t j) { return x[j] + part[static_cast<size_t>(j)]; };
      for (int64_t j = 0; j < h; ++j) {
        switch (c.cell) {
          case RecurrentCell::lstm: {
            double& memory = cell[static_cast<size_t>(b * h + j)];
            memory = sigmoid(total(h + j)) * memory + sigmoid(total(j)) * std::tanh(total(2 * h + j));
            s[j] = sigmoid(total(3 * h + j)) * std::tanh(memory);
            break;
          }
          case RecurrentCell::gru: {
            const double candidate = std::tanh(x[2 * h + j] + sigmoid(total(j)) * part[static_cast<size_t>(2 * h + j)]);
            const double update = sigmoid(total(h + j));
            s[j] = (1 - update) * candidate + update * s[j];
            break;
          }
          case RecurrentCell::rnn_tanh:
            s[j] = std::tanh(total(j));
            break;
          case RecurrentCell::rnn_relu:
            s[j] = std::fmax(total(j), 0.0);
            break;
        }
        out[static_cast<size_t>((t * c.rows + b) * h + j)] = s[j];
      }
    }
  }
  return out;
}

void compare(DType dtype, const Case& c) {
  const int64_t g = gates_of(c.cell) * c.width;
  const bool lstm = c.cell == RecurrentCell::lstm, gru = c.cell == RecurrentCell::gru;
  const Dims gates{c.steps, c.rows, g}, states{c.steps, c.rows, c.width}, one{c.rows, c.width};
  const Tensor sums = random_tensor(dtype, gates), weight = random_tensor(dtype, {g, c.width});
  const Tensor bias = random_tensor(dtype, {g}), first = random_tensor(dtype, one), cell = random_tensor(dtype, one);
  const Tensor slope = random_tensor(dtype, states);
  for (int64_t i = 0; i < weight.numel; ++i) check::set(weight, i, check::get(weight, i) / std::sqrt(c.width));
  const std::vector<double> x = check::values(sums), h0 = check::values(first), dy = check::values(slope);
  const std::vector<double> want = reference(c, x, weight, bias, h0, cell);
  const std::string what = std::string(dtype_name(dtype)) + " cell " + std::to_string(static_cast<int>(c.cell)) + " " +
                           to_string(states) + (c.reverse ? " reverse" : "");
  std::vector<std::vector<double>> results;
  for (int threads : {1, 2, 5}) {
    set_num_threads(threads);
    Tensor activated = empty(dtype, gates), output = empty(dtype, states), cells = empty(dtype, states);
    copy_into(sums, activated);
    Tensor* const kept = lstm || gru ? &cells : nullptr;
    recurrent(c.cell, c.reverse, activated, weight, gru ? &bias : nullptr, first, lstm ? &cell : nullptr, nullptr,
              output, kept, nullptr);
    check::expect_tensor(output, dtype, states, want, "states " + what, dtype == DType::f32 ? 2e-6 : 1e-13);
    Tensor dgates = empty(dtype, gates), drecurrent = empty(dtype, gates), dfirst = empty(dtype, one);
    Tensor dcell = empty(dtype, one);
    recurrent_backward(c.cell, c.reverse, activated, weight, gru ? &bias : nullptr, first, lstm ? &cell : nullptr,
                       nullptr, output, kept, nullptr, &slope, nullptr, nullptr, dgates, gru ? &drecurrent : nullptr,
                       dfirst, lstm ? &dcell : nullptr, nullptr);
    std::vector<double> all = check::values(output);
    for (const Tensor* t : {&dgates, &dfirst}) {
      for (double value : check::values(*t)) all.push_back(value);
    }
    results.push_back(all);
    check::expect(results.back() == results.front(), "threads do not change " + what);
    if (threads > 1) continue;
    const auto loss = [&](const std::vector<double>& inputs, const std::vector<double>& start) {
      const std::vector<double> y = reference(c, inputs, weight, bias, start, cell);
      double total = 0;
      for (size_t i = 0; i < y.size(); ++i) total += y[i] * dy[i];
      return total;
    };
    const double step = 1e-5, tolerance = dtype == DType::f32 ? 1e-5 : 1e-7;
    for (int probe = 0; probe < 12; ++probe) {
      const int64_t at = static_cast<int64_t>(check::random_bits()) % sums.numel;
      const int64_t start = static_cast<int64_t>(check::random_bits()) % first.numel;
      std::vector<double> above = x, below = x, high = h0, low = h0;
      above[static_cast<size_t>(at)] += step, below[static_cast<size_t>(at)] -= step;
      high[static_cast<size_t>(start)] += step, low[static_cast<size_t>(start)] -= step;
      const double by_gate = (loss(above, h0) - loss(below, h0)) / (2 * step);
      const double by_state = (loss(x, high) - loss(x, low)) / (2 * step);
      check::expect(std::fabs(by_gate - check::get(dgates, at)) <= tolerance * std::fmax(1, std::fabs(by_gate)),
                    "gradient of the gates, " + what);
      check::expect(std::fabs(by_state - check::get(dfirst, start)) <= tolerance * std::fmax(1, std::fabs(by_state)),
                    "gradient of the first state, " + what);
    }
  }
}

void refusals() {
  Tensor gates = random_tensor(DType::f32, {2, 3, 8}), output = random_tensor(DType::f32, {2, 3, 2});
  Tensor first = random_tensor(DType::f32, {3, 2}), whole = check::make(DType::i32, {2, 3, 8});
  const Tensor weight = random_tensor(DType::f32, {8, 2});
  const Tensor narrow = random_tensor(DType::f32, {8, 3}), wide = random_tensor(DType::f64, {8, 2});
  const auto refuse = [&](const char* code, const char* fragment, Tensor& sums, const Tensor& by, const Tensor* cell,
                          Tensor& states) {
    check::expect_error(code, fragment, [&] {
      recurrent(RecurrentCell::lstm, false, sums, by, nullptr, first, cell, nullptr, states, &output, nullptr);
    });
  };
  refuse("SHAPE_MISMATCH", "state", gates, narrow, &first, output);
  refuse("DTYPE_MISMATCH", "one dtype", gates, wide, &first, output);
  refuse("BAD_ARGUMENT", "cell is missing", gates, weight, nullptr, output);
  refuse("SHAPE_MISMATCH", "output", gates, weight, &first, first);
  refuse("DTYPE_MISMATCH", "int32", whole, weight, &first, output);
}

}  // namespace

int main() {
  return check::run("recurrent", [] {
    for (DType dtype : {DType::f32, DType::f64}) {
      for (const Case& c :
           {Case{RecurrentCell::lstm, false, 5, 1, 37}, Case{RecurrentCell::lstm, true, 3, 7, 20},
            Case{RecurrentCell::lstm, false, 2, 4, 160}, Case{RecurrentCell::gru, false, 5, 1, 37},
            Case{RecurrentCell::gru, true, 3, 6, 16}, Case{RecurrentCell::gru, false, 2, 3, 130},
            // Long enough for the weight to be turned.
            Case{RecurrentCell::lstm, false, 64, 1, 150}, Case{RecurrentCell::gru, true, 70, 3, 133},
            Case{RecurrentCell::rnn_tanh, false, 64, 2, 5}, Case{RecurrentCell::rnn_tanh, false, 4, 2, 9},
            Case{RecurrentCell::rnn_relu, true, 4, 5, 33}}) {
        compare(dtype, c);
      }
    }
    refusals();
  });
}
