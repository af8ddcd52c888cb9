import type { OrtTrial } from './graph.js';

const MILLION = 1 << 20;
const UNARY = { exp: 'Exp', log: 'Log', tanh: 'Tanh', erf: 'Erf', sigmoid: 'Sigmoid', gelu: 'Gelu', relu: 'Relu' };

const binary =
  (type: string, n: number): OrtTrial =>
  (g) =>
    g.op(type, [g.input(n), g.input(n)]);

export const trials: Readonly<Record<string, OrtTrial>> = {
  'add 4 elements': binary('Add', 4),
  'add 1M': binary('Add', MILLION),
  'mul 1M': binary('Mul', MILLION),
  ...Object.fromEntries(
    Object.entries(UNARY).map(([name, type]): [string, OrtTrial] => [
      `${name} 1M`,
      (g) => g.op(type, [g.input(MILLION)]),
    ]),
  ),
};
