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
