import { refuseSurplus } from '../../tensor/arguments.js';
import { missingForward } from '../module/call.js';
import type { Layer, Module } from '../module/module.js';
import { indentRest, printBlock } from '../module/print.js';
import { classNameOf } from '../module/state.js';
import { ListModule, positionsOf } from './listModule.js';
import { checkModules, type Slice } from './positions.js';

/**
 * A list of modules that are registered and otherwise left alone: the parent's forward decides which of them run, and
 * in what order. Calling the list is an error, since it has no forward.
 *
 * @example
 * class Net extends nn.Module {
 *   layers = new nn.ModuleList([new nn.Linear(10, 50), new nn.ReLU(), new nn.Linear(50, 2)]);
 *   override forward(x: Tensor): Tensor {
 *     for (const layer of this.layers) x = layer(x);
 *     return x;
 *   }
 * }
 */
export class ModuleList<M extends Module = Layer> extends ListModule<M> {
  /** The module at a position; undefined when there is none. */
  [index: number]: M;

  constructor(modules: Iterable<M> = []) {
    if (arguments.length > 1) refuseSurplus('ModuleList', arguments, 1);
    super();
    positionsOf(this).append(checkModules('ModuleList.extend', modules));
  }

  override pop(index: number): M;
  override pop(slice: Slice): ModuleList<M>;
  override pop(index: never): M | ModuleList<M> {
    if (arguments.length > 1) refuseSurplus('pop', arguments, 1);
    return super.pop(index) as M | ModuleList<M>;
  }

  override slice(start?: number, end?: number, step?: number): ModuleList<M> {
    if (arguments.length > 3) refuseSurplus('slice', arguments, 3);
    return super.slice(start, end, step) as ModuleList<M>;
  }

  /** A new list of this one's modules followed by those of any iterable. */
  concat<N extends Module>(other: Iterable<N>): ModuleList<M | N> {
    if (arguments.length > 1) refuseSurplus('concat', arguments, 1);
    return new ModuleList<M | N>([...this, ...(checkModules('ModuleList.concat', other) as N[])]);
  }

  /** Equal neighbours are printed once, with their number. */
  override toString(): string {
    const blocks: { text: string; first: number; last: number }[] = [];
    [...this].forEach((module, i) => {
      const text = String(module);
      const previous = blocks.at(-1);
      if (previous?.text === text) previous.last = i;
      else blocks.push({ text, first: i, last: i });
    });
    const lines = blocks.map(({ text, first, last }) =>
      indentRest(first === last ? `(${first}): ${text}` : `(${first}-${last}): ${last - first + 1} x ${text}`),
    );
    return printBlock(classNameOf(this), lines);
  }

  override forward(..._inputs: never[]): never {
    return missingForward(
      this,
      ": it runs nothing by itself; loop over it in the parent's forward, or use nn.Sequential",
    );
  }

  protected override like(modules: readonly M[]): ModuleList<M> {
    return new ModuleList(modules);
  }
}
