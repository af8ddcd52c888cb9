import type { Module } from './module.js';
import { classNameOf, stateOf } from './state.js';

/** The module as PyTorch prints it: its extra representation, then its children, indented by two. */
export function printModule(module: Module): string {
  const extra = module.extraRepr();
  const extraLines = extra === '' ? [] : extra.split('\n');
  const children = [...stateOf(module).children].map(([name, child]) => printChild(name, child));
  // A single line stays inside the brackets only when no child follows it.
  if (children.length === 0 && extraLines.length === 1) return `${classNameOf(module)}(${extra})`;
  return printBlock(classNameOf(module), [...extraLines, ...children]);
}

/** `label` is what stands in brackets before the child. */
function printChild(label: string, child: Module | null): string {
  return `(${label}): ${child === null ? 'None' : indentRest(child.toString())}`;
}

/** `Name()` for no lines, else each line on its own, indented. */
export function printBlock(name: string, lines: readonly string[]): string {
  return lines.length === 0 ? `${name}()` : `${name}(\n  ${lines.join('\n  ')}\n)`;
}

export const indentRest = (text: string): string => text.replaceAll('\n', '\n  ');

/** A float as Python prints it: `1.0`, `0.1`, `1e-05`. */
export function pythonFloat(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const [digits, power] = x.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = exponent < 0 ? x.toFixed(Math.max(0, digits.replace(/[-.]/g, '').length - 1 - exponent)) : String(x);
  return text.includes('.') ? text : `${text}.0`;
}

export const pythonBool = (x: boolean): string => (x ? 'True' : 'False');

/** `null` is Python's None. */
export const pythonInt = (x: number | null): string => (x === null ? 'None' : String(x));
