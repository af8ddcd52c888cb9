import { refuseSurplus } from '../../tensor/arguments.js';
import { foreignOrigin } from '../../tensor/copies.js';
import { isFloating } from '../../tensor/dtype.js';
import { describe, fail } from '../../tensor/errors.js';
import { Tensor } from '../../tensor/tensor.js';
import { Module } from '../module/module.js';
import { Parameter } from '../module/parameter.js';
import { expose, setParameter, typeName } from '../module/registry.js';
import { classNameOf, isModule, type ModuleState, type PositionalState, stateOf } from '../module/state.js';
import { isIterable, resolveIndex, resolveSlice } from './positions.js';

/** The values by position; those that are parameters are registered under it. */
class Values implements PositionalState {
  readonly all: unknown[] = [];

  constructor(private readonly state: ModuleState) {}

  set(index: number, value: unknown): void {
    const position = resolveIndex(`${classNameOf(this.state.raw)}.set`, index, this.all.length);
    this.put(position, asParameter(`${classNameOf(this.state.raw)}.set`, value));
  }

  append(value: unknown): void {
    this.put(this.all.length, asParameter(`${classNameOf(this.state.raw)}.append`, value));
  }

  delete(index: number): void {
    fail(
      'MODULE_ERROR',
      `${classNameOf(this.state.raw)}: position ${index} cannot be deleted; make a new list with slice`,
    );
  }

  sync(): void {}

  private put(position: number, value: unknown): void {
    const name = String(position);
    this.all[position] = value;
    if (value instanceof Parameter) setParameter(this.state, name, value);
    else {
      this.state.parameters.delete(name);
      expose(this.state, name, value);
    }
  }
}

/** Tensors become parameters; modules belong into the module containers. */
export function asParameter(op: string, value: unknown): unknown {
  if (isModule(value))
    fail('WRONG_TYPE', `${op}: a ${classNameOf(value)} would not be registered; use nn.ModuleList or nn.ModuleDict`);
  if (foreignOrigin(value) !== null) fail('WRONG_TYPE', `${op}: ${describe(value)}`);
  if (!(value instanceof Tensor) || value instanceof Parameter) return value;
  return new Parameter(value, { requiresGrad: isFloating(value.dtype) });
}

/** How a value is printed in the parameter containers. */
export function printValue(label: string, value: unknown, typed: string): string {
  if (!(value instanceof Tensor)) return `  (${label}): Object of type: ${value === null ? 'null' : typeof value}`;
  return `  (${label}): Parameter containing: [torch.${typed} of size ${value._shape.join('x')}]`;
}

/**
 * A list of parameters that are registered under their positions. Tensors put into it become parameters; other values
 * may be kept beside them.
 *
 * @example
 * class Mix extends nn.Module {
 *   weights = new nn.ParameterList([randn([3, 3]), randn([3, 3])]);
 *   override forward(x: Tensor): Tensor {
 *     for (const w of this.weights) x = x.matmul(w);
 *     return x;
 *   }
 * }
 */
export class ParameterList<V = Parameter> extends Module {
  /** The value at a position; undefined when there is none. */
  [index: number]: V;

  constructor(values: Iterable<V | Tensor> = []) {
    if (arguments.length > 1) refuseSurplus('ParameterList', arguments, 1);
    super();
    const state = stateOf(this);
    state.list = new Values(state);
    this.extend(values);
  }

  /** The number of values. */
  override get length(): number {
    return this.stored().length;
  }

  /** The value at a position, negative from the end. Throws when there is none. */
  at(index: number): V {
    if (arguments.length > 1) refuseSurplus('at', arguments, 1);
    const values = this.stored();
    return values[resolveIndex(`${classNameOf(this)}.at`, index, values.length)]!;
  }

  /** Replaces the value at a position. */
  set(index: number, value: V | Tensor): this {
    if (arguments.length > 2) refuseSurplus('set', arguments, 2);
    stateOf(this).list!.set(index, value);
    return this;
  }

  /** Adds a value at the end. */
  append(value: V | Tensor): this {
    if (arguments.length > 1) refuseSurplus('append', arguments, 1);
    (stateOf(this).list as Values).append(value);
    return this;
  }

  /** Adds the values of any iterable at the end. */
  extend(values: Iterable<V | Tensor>): this {
    if (arguments.length > 1) refuseSurplus('extend', arguments, 1);
    const source: unknown = values;
    if (!isIterable(source) || source instanceof Tensor) {
      const got = isModule(source)
        ? classNameOf(source)
        : source instanceof Tensor
          ? typeName(source)
          : describe(source);
      fail('WRONG_TYPE', `ParameterList.extend should be called with an iterable, but got ${got}`);
    }
    for (const value of Array.from(values)) this.append(value);
    return this;
  }

  /** A new list of the values from `start` to before `end`; it shares them with this one. */
  slice(start?: number, end?: number, step?: number): ParameterList<V> {
    if (arguments.length > 3) refuseSurplus('slice', arguments, 3);
    const values = this.stored();
    const slice = {
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(step !== undefined && { step }),
    };
    return new ParameterList(resolveSlice(`${classNameOf(this)}.slice`, slice, values.length).map((i) => values[i]!));
  }

  *[Symbol.iterator](): IterableIterator<V> {
    yield* [...this.stored()];
  }

  override extraRepr(): string {
    return this.stored()
      .map((value, i) => printValue(String(i), value, value instanceof Tensor ? value.dtype : ''))
      .join('\n');
  }

  override forward(..._inputs: never[]): never {
    return fail('MISSING_FORWARD', `${classNameOf(this)} should not be called.`);
  }

  private stored(): readonly V[] {
    return (stateOf(this).list as Values).all as V[];
  }
}
