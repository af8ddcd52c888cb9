import { loadAddon } from './loader.js';

/**
 * The one typed view of the addon (native/ops has the other side of what computes, a family a
 * file, and native/binding/exports.h of the rest). Shapes, strides and axes are passed
 * through the scratch array given to `configure`; tensors are handles: integers that name a live native tensor.
 */
export type Handle = number;

/** A generator, opaque; freed when the value is collected. */
export type GeneratorHandle = { readonly generator: unique symbol };

/** An object whose death frees the result, null for a result freed by `dispose` alone, or a tensor to write into. */
export type Out = object | null | Handle;

export interface Addon {
  configure(
    createError: (code: string, message: string) => Error,
    collect: ((major: boolean) => void) | null,
    scratch: Float64Array,
    sameScratch: Float64Array,
  ): void;
  kernelNames(family: KernelFamily): string[];
  /** The names of a list of native/ops/codes.h, in order. */
  codeNames(list: CodeList): string[];
  isa(): string;
  supportedIsas(): string[];
  getNumThreads(): number;
  setNumThreads(n: number): void;
  availableThreads(): number;
  availableBytes(): number;
  memory(counters: Float64Array): void;
  resetPeak(): void;
  releaseCache(): void;
  /** An exclusive lock on an open file, until it is closed: 1 when it was had, 0 when another has it, -1 where there is none. */
  lockFile(file: number): number;

  empty(dtype: number, rank: number, out: Out): Handle;
  full(dtype: number, rank: number, value: number, out: Out): Handle;
  from(dtype: number, rank: number, data: ArrayBufferView, out: Out): Handle;
  share(dtype: number, rank: number, data: ArrayBufferView, out: Out): Handle;
  arange(dtype: number, start: number, step: number, n: number, out: Out): Handle;
  /** scratch holds the shape, then the strides. */
  view(x: Handle, rank: number, offset: number, out: Out): Handle;
  dispose(x: Handle): void;
  read(x: Handle, target: ArrayBufferView): void;
  /** Leaves the sizes in scratch and returns the rank. */
  shape(x: Handle): number;
  /** Part of a contiguous tensor's memory, from byte `begin`; a bool's bytes become 0 and 1. */
  readBytes(x: Handle, begin: number, target: Uint8Array): void;
  writeBytes(x: Handle, begin: number, source: Uint8Array): void;
  item(x: Handle): number;
  itemBigInt(x: Handle): bigint;

  unary(kernel: number, x: Handle, p0: number, p1: number, out: Out): Handle;
  predicate(kernel: number, x: Handle, out: Out): Handle;
  binary(kernel: number, a: Handle, b: Handle, p0: number, p1: number, out: Out): Handle;
  binaryScalar(kernel: number, x: Handle, scalar: number, reversed: boolean, p0: number, out: Out): Handle;
  compare(kernel: number, a: Handle, b: Handle, out: Out): Handle;
  compareScalar(kernel: number, x: Handle, scalar: number, out: Out): Handle;
  where(cond: Handle, a: Handle, b: Handle, out: Out): Handle;
  cast(x: Handle, dtype: number, out: Out): Handle;
  copy(source: Handle, target: Handle): void;
  fill(target: Handle, value: number): void;
  reduce(kernel: number, x: Handle, axes: number, keepdim: boolean, out: Out): Handle;
  /** float64 for any x. */
  squaredDeviations(x: Handle, axes: number, keepdim: boolean, out: Out): Handle;
  argReduce(kernel: number, x: Handle, axis: number, keepdim: boolean, out: Out): Handle;
  scan(kernel: number, x: Handle, axis: number, out: Out): Handle;
  softmax(kernel: number, x: Handle, axis: number, out: Out): Handle;
  softmaxBackward(kernel: number, g: Handle, y: Handle, axis: number, out: Out): Handle;
  /** `bias` 0 for none; `activation` and the other codes are of native/ops/codes.h. */
  matmul(a: Handle, b: Handle, bias: Handle, activation: number, out: Out): Handle;
  /** As matmul with the weight [out, in] transposed. */
  linear(x: Handle, weight: Handle, bias: Handle, activation: number, out: Out): Handle;
  /** x float32 [m, in], weight int8 [out, in], scales float32 [] or [out], `bias` 0 for none. */
  linearInt8(x: Handle, weight: Handle, scales: Handle, bias: Handle, reduceRange: boolean, out: Out): Handle;

