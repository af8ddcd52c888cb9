// ResNet-18: npx tsx examples/resnet18/main.ts [weights.safetensors] [--batch N] [--threads N]
//
// Loads weights under PyTorch's names (those of torchvision's resnet18, saved with safetensors), or draws them from a
// seed; scores a picture drawn here, and times the model.
import { parseArgs } from 'node:util';
import { getNumThreads, loadSafetensors, manualSeed, noGrad, setNumThreads, type Tensor, tensor } from 'flambeau';
import { ResNet18 } from './model.js';

const SIZE = 224;
// What torchvision's weights expect of the three colours.
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/** A disc of one colour before another, as [1, 3, 224, 224]. */
function drawPicture(disc: readonly number[], background: readonly number[]): Tensor {
  const pixels = new Float32Array(3 * SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const colour = Math.hypot(x - SIZE / 2, y - SIZE / 2) < SIZE / 3 ? disc : background;
      for (let c = 0; c < 3; c++) pixels[(c * SIZE + y) * SIZE + x] = (colour[c]! - MEAN[c]!) / STD[c]!;
    }
  }
  return tensor(pixels).reshape(1, 3, SIZE, SIZE);
}

function showScores(model: ResNet18, picture: Tensor): void {
  const scores = noGrad(() => model(picture).softmax(-1));
  const [values, classes] = scores.topk(5);
  const [top] = values.toArray() as number[][];
  const [names] = classes.toArray() as number[][];
  top!.forEach((p, i) => void console.log(`  class ${names![i]}: ${(100 * p).toFixed(2)}%`));
}

/** Milliseconds of one run, the median of several. */
function time(work: () => void, runs = 15): number {
  for (let i = 0; i < 3; i++) work();
  const times = Array.from({ length: runs }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  });
  return times.sort((a, b) => a - b)[runs >> 1]!;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { batch: { type: 'string', default: '1' }, threads: { type: 'string' } },
});
if (values.threads !== undefined) setNumThreads(Number(values.threads));
manualSeed(0);
const model = new ResNet18().eval();
const [weights] = positionals;
if (weights !== undefined) model.loadStateDict(loadSafetensors(weights));

const parameters = [...model.parameters()].reduce((n, p) => n + p.numel, 0);
console.log(`ResNet-18, ${(parameters / 1e6).toFixed(1)} million parameters, ${weights ?? 'weights of seed 0'}`);
const picture = drawPicture([0.9, 0.5, 0.1], [0.2, 0.4, 0.8]);
showScores(model, picture);

const batch = picture.expand(Number(values.batch), 3, SIZE, SIZE).contiguous();
const ms = time(() => noGrad(() => model(batch).dispose()));
const gflop = 3.63 * Number(values.batch);
console.log(
  `batch ${values.batch}, ${getNumThreads()} threads: ${ms.toFixed(1)} ms, ${((1e3 * gflop) / ms).toFixed(0)} GFLOP/s`,
);
