import { foreignOrigin } from './copies.js';

/**
 * What went wrong, for programs. The message, for people, names the op, what was expected and what came.
 */
export type ErrorCode =
  | 'BAD_ARGUMENT'
  | 'BAD_FILE'
  | 'CHECKPOINT_MISMATCH'
  | 'DETACHED'
  | 'DISPOSED'
  | 'DTYPE_MISMATCH'
  | 'FILE_ACCESS'
  | 'FORWARD_FAILED'
  | 'GRAD_ERROR'
  | 'INDEX_OUT_OF_RANGE'
  | 'INPLACE_ERROR'
  | 'INTERNAL'
  | 'MISSING_FORWARD'
  | 'MODULE_ERROR'
  | 'NATIVE_LOAD_FAILED'
  | 'OUT_OF_MEMORY'
  | 'OUT_OF_RANGE'
  | 'SHAPE_MISMATCH'
  | 'SIZE_OVERFLOW'
  | 'STATE_DICT_MISMATCH'
  | 'UNSUPPORTED_CPU'
  | 'WRONG_TYPE'
  | 'ZERO_DIVISION';

const BRAND = Symbol.for('flambeau.FlambeauError');

/**
 * The one error class of Flambeau. `error instanceof FlambeauError` holds for all of them; where the language has a
 * class of its own for the mistake (a value of the wrong type, an index out of range) the error is a TypeError or a
 * RangeError as well.
 *
 * @example
 * try {
 *   matmul(zeros([2, 3]), zeros([4, 5]));
 * } catch (error) {
 *   if (error instanceof FlambeauError) console.log(error.code); // SHAPE_MISMATCH
 * }
 */
export class FlambeauError extends Error {
  readonly code: ErrorCode;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FlambeauError';
    this.code = code;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

class FlambeauTypeError extends TypeError {
  readonly [BRAND] = true;
  override name = 'FlambeauError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

class FlambeauRangeError extends RangeError {
  readonly [BRAND] = true;
  override name = 'FlambeauError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Makes the error of this code; `options.cause` keeps the original where one error explains another. */
export function makeError(code: ErrorCode, message: string, options?: ErrorOptions): FlambeauError {
  if (code === 'WRONG_TYPE') return new FlambeauTypeError(code, message, options) as FlambeauError;
  if (code === 'INDEX_OUT_OF_RANGE' || code === 'OUT_OF_RANGE') {
    return new FlambeauRangeError(code, message, options) as FlambeauError;
  }
  return new FlambeauError(code, message, options);
}

/** Throws the error of this code. */
export function fail(code: ErrorCode, message: string, options?: ErrorOptions): never {
  throw makeError(code, message, options);
}

/** How a bad value is shown in a message: its kind, and its value where that is short. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return 'a symbol';
    case 'function': {
      // A Module is a function of a class of its own.
      const kind = classOf(value) ?? 'Function';
      if (!kind.endsWith('Function')) return withOrigin(value, withArticle(kind));
      const source = Function.prototype.toString.call(value);
      if (/^class\b/.test(source)) return `the class ${value.name || '(anonymous)'}`;
      return `a function${value.name ? ` (${value.name})` : ''}`;
    }
    default:
      return describeObject(value as object);
  }
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    if (Object.hasOwn(value, '_handle') && Object.getPrototypeOf(value) === Object.prototype)
      return 'a copy of the fields of a Tensor, by spread or Object.assign (use the tensor itself, or clone())';
    if (value instanceof Promise) return 'a Promise; await it';
    return withOrigin(value, withArticle(classOf(value) ?? 'null-prototype object'));
  } catch {
    return 'an object that refuses to be read'; // a revoked proxy, a getter that throws
  }
}

function withOrigin(value: object, text: string): string {
  const origin = foreignOrigin(value);
  return origin === null ? text : `${text} ${origin}`;
}

/** The name of a value's class; a class may have replaced its own by anything. */
function classOf(value: object): string | undefined {
  const name: unknown = value.constructor?.name;
  return name === undefined || typeof name === 'string' ? name : 'object';
}

const withArticle = (noun: string): string => `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`;
