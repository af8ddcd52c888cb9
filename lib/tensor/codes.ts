import { addon, type CodeList } from '../native/addon.js';
import { fail } from './errors.js';

/**
 * The codes by which native code knows `names`, which must be all of the addon's list (native/ops/codes.h). So that a
 * list which differs between the two is an error when the package is loaded, not a wrong number later.
 */
export function codesOf<Name extends string>(list: CodeList, names: readonly Name[]): Readonly<Record<Name, number>> {
  const native = addon.codeNames(list);
  const codes = Object.fromEntries(native.map((name, code) => [name, code]));
  if (native.length !== names.length || names.some((name) => codes[name] === undefined)) {
    const spell = (all: readonly string[]) => [...all].sort().join(', ');
    fail(
      'INTERNAL',
      `the addon's list '${list}' has ${spell(native)}; ${spell(names)} was expected. Build the addon again`,
    );
  }
  return codes as Record<Name, number>;
}
