import { describe, fail } from '../../tensor/errors.js';
import type { Module } from './module.js';
import { classNameOf, SETTINGS } from './state.js';

/**
 * What a setting of a layer may be: `number` any but NaN, `flag` a boolean, `sizes` a number or an array, `given`
 * anything but null, undefined and NaN, where the layer's op checks the rest; with `?` null too; a list, one of these strings.
 */
export type SettingKind = 'number' | 'number?' | 'flag' | 'sizes' | 'given' | readonly string[];

export type SettingKinds = Readonly<Record<string, SettingKind>>;

const EXPECTED = {
  number: 'a number',
  'number?': 'a number or null',
  flag: 'a boolean',
  sizes: 'a number or an array of numbers',
  given: 'given',
} as const;

/**
 * Says which plain properties a layer's forward reads. Assigning to one is checked where it is done: forward would take
 * undefined for the default, or compute NaNs.
 */
export function declareSettings(layer: { readonly prototype: Module }, kinds: SettingKinds): void {
  // No name is inherited from Object.prototype.
  const all = Object.assign(Object.create(null), layer.prototype[SETTINGS], kinds) as SettingKinds;
  Object.defineProperty(layer.prototype, SETTINGS, { value: all, configurable: true });
}

export function checkSetting(raw: Module, name: string, value: unknown): void {
  const kind = raw[SETTINGS][name];
  if (kind !== undefined && !isOf(kind, value)) {
    const expected = isList(kind) ? `one of ${kind.map(describe).join(', ')}` : EXPECTED[kind];
    fail('WRONG_TYPE', `${classNameOf(raw)}: ${name} must be ${expected}, got ${describe(value)}`);
  }
}

const isList = (kind: SettingKind): kind is readonly string[] => typeof kind !== 'string';

function isOf(kind: SettingKind, value: unknown): boolean {
  if (isList(kind)) return kind.includes(value as string);
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean';
    case 'given':
      return value !== undefined && value !== null && !Number.isNaN(value);
    case 'number':
    case 'number?':
    case 'sizes':
      if (typeof value === 'number') return !Number.isNaN(value);
      return kind === 'sizes' ? Array.isArray(value) : kind === 'number?' && value === null;
  }
}
