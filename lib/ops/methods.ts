import { Tensor } from '../tensor/tensor.js';

/**
 * The methods that a module of ops gives to Tensor: each function, whose first parameter is the tensor, without it.
 * Property types are left to be resolved when used, since they mention the Tensor that is being extended.
 */
export type Methods<Module> = {
  [K in keyof Module]: Module[K] extends (x: Tensor, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** A module of ops on a tensor. */
export type Ops = Readonly<Record<string, (x: Tensor, ...rest: never) => unknown>>;

/** Installs a group of ops as methods: `x.add(y)` is `add(x, y)`. */
export function installMethods(ops: Ops): void {
  for (const [name, op] of Object.entries(ops)) {
    if (Object.hasOwn(Tensor.prototype, name)) continue;
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      writable: true,
      value(this: Tensor, ...rest: never) {
        return op(this, ...rest);
      },
    });
  }
}
