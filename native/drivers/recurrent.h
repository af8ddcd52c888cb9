// One layer of a recurrent network in one direction, over all steps.
#pragma once

#include "../kernels/table.h"
#include "../tensor/tensor.h"

namespace flambeau {

// G gates of width H; the state that is handed on has P features, H unless `projection` [P, H] makes them. All tensors
// have the same dtype and are contiguous; a null pointer is one that the cell does not have.
struct Recurrence {
  RecurrentCell cell;
  bool reverse;  // from the last step to the first
  // [T, B, G·H]. In: the input's part of the gates with its bias (LSTM and RNN: with that of the state too). Out, and
  // for backward: the activated gates; an RNN's are not read again.
  const Tensor* gates;
  const Tensor* weight;      // [G·H, P]
  const Tensor* bias;        // GRU: [3·H], of the state's part
  const Tensor* hidden;      // [B, P], before the first step
  const Tensor* cell_state;  // LSTM: [B, H], before the first step
  const Tensor* projection;
  const Tensor* output;  // [T, B, P]
  const Tensor* cells;   // LSTM: the cell [T, B, H]; GRU: what the reset gate multiplied
  const Tensor* raw;     // with a projection: the state before it, [T, B, H]
};

// Fills output, cells and raw.
void recurrent(const Recurrence& r);

// Gradients of a recurrence whose forward is done. Incoming ones may be null: zeros.
struct RecurrenceGradients {
  const Tensor* output;            // [T, B, P]
  const Tensor* hidden;            // [B, P], of the last state
  const Tensor* cell_state;        // [B, H], of the last cell
  const Tensor* gates;             // out: [T, B, G·H], of the input's part of the gates
  const Tensor* recurrent;         // out, GRU: [T, B, 3·H], of the state's part
  const Tensor* first_hidden;      // out: [B, P]
  const Tensor* first_cell_state;  // out, LSTM: [B, H]
  const Tensor* projected;         // out, with a projection: [T, B, P], of each state
};
void recurrent_backward(const Recurrence& r, const RecurrenceGradients& g);

}  // namespace flambeau
