// ONNX graphs from code. What is used of the two packages is declared here: they are installed beside this folder only
// when the peers are measured, and types are checked without them.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface OrtTensor {
  readonly dims: readonly number[];
}
interface Session {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
}
interface Ort {
  readonly env: { readonly versions: { readonly node?: string } };
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
}
export const ort: Ort = require('onnxruntime-node');

const { onnx }: { onnx: { ModelProto: { encode(model: object): { finish(): Uint8Array } } } } = require('onnx-proto');

const OPSET = 23;
const FLOAT = 1;
const INT64 = 7;
type Attribute = number | string | { readonly float: number } | readonly number[];

/** Standard normal values, by Box and Muller's method. */
function normals(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return radius * Math.cos(2 * Math.PI * Math.random());
  });
}

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function attribute(name: string, value: Attribute): object {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') return { name, type: 2, i: value };
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: value };
}

const valueInfo = (name: string, shape?: readonly number[]): object => ({
  name,
  type: { tensorType: { elemType: FLOAT, ...(shape && { shape: { dim: shape.map((n) => ({ dimValue: n })) } }) } },
});

/** Values are named by what makes them; `op` gives the name of a node's first output. */
export class Graph {
  readonly feeds: Record<string, OrtTensor> = {};
  readonly #nodes: object[] = [];
  readonly #weights: object[] = [];
  readonly #inputs: object[] = [];
  #names = 0;

  #name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }

  /** An input of random values. */
  input(...shape: number[]): string {
    const name = this.#name();
    this.#inputs.push(valueInfo(name, shape));
    this.feeds[name] = new ort.Tensor('float32', normals(elements(shape)), shape);
    return name;
  }

  /** A constant of random values, small enough to keep deep networks finite. */
  weight(...shape: number[]): string {
    const fanIn = Math.max(1, elements(shape) / (shape[0] ?? 1));
    const values = normals(elements(shape)).map((value) => value / Math.sqrt(fanIn));
    return this.#constant(FLOAT, shape, new Uint8Array(values.buffer));
  }

  ones(size: number): string {
    return this.#constant(FLOAT, [size], new Uint8Array(new Float32Array(size).fill(1).buffer));
  }

  scalar(value: number): string {
    return this.#constant(FLOAT, [], new Uint8Array(Float32Array.of(value).buffer));
  }

  integers(...values: number[]): string {
    return this.#constant(INT64, [values.length], new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
  }

  #constant(dataType: number, dims: readonly number[], rawData: Uint8Array): string {
    const name = this.#name();
    this.#weights.push({ name, dims, dataType, rawData });
    return name;
  }

  /** An empty name stands for an optional input that is left out. */
  op(opType: string, input: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = this.#name();
    const listed = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    this.#nodes.push({ opType, name: output, input, output: [output], attribute: listed });
    return output;
  }

  model(...outputs: string[]): Uint8Array {
    const graph = {
      name: 'bench',
      node: this.#nodes,
      initializer: this.#weights,
      input: this.#inputs,
      output: outputs.map((name) => valueInfo(name)),
    };
    return onnx.ModelProto.encode({ irVersion: 10, opsetImport: [{ domain: '', version: OPSET }], graph }).finish();
  }
}

/** A row: adds its nodes and gives the outputs' names. */
export type OrtTrial = (graph: Graph) => string | string[];
