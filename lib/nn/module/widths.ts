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
/** A layer that takes I channels and gives O: the dimension after the batch, not the last one. */
export type MapsChannels<I, O> = readonly [I, O, 'channels'];
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
  ? WidthsOf<Head> extends MapsChannels<infer I, infer O>
    ? Fits<ChannelsIn<Width>, I> extends true
      ? CheckWidths<Rest, Channels<O>, [...Done, Head]>
      : [...Done, Mismatch<Done['length'], I, ChannelsIn<Width>, 'channels'>, ...Rest]
    : WidthsOf<Head> extends Maps<infer I, infer O>
      ? Fits<FeaturesIn<Width>, I> extends true
        ? CheckWidths<Rest, O, [...Done, Head]>
        : [...Done, Mismatch<Done['length'], I, FeaturesIn<Width>, 'features'>, ...Rest]
      : CheckWidths<Rest, WidthsOf<Head> extends Keeps ? Width : number, [...Done, Head]>
  : [...Done, ...T];

/** A width that counts channels, which says nothing of the last dimension. */
interface Channels<C> {
  readonly channels: C;
}
type ChannelsIn<Width> = Width extends Channels<infer C> ? C : number;
type FeaturesIn<Width> = Width extends Channels<unknown> ? number : Width;

type Mismatch<
  Position extends number,
  Input,
  Width,
  Unit extends string,
> = `layer ${Position} takes ${Input & number} ${Unit}, but the layers before it give ${Width & number}`;

/** The widths of a chain of layers as one layer. */
export type ChainWidths<T extends readonly unknown[]> = number extends T['length']
  ? unknown
  : KeepsAll<T> extends true
    ? Keeps
    : LastWidth<T, number> extends Channels<infer O>
      ? MapsChannels<ChannelsIn<FirstWidth<T>>, O>
      : Maps<FeaturesIn<FirstWidth<T>>, LastWidth<T, number>>;

type KeepsAll<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends Keeps
    ? KeepsAll<Rest>
    : false
  : T extends readonly []
    ? true
    : false;

type FirstWidth<T extends readonly unknown[]> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends MapsChannels<infer I, unknown>
    ? Channels<I>
    : WidthsOf<Head> extends Maps<infer I, unknown>
      ? I
      : WidthsOf<Head> extends Keeps
        ? FirstWidth<Rest>
        : number
  : number;

type LastWidth<T extends readonly unknown[], Width> = T extends readonly [infer Head, ...infer Rest]
  ? WidthsOf<Head> extends MapsChannels<unknown, infer O>
    ? LastWidth<Rest, Channels<O>>
    : WidthsOf<Head> extends Maps<unknown, infer O>
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
