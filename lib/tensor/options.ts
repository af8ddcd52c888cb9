import { isOptions, refuseSurplus } from './arguments.js';
import { describe, fail } from './errors.js';

const NONE = Object.freeze({});
const NO_KEYS: readonly never[] = [];

/** The options that are booleans, wherever they occur; 0, null or 'no' would be taken for what they are not. */
const FLAGS: ReadonlySet<string> = new Set(
  (
    'keepdim descending largest copy share requiresGrad inplace training replacement equalNan logTarget bias ' +
    'retainGraph createGraph allowUnused materializeGrads checkNan raiseException ' +
    'strict assign keepVars persistent recurse removeDuplicate setToNone prepend alwaysCall errorIfNonfinite ' +
    'nesterov maximize amsgrad decoupledWeightDecay ' +
    'elementwiseAffine affine trackRunningStats useInputStats returnIndices ceilMode countIncludePad ' +
    'scaleGradByFreq sparse freeze _freeze stable sorted unbiased asTuple ' +
    'isCausal enableGqa needWeights averageAttnWeights addBiasKv addZeroAttn batchFirst normFirst bidirectional ' +
    'reduceRange perChannel'
  ).split(' '),
);

/** The value of the one option that an op takes. */
export function onlyOption(op: string, name: string, options: unknown): never {
  const { [name]: value } = checkOptions(op, options as Record<string, unknown>, [name]);
  if (isOptions(value)) fail('WRONG_TYPE', `${op}: ${name} must be an integer, got ${describe(value)}`);
  return value as never;
}

/** The `dims` of an op whose only argument is options; else dims are rest numbers. */
export function listOption(op: string, args: readonly unknown[]): readonly number[] {
  refuseSurplus(op, args, 1);
  const dims = onlyOption(op, 'dims', args[0]) as number | readonly number[];
  return typeof dims === 'number' ? [dims] : dims;
}

/** The options that are strings, wherever they occur. */
const STRINGS: ReadonlySet<string> = new Set(['prefix']);

/**
 * The options object of a call, or an empty one. An unknown key is refused: a misspelt option would otherwise be
 * silently without effect. So is a flag that is no boolean, or a string that is none; `except` names options that are
 * no flags in this call. `placed` is the name of the argument that came by position and could have been an option.
 */
export function checkOptions<T extends object>(
  op: string,
  options: T | null | undefined,
  known: readonly (keyof T & string)[],
  except: readonly (keyof T & string)[] = NO_KEYS,
  placed?: string,
): T | Partial<T> {
  if (options === undefined || options === null) return NONE as Partial<T>;
  if (!isOptions(options as unknown)) {
    fail('WRONG_TYPE', `${op}: options must be an object ${showKeys(known)}, got ${describe(options)}`);
  }
  for (const key in options) {
    if (!known.includes(key)) refuseOption(op, key, options, known, placed);
    if (FLAGS.has(key) && !except.includes(key as keyof T & string)) checkFlag(op, key, options[key as keyof T]);
    if (STRINGS.has(key) && options[key] !== undefined) checkString(op, key, options[key]);
  }
  return options;
}

function refuseOption(op: string, key: string, options: object, known: readonly string[], placed?: string): void {
  if (key === placed) {
    if ((options as Record<string, unknown>)[key] === undefined) return;
    fail('BAD_ARGUMENT', `${op}: ${key} was given twice, by position and as an option`);
  }
  const all = placed === undefined ? known : [placed, ...known];
  const meant = closest(key, all);
  const hint = meant === undefined ? `expected ${showKeys(all)}` : `did you mean ${meant}?`;
  fail('BAD_ARGUMENT', `${op}: unknown option ${key}; ${hint}`);
}

const showKeys = (known: readonly string[]): string => `{ ${known.join(', ')} }`;

/** The known name that `name` was probably meant to be: in another convention, or a slip or two away. */
export function closest(name: string, known: Iterable<string>): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '');
  const given = plain(name);
  let best: string | undefined;
  let least = Math.min(3, Math.ceil(given.length / 3) + 1);
  for (const candidate of known) {
    const slips = distance(given, plain(candidate), least);
    if (slips < least) [best, least] = [candidate, slips];
  }
  return best;
}

/** How many letters must be added, dropped, changed or exchanged with their neighbour; about `most` for more. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : changed;
      next.push(Math.min(changed, exchanged, row[j]! + 1, next[j - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}

function checkFlag(op: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    fail('WRONG_TYPE', `${op}: ${name} must be a boolean, got ${describe(value)}`);
  }
}

export function checkString(op: string, name: string, value: unknown): void {
  if (typeof value !== 'string') fail('WRONG_TYPE', `${op}: ${name} must be a string, got ${describe(value)}`);
}

export function checkFunction(op: string, name: string, value: unknown): void {
  if (typeof value !== 'function') fail('WRONG_TYPE', `${op}: ${name} must be a function, got ${describe(value)}`);
}

/** A function whose result is needed at once: one that is `async` has only a promise to give. */
export function checkSynchronous(op: string, name: string, value: unknown): void {
  checkFunction(op, name, value);
  if (Object.prototype.toString.call(value) === '[object AsyncFunction]') {
    fail('WRONG_TYPE', `${op}: ${name} must not be async: its result is needed at once`);
  }
}

/** Refuses a promise where a value belongs; `from` is the function that gave it. */
export function refusePromise(op: string, from: string, value: unknown): void {
  if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function') {
    fail('WRONG_TYPE', `${op}: ${from} returned a promise; its result is needed at once, so it must not be async`);
  }
}

/**
 * A finite or infinite number. A boolean is one, as in PyTorch (not where an integer is expected), so callers go on with
 * the result; what else JavaScript would coerce is refused.
 */
export function checkNumber(op: string, name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return fail('WRONG_TYPE', `${op}: ${name} must be a number, got ${describe(value)}`);
}

export function checkInteger(op: string, name: string, value: unknown): number {
  if (!Number.isSafeInteger(value)) fail('WRONG_TYPE', `${op}: ${name} must be an integer, got ${describe(value)}`);
  return value as number;
}

export function checkChoice<T extends string>(op: string, name: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) {
    fail(
      'BAD_ARGUMENT',
      `${op}: ${name} must be one of ${choices.map((c) => `'${c}'`).join(', ')}, got ${describe(value)}`,
    );
  }
  return value as T;
}
