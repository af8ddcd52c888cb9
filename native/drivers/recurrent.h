// One layer of a recurrent network in one direction, over all steps.
#pragma once

#include "../kernels/recurrent.h"
#include "../tensor/written.h"

namespace flambeau {

// G gates of width H; the state that is handed on has P features, H unless `projection` [P, H] makes them. All tensors
// have the same dtype and are contiguous; a null pointer is one that the cell does not have.
//   gates [T, B, G·H]       in: the input's part of the gates with its bias (LSTM and RNN: with that of the state too);
//                           out, and for backward: the activated gates. An RNN's are not read again.
//   weight [G·H, P]         of the state's part; bias [3·H] of it, GRU alone
//   hidden [B, P]           before the first step; of an LSTM cell_state [B, H] too
//   output [T, B, P]
//   cells [T, B, H]         LSTM: the cell; GRU: what the reset gate multiplied
//   raw [T, B, H]           with a projection: the state before it
// `reverse` goes from the last step to the first.
void recurrent(RecurrentCell cell, bool reverse, Target gates, const Tensor& weight, const Tensor* bias,
               const Tensor& hidden, const Tensor* cell_state, const Tensor* projection, Target output,
               OptionalTarget cells, OptionalTarget raw);

// Of a recurrence whose forward is done. Incoming gradients, of the output, the last state and the last cell, may be
// null: zeros. The results: of the input's part of the gates; of the state's part, [T, B, 3·H], GRU alone; of the first
// state and cell; with a projection, of each state [T, B, P].
void recurrent_backward(RecurrentCell cell, bool reverse, const Tensor& gates, const Tensor& weight, const Tensor* bias,
                        const Tensor& hidden, const Tensor* cell_state, const Tensor* projection, const Tensor& output,
                        const Tensor* cells, const Tensor* raw, const Tensor* doutput, const Tensor* dhidden,
                        const Tensor* dcell_state, Target dgates, OptionalTarget drecurrent, Target dfirst_hidden,
                        OptionalTarget dfirst_cell_state, OptionalTarget dprojected);

}  // namespace flambeau
