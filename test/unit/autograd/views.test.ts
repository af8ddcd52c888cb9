import { arange, autograd, noGrad, ones, type Tensor, tensor, zeros } from 'flambeau';
import { describe, expect, test } from 'vitest';

const leaf = (values: number | number[] | number[][]): Tensor => tensor(values, { requiresGrad: true });
const grid = (): Tensor => arange(24).reshape(4, 6);

describe('shapes and elements', () => {
  test.each<[string, () => Tensor, number[], number[]]>([
    ['reshape', () => grid().reshape(2, -1), [2, 12], [0, 1, 2]],
    ['reshape of an array', () => grid().reshape([3, 8]), [3, 8], [0, 1, 2]],
    ['reshape of a transpose copies', () => grid().t().reshape(24), [24], [0, 6, 12]],
    ['view', () => grid().view(4, 2, 3), [4, 2, 3], [0, 1, 2]],
    ['view of a transpose, dimensions kept', () => grid().t().view(2, 3, 4), [2, 3, 4], [0, 6, 12]],
    ['view of a slice', () => grid().narrow(1, 0, 4).view(2, 2, 2, 2), [2, 2, 2, 2], [0, 1, 2]],
    ['flatten', () => grid().view(2, 2, 6).flatten(1), [2, 12], [0, 1, 2]],
    ['flatten to endDim', () => grid().view(2, 2, 6).flatten(0, { endDim: 1 }), [4, 6], [0, 1, 2]],
    ['flatten of a scalar', () => tensor(1).flatten(), [1], [1]],
    ['unflatten', () => grid().unflatten(-1, [2, -1]), [4, 2, 3], [0, 1, 2]],
    ['squeeze', () => grid().view(1, 4, 1, 6).squeeze(), [4, 6], [0, 1, 2]],
    ['squeeze of one', () => grid().view(1, 4, 1, 6).squeeze(2), [1, 4, 6], [0, 1, 2]],
    ['squeeze of some', () => grid().view(1, 4, 1, 6).squeeze([0, 1]), [4, 1, 6], [0, 1, 2]],
    ['unsqueeze', () => grid().unsqueeze(-1), [4, 6, 1], [0, 1, 2]],
    ['transpose', () => grid().transpose(0, -1), [6, 4], [0, 6, 12]],
    ['t of a vector', () => arange(3).t(), [3], [0, 1, 2]],
    ['T', () => grid().T, [6, 4], [0, 6, 12]],
    ['mT', () => grid().view(2, 2, 6).mT, [2, 6, 2], [0, 6, 1]],
    ['permute', () => grid().view(2, 2, 6).permute(2, 0, 1), [6, 2, 2], [0, 6, 12]],
    ['movedim', () => grid().view(2, 2, 6).movedim(2, 0), [6, 2, 2], [0, 6, 12]],
    ['expand', () => arange(3).view(3, 1).expand(2, -1, 4), [2, 3, 4], [0, 0, 0, 0, 1]],
    ['expandAs', () => arange(6).expandAs(grid()), [4, 6], [0, 1, 2]],
    ['narrow', () => grid().narrow(1, -2, 2), [4, 2], [4, 5, 10]],
    ['select', () => grid().select(0, -1), [6], [18, 19]],
    ['slice with a step', () => grid().slice(1, 1, 6, 2), [4, 3], [1, 3, 5, 7]],
    ['slice, bounds clamped', () => grid().slice(0, -2, 100), [2, 6], [12, 13]],
    ['slice, empty', () => grid().slice(0, 4), [0, 6], []],
    ['diagonal', () => grid().diagonal(), [4], [0, 7, 14, 21]],
    ['diagonal below', () => grid().diagonal(-1), [3], [6, 13, 20]],
    ['diagonal of other dims', () => grid().view(2, 2, 6).diagonal(0, { dim1: 1, dim2: 2 }), [2, 2], [0, 7, 12, 19]],
    ['unfold', () => arange(5).unfold(0, 3, 1), [3, 3], [0, 1, 2, 1, 2, 3]],
    ['asStrided', () => arange(9).asStrided([2, 2], [1, 2], { storageOffset: 1 }), [2, 2], [1, 3, 2, 4]],
    ['at', () => grid().at(1), [6], [6, 7]],
    ['at with everything', () => grid().view(2, 2, 6).at('...', [1, -1, 2], null), [2, 2, 2, 1], [1, 3, 7, 9]],
    ['at like [:, None, 2]', () => grid().at([], null, 2), [4, 1], [2, 8, 14]],
    ['view of zero size', () => zeros([0, 6]).view(3, 0), [3, 0], []],
  ])('%s', (_name, run, shape, first) => {
    const out = run();
    expect(out.shape).toEqual(shape);
    expect(Array.from(out.toTypedArray(), Number).slice(0, first.length)).toEqual(first);
  });

  test.each<[string, () => Tensor[], number[][]]>([
    [
      'split',
      () => grid().split(3),
      [
        [3, 6],
        [1, 6],
      ],
    ],
    [
      'split of sizes',
      () => grid().split([1, 5], { dim: 1 }),
      [
        [4, 1],
        [4, 5],
      ],
    ],
    ['split of nothing', () => zeros([0, 6]).split(2), [[0, 6]]],
    [
      'chunk',
      () => ones([5, 6]).chunk(4),
      [
        [2, 6],
        [2, 6],
        [1, 6],
      ],
    ],
    ['unbind', () => grid().unbind(1), Array.from({ length: 6 }, () => [4])],
  ])('%s', (_name, run, shapes) => {
    expect(run().map((x) => x.shape)).toEqual(shapes);
  });

  test('views share memory, copies do not', () => {
    const x = grid();
    x.reshape(24).fill_(1);
    expect(x.toArray()).toEqual(ones([4, 6]).toArray());
    x.t().reshape(24).fill_(2);
    x.clone().fill_(2);
    expect(x.toArray()).toEqual(ones([4, 6]).toArray());
    expect(x.contiguous()).toBe(x);
    expect(x.t().contiguous().isContiguous()).toBe(true);
  });

  test.each<[string, () => unknown, string]>([
    ['view', () => grid().t().view(24), "is not compatible with input tensor's size [6, 4] and stride [1, 6]"],
    ['reshape', () => grid().reshape(5, -1), "shape '[5, -1]' is invalid for input of size 24"],
    ['reshape', () => grid().reshape(5, 2), "shape '[5, 2]' is invalid for input of size 24"],
    ['reshape', () => grid().reshape(-1, -1), 'only one dimension can be inferred'],
    ['reshape', () => grid().reshape(2.5), 'sizes must be non-negative integers, got 2.5'],
    ['reshape', () => grid().reshape(-2), 'sizes must be non-negative integers, got -2'],
    ['reshape', () => grid().reshape('4' as unknown as number), 'a size must be a number, got "4"'],
    [
      'reshape',
      () => zeros([0, 6]).reshape(0, -1),
      'because the unspecified dimension size -1 can be any value and is ambiguous',
    ],
    [
      'expand',
      () => grid().expand(3, 6),
      'The expanded size of the tensor (3) must match the existing size (4) at non-singleton dimension 0.',
    ],
    [
      'expand',
      () => grid().expand(6),
      'the number of sizes provided (1) must be greater or equal to the number of dimensions in the tensor (2)',
    ],
    [
      'expand',
      () => grid().expand(-1, 4, 6),
      "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0",
    ],
    ['narrow', () => grid().narrow(0, 3, 2), 'start (3) + length (2) exceeds dimension size (4).'],
    ['narrow', () => grid().narrow(0, -5, 2), 'start out of range (expected to be in range of [-4, 4], but got -5)'],
    ['narrow', () => grid().narrow(0, 1, -1), 'length must be non-negative'],
    ['select', () => grid().select(0, 4), 'index 4 out of range for tensor of size [4, 6] at dimension 0'],
    ['select', () => tensor(1).select(0, 0), 'cannot be applied to a 0-dim tensor.'],
    ['split', () => grid().split(0), 'split size can only be 0 if dimension size is 0, but got dimension size of 4'],
    ['split', () => grid().split([1, 2]), 'expects split sizes to sum exactly to 4'],
    ['chunk', () => grid().chunk(0), 'expects chunks to be greater than 0, got: 0'],
    ['permute', () => grid().permute(0, 0), 'duplicate dims are not allowed'],
    ['permute', () => grid().permute(0), 'input.ndim = 2 is not equal to dims.length = 1'],
    ['t', () => grid().view(2, 2, 6).t(), 'expects a tensor with <= 2 dimensions, but self is 3D'],
    ['mT', () => arange(3).mT, 'only supported on matrices or batches of matrices. Got 1-D tensor.'],
    [
      'movedim',
      () => grid().movedim([0, 1], [0]),
      'source ([0, 1] dims) should contain the same number of dims as destination ([0] dims)',
    ],
    [
      'unflatten',
      () => grid().unflatten(1, [4, 2]),
      "Provided sizes [4, 2] don't multiply up to the size of dim 1 (6)",
    ],
    ['flatten', () => grid().flatten(1, { endDim: 0 }), 'startDim cannot come after endDim'],
    ['diagonal', () => grid().diagonal(0, { dim1: 0, dim2: 0 }), 'dimensions cannot be identical 0, 0'],
    ['unfold', () => grid().unfold(0, 5, 1), 'maximum size for tensor at dimension 0 is 4 but size is 5'],
    ['unfold', () => grid().unfold(0, 2, 0), 'step is 0 but must be > 0'],
    ['slice', () => grid().slice(0, 0, 1, 0), 'slice step must be positive, got 0'],
    ['asStrided', () => grid().asStrided([5, 6], [6, 1]), 'a view inside the storage of 24 elements was expected'],
    ['at', () => grid().at(0, 0, 0), 'too many indices for tensor of dimension 2, got 3'],
    [
      'transpose',
      () => grid().transpose(0, 2),
      'Dimension out of range (expected to be in range of [-2, 1], but got 2)',
    ],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });
});

