// The rows: one name for the same work in every peer. bench/peers/torch_peer.py has PyTorch's side under these names.
import { functional as F, matmul, nn, noGrad, optim, randn, type Tensor, tensor } from 'flambeau';

export interface Trial {
  readonly name: string;
  /** Makes the operands and returns the work that is timed. */
  readonly setup: () => () => void;
  /** Floating-point operations of one run, where the rate is of interest. */
  readonly flops?: number;
}

const tinyMlp = () => new nn.Sequential(new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2), new nn.Sigmoid());

function square(n: number): Trial {
  return {
    name: `gemm ${n}`,
    flops: 2 * n ** 3,
    setup: () => {
      const a = randn([n, n]);
      const b = randn([n, n]);
      return () => noGrad(() => matmul(a, b).dispose());
    },
  };
}

export const trials: readonly Trial[] = [
  {
    name: 'add, 4 elements',
    setup: () => {
      const a = tensor([1, 2, 3, 4]);
      const b = tensor([5, 6, 7, 8]);
      return () => void a.add(b);
    },
  },
  {
    name: 'MLP 10-50-2 forward, batch 1',
    setup: () => {
      const model = tinyMlp();
      const x = randn([1, 10]);
      return () => void noGrad(() => model(x));
    },
  },
  {
    name: 'MLP 10-50-2 training step, batch 8, SGD',
    setup: () => {
      const model = tinyMlp();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
      const x = randn([8, 10]);
      const target: Tensor = randn([8, 2]);
      return () => {
        optimizer.zeroGrad();
        F.mseLoss(model(x), target).backward();
        optimizer.step();
      };
    },
  },
  ...[64, 128, 256, 512, 1024].map(square),
];
