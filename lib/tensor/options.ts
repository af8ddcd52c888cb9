import { describe, fail } from './errors.js';

const NONE = Object.freeze({});

/** The options that are booleans, wherever they occur; 0, null or 'no' would be taken for what they are not. */
const FLAGS: ReadonlySet<string> = new Set(
  (
    'keepdim descending largest copy share requiresGrad inplace training replacement equalNan logTarget bias ' +
    'retainGraph createGraph allowUnused materializeGrads checkNan raiseException ' +
    'strict assign keepVars persistent recurse removeDuplicate setToNone prepend alwaysCall errorIfNonfinite ' +
    'nesterov maximize amsgrad decoupledWeightDecay ' +
    'elementwiseAffine affine trackRunningStats useInputStats returnIndices ceilMode countIncludePad ' +
    'scaleGradByFreq sparse freeze ' +
    'isCausal enableGqa needWeights averageAttnWeights addBiasKv addZeroAttn batchFirst normFirst bidirectional ' +
    'reduceRange perChannel'
  ).split(' '),
);

/** The options that are strings, wherever they occur. */
const STRINGS: ReadonlySet<string> = new Set(['prefix']);

/**
 * The options object of a call, or an empty one. An unknown key is refused: a misspelt option would otherwise be
 * silently without effect. So is a flag that is no boolean, or a string that is none; `except` names options that are
 * no flags in this call.
 */
export function checkOptions<T extends object>(
  op: string,
  options: T | null | undefined,
  known: readonly (keyof T & string)[],
  except: readonly (keyof T & string)[] = [],
): T | Partial<T> {
  if (options === undefined || options === null) return NONE as Partial<T>;
  if (typeof options !== 'object' || !isPlain(options)) {
    fail('WRONG_TYPE', `${op}: options must be an object ${showKeys(known)}, got ${describe(options)}`);
  }
  for (const key in options) {
    if (!known.includes(key)) fail('BAD_ARGUMENT', `${op}: unknown option ${key}; ${hint(key, known)}`);
    if (FLAGS.has(key) && !except.includes(key as keyof T & string)) checkFlag(op, key, options[key as keyof T]);
    if (STRINGS.has(key) && options[key] !== undefined) checkString(op, key, options[key]);
  }
  return options;
}

function isPlain(options: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(options);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

const showKeys = (known: readonly string[]): string => `{ ${known.join(', ')} }`;

function hint(key: string, known: readonly string[]): string {
  const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');
  const meant = known.find((name) => plain(name) === plain(key));
  return meant === undefined ? `expected ${showKeys(known)}` : `did you mean ${meant}?`;
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

/** A finite or infinite number; refuses what JavaScript would coerce. */
export function checkNumber(op: string, name: string, value: unknown): number {
  if (typeof value !== 'number') fail('WRONG_TYPE', `${op}: ${name} must be a number, got ${describe(value)}`);
  return value;
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