describe('gradients of views', () => {
  const x = (): Tensor =>
    tensor(
      [
        [0.5, 1, 2],
        [3, -1, 4],
      ],
      { dtype: 'float64', requiresGrad: true },
    );
  const square = (...views: Tensor[]): Tensor[] => views.map((v) => v.mul(v).mul(v));
  test.each<[string, (x: Tensor) => Tensor | Tensor[]]>([
    ['reshape', (x) => x.reshape(3, 2)],
    ['reshape copying', (x) => x.t().reshape(6)],
    ['permute', (x) => x.permute(1, 0)],
    ['expand', (x) => x.unsqueeze(0).expand(2, 2, 3)],
    ['squeeze', (x) => x.view(2, 1, 3).squeeze(1)],
    ['slice', (x) => x.slice(1, 0, 3, 2)],
    ['slice of nothing', (x) => x.slice(1, 3)],
    ['select', (x) => x.select(1, 1)],
    ['diagonal', (x) => x.diagonal(1)],
    ['unfold overlapping', (x) => x.unfold(1, 2, 1)],
    ['asStrided overlapping', (x) => x.asStrided([3, 2], [1, 1])],
    ['split', (x) => x.split(2, { dim: 1 })],
    ['one part of a split', (x) => x.split(2, { dim: 1 })[1]!],
    ['unbind', (x) => x.unbind(1)],
    ['clone', (x) => x.clone()],
    ['movedim', (x) => x.view(1, 2, 3).movedim(0, 2)],
  ])('%s', (_name, fn) => {
    const cubed = (x: Tensor): Tensor[] => square(...[fn(x)].flat());
    expect(autograd.gradcheck(cubed, x())).toBe(true);
    expect(autograd.gradgradcheck(cubed, x())).toBe(true);
  });
});

