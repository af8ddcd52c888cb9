import { type FlambeauError, nn, ones, type Tensor } from 'flambeau';
import { describe, expect, it } from 'vitest';
import { thrown } from '../../thrown.js';

/** The widely read example that feeds a 2-wide tensor to a Linear(10, 100), as it is usually written. */
class Conditional extends nn.Module {
  layers = new nn.ModuleList([
    new nn.Linear(10, 50),
    new nn.ReLU(),
    new nn.Linear(50, 2),
    new nn.Sigmoid(),
    new nn.Linear(10, 100),
  ]);
  override forward(x: Tensor, condition: boolean): Tensor {
    const head = [...this.layers].slice(0, 4);
    for (const layer of head) x = layer(x);
    return condition ? this.layers.at(4)(x) : x;
  }
}

describe('an error in a forward', () => {
  it('names the path, the module and the input shapes, and keeps the cause', () => {
    const error = thrown(() => new Conditional()(ones([1, 10]), true));
    expect(error.code).toBe('FORWARD_FAILED');
    expect(error.message).toBe(
      'Conditional.layers.4: linear: mat1 and mat2 shapes cannot be multiplied (1x2 and 10x100)\n' +
        '  in Linear(in_features=10, out_features=100, bias=True)\n' +
        '  given [1, 2] float32',
    );
    expect(error.cause).toMatchObject({ code: 'SHAPE_MISMATCH' });
    expect(new Conditional()(ones([1, 10]), false).shape).toEqual([1, 2]);
  });

  it('is followed through every level once', () => {
    const inner = new nn.Sequential(new nn.ReLU(), new nn.Linear(3, 1));
    const outer = new nn.Sequential({ body: new nn.Sequential({ block: inner }) });
    const error = thrown(() => outer(ones([2, 4])));
    expect(error.message.split('\n')[0]).toMatch(/^Sequential\.body\.block\.1: linear: /);
    expect((error.cause as FlambeauError).code).toBe('SHAPE_MISMATCH');
    expect((error.cause as FlambeauError).cause).toBeUndefined();
  });

  it('of the module itself has no path', () => {
    expect(thrown(() => new nn.Linear(3, 1)(ones([2, 4]))).message).toMatch(/^Linear: linear: /);
    expect(thrown(() => new nn.Linear(3, 1)(3 as never)).message).toContain('given 3');
    expect(thrown(() => (new nn.Linear(3, 1) as unknown as () => void)()).message).toMatch(/given no input$/);
  });

  it('of user code is wrapped too, and a module that is not registered is named by its class', () => {
    const loose = new nn.Linear(3, 1);
    class Net extends nn.Module {
      override forward(x: Tensor): Tensor {
        return loose(x);
      }
    }
    expect(thrown(() => new Net()(ones([2, 4]))).message).toMatch(/^Net\.\(Linear\): linear: /);
    const original = new Error('mine');
    class Throws extends nn.Module {
      override forward(_xs: Tensor[]): Tensor {
        throw original;
      }
    }
    const error = thrown(() => new nn.Sequential(new Throws())([ones([1]), ones([2])] as never));
    expect(error.cause).toBe(original);
    expect(error.message).toBe('Sequential.0: mine\n  in Throws()\n  given [[1] float32, [2] float32]');
  });

  it('may be handled by the parent', () => {
    class Fallback extends nn.Module {
      risky = new nn.Linear(3, 1);
      override forward(x: Tensor): Tensor {
        try {
          return this.risky(x);
        } catch {
          return x;
        }
      }
    }
    expect(new Fallback()(ones([1, 9])).shape).toEqual([1, 9]);
  });

  it('leaves what is no error alone', () => {
    class Stops extends nn.Module {
      override forward(): Tensor {
        throw 'a signal';
      }
    }
    expect(() => new Stops()()).toThrow('a signal');
  });

  it('reaches the caller of an async forward', async () => {
    class Later extends nn.Module {
      layer = new nn.Linear(3, 1);
      override async forward(x: Tensor): Promise<Tensor> {
        await Promise.resolve();
        return this.layer(x);
      }
    }
    await expect(new Later()(ones([1, 9]))).rejects.toThrow(/^Later\.layer: linear: /);
    expect((await new Later()(ones([1, 3]))).shape).toEqual([1, 1]);
  });

  it('a child without forward is reported with the parent’s path', () => {
    const net = new nn.Sequential(new nn.Sequential(new nn.ModuleList() as unknown as nn.Layer));
    expect(thrown(() => net(ones([1]))).message).toMatch(
      /^Sequential\.0: Module \[ModuleList\] is missing the required "forward" function/,
    );
  });
});
