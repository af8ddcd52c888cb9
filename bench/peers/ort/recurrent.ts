import type { OrtTrial } from './graph.js';

/** ONNX's weights have a leading axis of directions; both biases lie in one row. */
function recurrent(type: 'LSTM' | 'GRU', gates: number, batch: number): OrtTrial {
  return (g) => {
    const x = g.input(64, batch, 128);
    const weights = [g.weight(1, gates * 256, 128), g.weight(1, gates * 256, 256), g.weight(1, 2 * gates * 256)];
    // PyTorch's GRU applies the reset gate after the recurrent product.
    return g.op(type, [x, ...weights], { hidden_size: 256, ...(type === 'GRU' && { linear_before_reset: 1 }) });
  };
}

export const trials: Readonly<Record<string, OrtTrial>> = Object.fromEntries(
  [1, 32].flatMap((batch) => [
    [`LSTM 128-256, 64 steps, batch ${batch}`, recurrent('LSTM', 4, batch)],
    [`GRU 128-256, 64 steps, batch ${batch}`, recurrent('GRU', 3, batch)],
  ]),
);