describe('in-place changes and views', () => {
  test('a changed view changes the gradient of its base', () => {
    const x = leaf([1, 2, 3]);
    const b = x.mul(1);
    const v = b.narrow(0, 0, 2);
    v.mul_(10);
    expect([`${b.gradFn}`, `${v.gradFn}`]).toEqual(['<CopySlices>', '<AsStridedBackward0>']);
    b.sum().backward();
    expect(x.grad!.toArray()).toEqual([10, 10, 1]);
  });

  test('a changed base rewrites the history of its view', () => {
    const x = leaf([1, 2, 3]);
    const b = x.mul(1);
    const v = b.narrow(0, 0, 2);
    b.mul_(10);
    v.sum().backward();
    expect(x.grad!.toArray()).toEqual([10, 10, 0]);
  });

  test('a changed view rewrites the history of its siblings and of views of it', () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    const b = x.mul(1);
    const row = b.select(0, 0);
    const column = b.t().select(0, 0);
    const corner = row.narrow(0, 0, 1);
    row.mul_(10);
    column.add(0).sum().backward(null, { retainGraph: true });
    expect(x.grad!.toArray()).toEqual([
      [10, 0],
      [1, 0],
    ]);
    x.grad = null;
    corner.sum().backward();
    expect(x.grad!.toArray()).toEqual([
      [10, 0],
      [0, 0],
    ]);
  });

  test('overlapping changes, one after the other', () => {
    const x = leaf([1, 2, 3, 4]);
    const b = x.mul(1);
    b.narrow(0, 0, 3).mul_(2);
    b.narrow(0, 1, 3).mul_(3);
    b.slice(0, 0, 4, 2).mul_(5);
    b.sum().backward();
    expect(x.grad!.toArray()).toEqual([10, 6, 30, 3]);
  });

  test('a tracked value written into a view of a constant makes the constant tracked', () => {
    const w = leaf([5, 6]);
    const b = zeros([3]);
    const v = b.narrow(0, 0, 2);
    const sibling = b.narrow(0, 1, 2);
    v.copy_(w);
    expect([b.requiresGrad, v.isLeaf, sibling.requiresGrad]).toEqual([true, false, true]);
    sibling.mul(2).sum().backward();
    expect(w.grad!.toArray()).toEqual([0, 2]);
  });

  test('rows filled one by one, as in a recurrence', () => {
    const w = tensor(2, { dtype: 'float64', requiresGrad: true });
    const run = (w: Tensor): Tensor => {
      const h = ones([4], { dtype: 'float64' });
      for (let i = 1; i < 4; i++)
        h.select(0, i).copy_(
          h
            .select(0, i - 1)
            .clone()
            .mul(w),
        );
      return h.sum();
    };
    run(w).backward();
    expect(w.grad!.item()).toBe(1 + 4 + 12);
    expect(autograd.gradgradcheck(run, w)).toBe(true);
  });

  test('retained gradients of a base and of a view', () => {
    const x = leaf([1, 2]);
    const b = x.mul(1);
    const v = b.narrow(0, 0, 1);
    b.retainGrad();
    v.retainGrad();
    v.mul_(3);
    b.mul(2).sum().add(v.sum()).backward();
    expect([b.grad!.toArray(), v.grad!.toArray(), x.grad!.toArray()]).toEqual([[3, 2], [1], [9, 2]]);
  });

  test.each<[string, () => void, string]>([
    [
      'unbind',
      () => void leaf([1, 2]).mul(1).unbind(0)[0]!.mul_(2),
      'Output 0 of Unbind is a view and is being modified inplace. This view is the output of a function that returns multiple views.',
    ],
    [
      'split',
      () => void leaf([1, 2]).mul(1).split(1)[1]!.mul_(2),
      'Output 1 of Split is a view and is being modified inplace. This view is the output of a function that returns multiple views. Such ' +
        'functions do not allow the output views to be modified inplace. You should replace the inplace operation by an out-of-place one.',
    ],
    [
      'split by sizes',
      () => void leaf([1, 2]).mul(1).split([1, 1])[0]!.mul_(2),
      'Output 0 of SplitWithSizes is a view and is being modified inplace.',
    ],
    [
      'a view of one of several',
      () => void leaf([1, 2]).mul(1).unbind(0)[0]!.unsqueeze(0).mul_(2),
      'This view is the output of a function that returns multiple views.',
    ],
    [
      'made in noGrad',
      () => {
        const b = leaf([1, 2]).mul(1);
        noGrad(() => b.narrow(0, 0, 1)).mul_(leaf([1]));
      },
      'A view was created in noGrad mode and is being modified inplace with grad mode enabled. Given that this use case is ambiguous and ' +
        'error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside the noGrad block ' +
        "(if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).",
    ],
  ])('%s: error', (_name, run, message) => {
    expect(run).toThrow(message);
  });

  test('at without an index is a view too', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    for (const view of [x.at(), x.at('...')]) {
      expect(view).not.toBe(x);
      expect([view.isLeaf, view.toArray()]).toEqual([false, [1, 2]]);
      expect(() => view.add_(1)).toThrow('a view of a leaf Variable that requires grad');
    }
  });

  test('a view older than its base’s requiresGrad may not change the leaf', () => {
    const x = tensor([1, 2, 3]);
    const view = x.narrow(0, 0, 2);
    x.requiresGrad_();
    expect(() => view.add_(1)).toThrow('a view of a leaf Variable that requires grad is being used in an in-place');
    expect(noGrad(() => view.mul_(10)).toArray()).toEqual([10, 20]);
    expect(x.toArray()).toEqual([10, 20, 3]);
  });

  test('a split output may be changed where nothing is tracked', () => {
    const b = zeros([4]);
    b.split(2)[1]!.fill_(1);
    expect(b.toArray()).toEqual([0, 0, 1, 1]);
  });

  test('a view of a disposed base is changed still', () => {
    const x = leaf([1, 2]);
    const b = x.mul(1);
    const v = b.narrow(0, 0, 1);
    b.dispose();
    v.mul_(3);
    v.sum().backward();
    expect(x.grad!.toArray()).toEqual([3, 0]);
  });
});
