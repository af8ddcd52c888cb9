import type { Graph, OrtTrial } from './graph.js';

/** As PyTorch exports nn.Linear over rows. */
const linear = (g: Graph, x: string, inputs: number, outputs: number): string =>
  g.op('Gemm', [x, g.weight(outputs, inputs), g.weight(outputs)], { transB: 1 });

/** The same over a tensor of more axes. */
const project = (g: Graph, x: string, inputs: number, outputs: number): string =>
  g.op('Add', [g.op('MatMul', [x, g.weight(inputs, outputs)]), g.weight(outputs)]);

function mlp784(batch: number): OrtTrial {
  return (g) => {
    const hidden = g.op('Relu', [linear(g, g.input(batch, 784), 784, 512)]);
    return linear(g, g.op('Relu', [linear(g, hidden, 512, 512)]), 512, 10);
  };
}

function conv(g: Graph, x: string, inputs: number, outputs: number, kernel: number, stride = 1): string {
  const padding = kernel >> 1;
  const convolved = g.op('Conv', [x, g.weight(outputs, inputs, kernel, kernel)], {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  });
  const [scale, shift, mean, variance] = [g.ones(outputs), g.weight(outputs), g.weight(outputs), g.ones(outputs)];
  return g.op('BatchNormalization', [convolved, scale, shift, mean, variance]);
}

function basicBlock(g: Graph, x: string, inputs: number, outputs: number, stride: number): string {
  const inner = g.op('Relu', [conv(g, x, inputs, outputs, 3, stride)]);
  const shortcut = stride === 1 && inputs === outputs ? x : conv(g, x, inputs, outputs, 1, stride);
  return g.op('Relu', [g.op('Add', [conv(g, inner, outputs, outputs, 3), shortcut])]);
}

const resnet18: OrtTrial = (g) => {
  const stem = g.op('Relu', [conv(g, g.input(1, 3, 224, 224), 3, 64, 7, 2)]);
  let x = g.op('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let width = 64;
  for (const [outputs, stride] of [
    [64, 1],
    [128, 2],
    [256, 2],
    [512, 2],
  ] as const) {
    x = basicBlock(g, basicBlock(g, x, width, outputs, stride), outputs, outputs, 1);
    width = outputs;
  }
  return linear(g, g.op('Flatten', [g.op('GlobalAveragePool', [x])]), 512, 1000);
};

const [WIDTH, HEADS, HIDDEN] = [384, 12, 1536];

const layerNorm = (g: Graph, x: string): string =>
  g.op('LayerNormalization', [x, g.ones(WIDTH), g.weight(WIDTH)], { axis: -1 });

/** Projections of the whole width; the op splits the heads. */
function attention(g: Graph, x: string): string {
  const operands = Array.from({ length: 3 }, () => project(g, x, WIDTH, WIDTH));
  return project(g, g.op('Attention', operands, { q_num_heads: HEADS, kv_num_heads: HEADS }), WIDTH, WIDTH);
}

function encoder(batch: number): OrtTrial {
  return (g) => {
    let x = g.input(batch, 128, WIDTH);
    for (let layer = 0; layer < 6; layer++) {
      x = layerNorm(g, g.op('Add', [x, attention(g, x)]));
      const hidden = g.op('Gelu', [project(g, x, WIDTH, HIDDEN)]);
      x = layerNorm(g, g.op('Add', [x, project(g, hidden, HIDDEN, WIDTH)]));
    }
    return x;
  };
}

export const trials: Readonly<Record<string, OrtTrial>> = {
  'MLP 10-50-2, batch 1': (g) => g.op('Sigmoid', [linear(g, g.op('Relu', [linear(g, g.input(1, 10), 10, 50)]), 50, 2)]),
  ...Object.fromEntries([1, 32, 256].map((batch) => [`MLP 784-512-512-10, batch ${batch}`, mlp784(batch)])),
  'ResNet-18, 1x3x224x224': resnet18,
  'encoder 6x384, 1x128': encoder(1),
  'encoder 6x384, 8x128': encoder(8),
};
