import { Tensor } from '../tensor/tensor.js';

/**
 * The methods that a module of ops gives to Tensor: each function, whose first parameter is the tensor, without it.
 * Property types are left to be resolved when used, since they mention the Tensor that is being extended.
 */
export type Methods<Ops> = {
  [K in keyof Ops]: Ops[K] extends (x: Tensor, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;
};

/** Installs a group of ops as methods: `x.add(y)` is `add(x, y)`. */
export function installMethods(ops: Readonly<Record<string, (x: Tensor, ...rest: never[]) => unknown>>): void {
  for (const [name, op] of Object.entries(ops)) {
    if (Object.hasOwn(Tensor.prototype, name)) continue;
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      writable: true,
      value(this: Tensor, ...rest: never[]) {
        return op(this, ...rest);
      },
    });
  }
}