  /** scratch holds stride y x, padding y x, dilation y x, groups, size y x; `bias` 0 for none. */
  // scale and residual may be 0, as bias may.
  conv(x: Handle, weight: Handle, bias: Handle, scale: Handle, residual: Handle, activation: number, out: Out): Handle;
  convInput(
    grad: Handle,
    weight: Handle,
    bias: Handle,
    scale: Handle,
    residual: Handle,
    activation: number,
    out: Out,
  ): Handle;
  convWeight(x: Handle, grad: Handle, out: Out): Handle;
  /** scratch holds the same, then the kernel's `kernelAxes` sizes, then the image's. */
  unfold(x: Handle, kernelAxes: number, out: Out): Handle;
  fold(columns: Handle, kernelAxes: number, imageAxes: number, out: Out): Handle;

  /** `mask` and `lse` 0 for none; out and lse are written into. */
  attention(
    q: Handle,
    k: Handle,
    v: Handle,
    mask: Handle,
    scale: number,
    causal: boolean,
    out: Handle,
    lse: Handle,
  ): void;
  /** dq, dk and dv are written into. */
  attentionBackward(
    g: Handle,
    q: Handle,
    k: Handle,
    v: Handle,
    mask: Handle,
    out: Handle,
    lse: Handle,
    scale: number,
    causal: boolean,
    dq: Handle,
    dk: Handle,
    dv: Handle,
  ): void;

  /** 0 for what the cell does not have; gates, output, cells and raw are written into. */
  recurrent(
    cell: number,
    reverse: boolean,
    gates: Handle,
    weight: Handle,
    bias: Handle,
    hidden: Handle,
    cellState: Handle,
    projection: Handle,
    output: Handle,
    cells: Handle,
    raw: Handle,
  ): void;
  recurrentBackward(
    cell: number,
    reverse: boolean,
    gates: Handle,
    weight: Handle,
    bias: Handle,
    hidden: Handle,
    cellState: Handle,
    projection: Handle,
    output: Handle,
    cells: Handle,
    raw: Handle,
    outputGrad: Handle,
    hiddenGrad: Handle,
    cellStateGrad: Handle,
    gatesResult: Handle,
    recurrentResult: Handle,
    hiddenResult: Handle,
    cellStateResult: Handle,
    projectedResult: Handle,
  ): void;

  indexSelect(x: Handle, axis: number, index: Handle, out: Out): Handle;
  embedding(weight: Handle, index: Handle, out: Out): Handle;
  indexAdd(target: Handle, axis: number, index: Handle, source: Handle): void;
  gather(x: Handle, axis: number, index: Handle, out: Out): Handle;
  scatter(target: Handle, axis: number, index: Handle, source: Handle): void;
  scatterAdd(target: Handle, axis: number, index: Handle, source: Handle): void;
  concat(handles: Float64Array, axis: number, out: Out): Handle;
  triangle(x: Handle, diagonal: number, upper: boolean, out: Out): Handle;
  /** These return the first result's handle and leave the second's in scratch[0]. */
  sort(x: Handle, axis: number, descending: boolean, values: Out, indices: Out): Handle;
  topk(x: Handle, axis: number, k: number, largest: boolean, values: Out, indices: Out): Handle;
  nll(x: Handle, target: Handle, weight: Handle, ignoreIndex: number, losses: Out, weights: Out): Handle;
  /** `stats` is for crossEntropyBackward. */
  crossEntropy(
    x: Handle,
    target: Handle,
    weight: Handle,
    ignoreIndex: number,
    smoothing: number,
    reduction: number,
    loss: Out,
    stats: Out,
  ): Handle;
  nonzero(x: Handle, out: Out): Handle;
  flip(x: Handle, axes: number, out: Out): Handle;
  nllBackward(g: Handle, target: Handle, weights: Handle, classes: number, ignoreIndex: number, out: Out): Handle;
  crossEntropyBackward(
    g: Handle,
    x: Handle,
    target: Handle,
    weight: Handle,
    stats: Handle,
    ignoreIndex: number,
    smoothing: number,
    out: Out,
  ): Handle;

