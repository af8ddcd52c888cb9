// What follows the matrix products in one step of a recurrent layer, for `rows` sequences and `units` of each one's
// `width` units; pointers are to the first of them. Every array is contiguous: [rows, width], gates and what belongs to
// them [rows, gates · width].
#pragma once

#include "../dtype.h"

namespace flambeau {

enum class RecurrentCell : uint8_t { lstm, gru, rnn_tanh, rnn_relu };
inline constexpr int kRecurrentCells = 4;

struct RecurrentStep {
  int64_t rows, width, units;
  void* gates;            // the sums, replaced by the activated gates
  const void* recurrent;  // GRU: the sums over the hidden state
  const void* hidden_before;
  const void* cell_before;
  void* cell;  // LSTM: the cell; GRU: what the reset gate multiplies
  void* hidden;
};

struct RecurrentGradients {
  int64_t rows, width, units;
  const void* gates;  // as forward left them; RNN: the hidden state
  const void* hidden_before;
  const void *cell_before, *cell;
  void* dhidden;
  void* dcell;  // in: of the cell, from the step after; out: of the cell before
  void* dgates;
  void* drecurrent;
};

struct RecurrentKernel {
  void (*forward)(const RecurrentStep& step);
  void (*backward)(const RecurrentGradients& step);
};

struct RecurrentTable {
  RecurrentKernel recurrent[kDTypeCount][kRecurrentCells];  // FLOATS
};

}  // namespace flambeau
