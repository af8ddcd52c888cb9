// A six-layer encoder: `npx tsx examples/encoder/main.ts [weights.safetensors]`. The weights are those of PyTorch's
// nn.TransformerEncoder under its names; without a file they are drawn from a seed, the same numbers as in PyTorch.
import { loadSafetensors, manualSeed, noGrad, randn } from 'flambeau';
import { encoder, MINI_LM } from './model.js';

const TOKENS = 128;
const ROUNDS = 10;

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

export function main(weights?: string): void {
  manualSeed(0);
  const model = encoder(MINI_LM);
  if (weights !== undefined) model.loadStateDict(loadSafetensors(weights));
  for (const batch of [1, 8]) {
    const x = randn([batch, TOKENS, MINI_LM.dModel]);
    const times = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      noGrad(() => model(x)).dispose();
      return performance.now() - start;
    });
    console.log(`${batch} × ${TOKENS} tokens: ${median(times).toFixed(1)} ms`);
  }
}

if (process.argv[1]?.endsWith('main.ts')) main(process.argv[2]);