  /** Here and below: 0 for a weight, bias, statistic or gradient that is not there. */
  rowNorm(
    kind: number,
    x: Handle,
    weight: Handle,
    bias: Handle,
    axes: number,
    eps: number,
    mean: Handle,
    rstd: Handle,
    out: Out,
  ): Handle;
  rowNormBackward(
    kind: number,
    g: Handle,
    x: Handle,
    weight: Handle,
    mean: Handle,
    rstd: Handle,
    axes: number,
    dx: Handle,
    dweight: Handle,
    dbias: Handle,
  ): void;
  batchNorm(
    x: Handle,
    weight: Handle,
    bias: Handle,
    runningMean: Handle,
    runningVar: Handle,
    training: boolean,
    momentum: number,
    eps: number,
    mean: Handle,
    rstd: Handle,
    out: Out,
  ): Handle;
  batchNormBackward(
    g: Handle,
    x: Handle,
    weight: Handle,
    mean: Handle,
    rstd: Handle,
    training: boolean,
    dx: Handle,
    dweight: Handle,
    dbias: Handle,
  ): void;
  groupNorm(
    x: Handle,
    groups: number,
    weight: Handle,
    bias: Handle,
    eps: number,
    mean: Handle,
    rstd: Handle,
    out: Out,
  ): Handle;
  groupNormBackward(
    g: Handle,
    x: Handle,
    groups: number,
    weight: Handle,
    mean: Handle,
    rstd: Handle,
    dx: Handle,
    dweight: Handle,
    dbias: Handle,
  ): void;
  /** The windows of pooling are in scratch: PoolArgs of native/ops/parameters.h. */
  maxPool(x: Handle, indices: Handle, out: Out): Handle;
  maxPoolBackward(g: Handle, indices: Handle, out: Out): Handle;
  avgPool(x: Handle, out: Out): Handle;
  avgPoolBackward(g: Handle, out: Out): Handle;

  createGenerator(): GeneratorHandle;
  seedGenerator(generator: GeneratorHandle, seed: bigint): void;
  copyGenerator(source: GeneratorHandle, target: GeneratorHandle): void;
  seedOf(generator: GeneratorHandle): bigint;
  sample(generator: GeneratorHandle, distribution: number, x: Handle, a: number, b: number): void;
  randomFromTo(generator: GeneratorHandle, x: Handle, low: number, high: number): void;
  randomFull(generator: GeneratorHandle, x: Handle): void;
  randperm(generator: GeneratorHandle, x: Handle): void;
  bernoulli(generator: GeneratorHandle, x: Handle, p: number, value: number): void;
  bernoulliTensor(generator: GeneratorHandle, x: Handle, p: Handle): void;
  multinomial(generator: GeneratorHandle, p: Handle, samples: number, out: Out): Handle;

  /** Numbers in the order of the list `sgd`, then handles: one of each kind for every parameter, 0 for no buffer. */
  sgd(settings: Float64Array, params: Float64Array, grads: Float64Array, buffers: Float64Array): void;
  adam(
    settings: Float64Array,
    params: Float64Array,
    grads: Float64Array,
    expAvgs: Float64Array,
    expAvgSqs: Float64Array,
    maxExpAvgSqs: Float64Array,
  ): void;
}

/** The lists of native/ops/codes.h. */
export type CodeList =
  | 'dtype'
  | 'activation'
  | 'recurrentCell'
  | 'lossReduction'
  | 'rowNorm'
  | 'distribution'
  | 'sgd'
  | 'adam';

export type KernelFamily =
  | 'unary'
  | 'predicate'
  | 'binary'
  | 'compare'
  | 'reduce'
  | 'argReduce'
  | 'scan'
  | 'softmax'
  | 'softmaxBackward';

export const addon = loadAddon() as Addon;
