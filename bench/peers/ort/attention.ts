import type { OrtTrial } from './graph.js';

function attention(length: number, causal: boolean): OrtTrial {
  return (g) => {
    const operands = Array.from({ length: 3 }, () => g.input(1, 12, length, 64));
    return g.op('Attention', operands, causal ? { is_causal: 1 } : {});
  };
}

export const trials: Readonly<Record<string, OrtTrial>> = Object.fromEntries(
  [64, 128, 256, 512, 1024, 2048].flatMap((length) => [
    [`attention 12x${length}x64`, attention(length, false)],
    [`attention 12x${length}x64 causal`, attention(length, true)],
  ]),
);
