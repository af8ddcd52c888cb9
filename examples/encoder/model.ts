import { nn } from 'flambeau';

export interface EncoderSize {
  readonly dModel: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly layers: number;
}

/** 10.6 million parameters, 2.9 GFLOP for 128 tokens. */
export const MINI_LM: EncoderSize = { dModel: 384, heads: 12, feedForward: 1536, layers: 6 };

/** A transformer encoder for inference, [batch, tokens, dModel] → the same; its parameters have PyTorch's names. */
export function encoder({ dModel, heads, feedForward, layers }: EncoderSize): nn.TransformerEncoder {
  const layer = new nn.TransformerEncoderLayer(dModel, heads, {
    dimFeedforward: feedForward,
    activation: 'gelu',
    batchFirst: true,
  });
  return new nn.TransformerEncoder(layer, layers).eval();
}
