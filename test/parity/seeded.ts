import { autograd, manualSeed, type nn, Tensor } from '../../lib/index.js';

// Rows about layers: both sides make the layer from the same seed, so that its parameters are equal, and compare its
// outputs and the gradients of its parameters.

const SEED = 3;

/** Python: the outputs of the layer that `make` makes, as `call` calls it `m`, and its parameters' gradients. */
export function seededTorch(make: string, call: string): string {
  const gradients =
    'list(torch.autograd.grad(sum(x.square().sum() for x in y), list(m.parameters()), retain_graph=True))';
  return `(lambda m: (lambda y: y + ${gradients})(list(${call})))([torch.manual_seed(${SEED}), torch.nn.${make}.double()][1])`;
}

/** The same in ours. */
export function seeded<M extends nn.Module>(
  make: () => M,
  call: (m: M, inputs: Tensor[]) => readonly (Tensor | null)[],
): (inputs: Tensor[]) => Tensor[] {
  return (inputs) => {
    manualSeed(SEED);
    const m = make();
    m.to(inputs[0]!.dtype);
    const outputs = call(m, inputs).filter((y) => y instanceof Tensor);
    const total = outputs.map((y) => y.square().sum()).reduce((a, b) => a.add(b));
    return [...outputs, ...autograd.grad(total, [...m.parameters()], { retainGraph: true })];
  };
}
