// What is used of TensorFlow.js, which is installed beside this folder only when the peers are measured.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface TfTensor {
  dispose(): void;
}
export interface TfModel {
  predict(x: TfTensor): TfTensor;
}
interface Tf {
  readonly version: { readonly tfjs: string };
  readonly layers: { dense(options: { units: number; activation?: string; inputShape?: number[] }): object };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<R>(work: () => R): R;
  randomNormal(shape: readonly number[]): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  exp(x: TfTensor): TfTensor;
  tanh(x: TfTensor): TfTensor;
  sigmoid(x: TfTensor): TfTensor;
  relu(x: TfTensor): TfTensor;
  sum(x: TfTensor): TfTensor;
  softmax(x: TfTensor): TfTensor;
  sequential(options: { layers: readonly object[] }): TfModel;
}
export const tf: Tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');

/** Makes the operands and returns the timed work, whose result the runner disposes of. */
export type TfTrial = () => () => TfTensor;
