import type { Module } from './module.js';

// Feature widths at compile time. A layer that changes the width says so in its type, one that keeps it too; of any
// other nothing is known, and everything fits.

/**
 * Key of a layer's widths in its type; no instance has the property. A module of one's own may declare it.
 *
 * @example
 * class Block extends nn.Module {
 *   declare readonly [nn.WIDTHS]: nn.Maps<64, 32>;
 * }
 */
export const WIDTHS: unique symbol = Symbol('flambeau.widths');

/** A layer that takes I features and gives O; a plain `number` is known at run time only. */
export type Maps<I, O> = readonly [I, O];
/** A layer that gives as many features as it takes. */
export type Keeps = 'keeps';

type WidthsOf<M> = M extends { readonly [WIDTHS]: infer Widths } ? Widths : unknown;

type Fits<Width, Input> = [Width] extends [Input]
  ? true
  : [number] extends [Width]
    ? true
    : [number] extends [Input]
      ? true
      : false;

/** The layers themselves if their widths fit, else with a message in place of the first that does not. */
export type CheckWidths<
  T extends readonly unknown[],
  Width = number,
  Done extends readonly unknown[] = [],
> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends Maps<infer I, infer O>
    ? Fits<Width, I> extends true
      ? CheckWidths<Rest, O, [...Done, Head]>
      : [...Done, Mismatch<Done['length'], I, Width>, ...Rest]
    : CheckWidths<Rest, WidthsOf<Head> extends Keeps ? Width : number, [...Done, Head]>
  : [...Done, ...T];

type Mismatch<
  Position extends number,
  Input,
  Width,
> = `layer ${Position} takes ${Input & number} features, but the layers before it give ${Width & number}`;

/** The widths of a chain of layers as one layer. */
export type ChainWidths<T extends readonly unknown[]> = number extends T['length']
  ? unknown
  : KeepsAll<T> extends true
    ? Keeps
    : Maps<FirstWidth<T>, LastWidth<T, number>>;

type KeepsAll<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends Keeps
    ? KeepsAll<Rest>
    : false
  : T extends readonly []
    ? true
    : false;

type FirstWidth<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends Maps<infer I, unknown>
    ? I
    : WidthsOf<Head> extends Keeps
      ? FirstWidth<Rest>
      : number
  : number;

type LastWidth<T extends readonly unknown[], Width> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends Maps<unknown, infer O>
    ? LastWidth<Rest, O>
    : LastWidth<Rest, WidthsOf<Head> extends Keeps ? Width : number>
  : T extends readonly []
    ? Width
    : number;

/** What a forward gives; unlike ReturnType, also where a parameter is of type never. */
export type Result<Forward> = Forward extends (...inputs: never) => infer Output ? Output : never;

/** What the first module takes. */
export type ChainInput<T extends readonly Module[], Otherwise> = T extends readonly [
  infer Head extends Module,
  ...unknown[],
]
  ? Parameters<Head['forward']> extends readonly [infer Input, ...unknown[]]
    ? Input
    : Otherwise
  : Otherwise;

/** What the last module gives. */
export type ChainOutput<T extends readonly Module[], Otherwise> = T extends readonly [
  ...unknown[],
  infer Last extends Module,
]
  ? Result<Last['forward']>
  : Otherwise;

/** The layer at a position, negative from the end, as far as the type tells. */
export type LayerAt<T extends readonly unknown[], N extends number> = `${N}` extends keyof T
  ? T[`${N}`]
  : N extends -1
    ? T extends readonly [...unknown[], infer Last]
      ? Last
      : T[number]
    : T[number];

/** `seq[0]` has its layer's own type. */
export type ByPosition<T extends readonly unknown[]> = {
  -readonly [K in keyof T as K extends `${number}` ? K : never]: T[K];
};
