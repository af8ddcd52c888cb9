import { checkDense, checkPaddingIdx, type EmbeddingOptions, embedding } from '../../ops/nn/embedding.js';
import { rawSlice } from '../../ops/shape/layout.js';
import { rawFill } from '../../raw/copy.js';
import { refuseSurplus } from '../../tensor/arguments.js';
import { type FloatingDType, isFloating } from '../../tensor/dtype.js';
import { fail } from '../../tensor/errors.js';
import { checkNumber, checkOptions } from '../../tensor/options.js';
import { pythonFloat } from '../../tensor/python.js';
import { sameShape, showShape } from '../../tensor/shape.js';
import { checkTensor, type Tensor } from '../../tensor/tensor.js';
import { normal_ } from '../init/init.js';
import { Module } from '../module/module.js';
import { newParameter, Parameter } from '../module/parameter.js';
import { declareSettings } from '../module/settings.js';
import { markBuiltIn } from '../module/state.js';
import type { Maps, WIDTHS } from '../module/widths.js';
import { checkParameterDType, checkWidth } from './linear.js';

export interface EmbeddingModuleOptions extends Readonly<EmbeddingOptions> {
  readonly dtype?: FloatingDType;
  /** The rows themselves, [numEmbeddings, embeddingDim], which the table shares; none are drawn then. */
  readonly _weight?: Tensor | null;
  /** Whether the rows stay as they are; default false. */
  readonly _freeze?: boolean;
}

export interface PretrainedOptions extends Readonly<EmbeddingOptions> {
  /** Whether the rows stay as they are; default true. */
  readonly freeze?: boolean;
}

const OPTIONS = ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'] as const;

/**
 * A table of vectors that are looked up by index.
 *
 * Shapes: [...] of int64 or int32 → [..., embeddingDim]; weight [numEmbeddings, embeddingDim]. Initialisation: N(0, 1),
 * the row of paddingIdx 0.
 *
 * @example
 * const table = new nn.Embedding(10, 3);
 * table(tensor([[1, 2, 4]], { dtype: 'int64' })).shape; // [1, 3, 3]
 */
export class Embedding<const O extends number = number> extends Module {
  declare readonly [WIDTHS]: Maps<number, O>;
  readonly numEmbeddings: number;
  readonly embeddingDim: O;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: O, options: EmbeddingModuleOptions = {}) {
    if (arguments.length > 3) refuseSurplus('Embedding', arguments, 3);
    super();
    const {
      paddingIdx,
      maxNorm = null,
      normType = 2,
      scaleGradByFreq = false,
      sparse,
      dtype,
      _weight = null,
      _freeze = false,
    } = checkOptions('Embedding', options, [...OPTIONS, 'dtype', '_weight', '_freeze']);
    checkWidth('Embedding', 'numEmbeddings', numEmbeddings);
    checkWidth('Embedding', 'embeddingDim', embeddingDim);
    checkDense('Embedding', sparse);
    const kind = checkParameterDType('Embedding', dtype);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = checkPaddingIdx('Embedding', paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm === null ? null : checkNumber('Embedding', 'maxNorm', maxNorm);
    this.normType = checkNumber('Embedding', 'normType', normType);
    this.scaleGradByFreq = scaleGradByFreq;
    if (_weight === null) {
      this.weight = newParameter([numEmbeddings, embeddingDim], kind);
      this.resetParameters();
      this.weight.requiresGrad = !_freeze;
    } else {
      this.weight = new Parameter(checkRows(this, _weight, dtype), { requiresGrad: !_freeze });
    }
  }

  /**
   * A table of these rows, [numEmbeddings, embeddingDim], which it shares; frozen unless `freeze` is false.
   *
   * @example
   * const table = nn.Embedding.fromPretrained(tensor([[1, 2.3, 3], [4, 5.1, 6.3]]));
   * table(tensor([1], { dtype: 'int64' })).shape; // [1, 3]
   */
  static fromPretrained(embeddings: Tensor, options: PretrainedOptions = {}): Embedding {
    if (arguments.length > 2) refuseSurplus('Embedding.fromPretrained', arguments, 2);
    const { freeze = true, ...rest } = checkOptions('Embedding.fromPretrained', options, [...OPTIONS, 'freeze']);
    checkTensor('Embedding.fromPretrained', embeddings, 'embeddings');
    if (embeddings._shape.length !== 2) {
      fail(
        'SHAPE_MISMATCH',
        `Embedding.fromPretrained: Embeddings parameter is expected to be 2-dimensional, got ${showShape(embeddings._shape)}`,
      );
    }
    const [rows, width] = embeddings._shape as unknown as [number, number];
    return new Embedding(rows, width, { ...rest, _weight: embeddings, _freeze: freeze });
  }

  /** Draws the rows anew, and makes that of paddingIdx 0. */
  resetParameters(): void {
    if (arguments.length > 0) refuseSurplus('resetParameters', arguments, 0);
    normal_(this.weight);
    if (this.paddingIdx !== null) rawFill(rawSlice(this.weight, 0, this.paddingIdx, 1), 0);
  }

  override forward(input: Tensor): Tensor {
    if (arguments.length > 1) refuseSurplus('Embedding.forward', arguments, 1);
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(input, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    if (this.maxNorm !== null) parts.push(`max_norm=${pythonFloat(this.maxNorm)}`);
    if (this.normType !== 2) parts.push(`norm_type=${pythonFloat(this.normType)}`);
    if (this.scaleGradByFreq) parts.push('scale_grad_by_freq=True');
    return parts.join(', ');
  }
}

/** Refuses rows that are not such a table's. */
function checkRows(table: Embedding, rows: unknown, dtype: FloatingDType | undefined): Tensor {
  const { _shape: shape, dtype: own } = checkTensor('Embedding', rows, '_weight');
  if (!sameShape(shape, [table.numEmbeddings, table.embeddingDim])) {
    fail(
      'SHAPE_MISMATCH',
      `Embedding: Shape of weight does not match num_embeddings and embedding_dim, [${table.numEmbeddings}, ` +
        `${table.embeddingDim}], got ${showShape(shape)}`,
    );
  }
  if (!isFloating(own) || (dtype ?? own) !== own) {
    fail('DTYPE_MISMATCH', `Embedding: rows of ${dtype ?? 'a floating dtype'} were expected, got ${own}`);
  }
  return rows as Tensor;
}

declareSettings(Embedding, {
  numEmbeddings: 'number',
  embeddingDim: 'number',
  paddingIdx: 'number?',
  maxNorm: 'number?',
  normType: 'number',
  scaleGradByFreq: 'flag',
});
markBuiltIn(Embedding);
