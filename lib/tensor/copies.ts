import { pathToFileURL } from 'node:url';
import { PACKAGE_ROOT } from '../native/root.js';

/** What instances of one load of this library carry. Another load has the same symbol and an object of its own. */
const COPY = Symbol.for('flambeau.copy');

interface Copy {
  /** Where it was loaded from. */
  readonly url: string;
}

const HERE: Copy = { url: pathToFileURL(`${PACKAGE_ROOT}/`).href };

/** Marks the instances of a class as this copy's. */
export function brand(type: { readonly prototype: object }): void {
  Object.defineProperty(type.prototype, COPY, { value: HERE });
}

/** For an instance that another copy of this library made, what a message says of it; null for any other value. */
export function foreignOrigin(value: unknown): string | null {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !(COPY in value)) return null;
  const copy = value[COPY] as Partial<Copy> | null;
  if (copy === HERE) return null;
  return `of another copy of Flambeau (${copy?.url}; this one is ${HERE.url}); install one version and load it once`;
}
