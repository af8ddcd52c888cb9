import { type TfTrial, tf } from './api.js';

const MILLION = 1 << 20;

function binary(op: 'add' | 'mul', n: number): TfTrial {
  return () => {
    const [a, b] = [tf.randomNormal([n]), tf.randomNormal([n])];
    return () => tf[op](a, b);
  };
}

function unary(op: 'exp' | 'tanh' | 'sigmoid' | 'relu'): TfTrial {
  return () => {
    const x = tf.randomNormal([MILLION]);
    return () => tf[op](x);
  };
}

export const trials: Readonly<Record<string, TfTrial>> = {
  'add 4 elements': binary('add', 4),
  'add 1M': binary('add', MILLION),
  'mul 1M': binary('mul', MILLION),
  'exp 1M': unary('exp'),
  'tanh 1M': unary('tanh'),
  'sigmoid 1M': unary('sigmoid'),
  'relu 1M': unary('relu'),
};
