"""Writes what PyTorch's CPU generator gives, for test/native/random_test.cpp and test/parity/random.test.ts.

python test/parity/make_random_fixtures.py

PyTorch must run with AVX2 or better (its float32 normals differ by some last places without) and not on an Intel CPU
(where bernoulli_ draws from MKL).
"""

import json
import math
import pathlib

import torch
from torch.nn import functional, init

HERE = pathlib.Path(__file__).resolve().parent
F32, F64 = torch.float32, torch.float64
DTYPES = [torch.float32, torch.float64, torch.int32, torch.int64, torch.uint8, torch.bool]  # native/dtype.h


def filled(dtype, n, method, *args):
    return getattr(torch.empty(n, dtype=dtype), method)(*args)


# name → f(n, a, b); the native test has a function of the same name.
OPS = {
    "uniform_f32": lambda n, a, b: filled(F32, n, "uniform_", a, b),
    "uniform_f64": lambda n, a, b: filled(F64, n, "uniform_", a, b),
    "normal_f32": lambda n, a, b: filled(F32, n, "normal_", a, b),
    "normal_f64": lambda n, a, b: filled(F64, n, "normal_", a, b),
    "normal_serial": lambda n, a, b: torch.empty(n, 2, dtype=F64)[:, 0].normal_(a, b),
    "exponential": lambda n, a, b: filled(F64, n, "exponential_", a),
    "log_normal": lambda n, a, b: filled(F64, n, "log_normal_", a, b),
    "cauchy": lambda n, a, b: filled(F64, n, "cauchy_", a, b),
    "geometric": lambda n, a, b: filled(F64, n, "geometric_", a),
    "random_from_to": lambda n, a, b: torch.randint(int(a), int(b), (n,)),
    "random_full": lambda n, a, b: filled(DTYPES[int(a)], n, "random_").to(torch.int64),
    "randperm": lambda n, a, b: torch.randperm(n),
    "bernoulli_scalar": lambda n, a, b: filled(torch.uint8, n, "bernoulli_", a),
    "bernoulli_f32": lambda n, a, b: torch.bernoulli(torch.rand(n)).to(torch.uint8),
    "bernoulli_f64": lambda n, a, b: torch.bernoulli(torch.rand(n, dtype=F64)).to(torch.uint8),
    "multinomial_f32": lambda n, a, b: torch.multinomial(torch.rand(2, n), int(a), True),
    "multinomial_f64": lambda n, a, b: torch.multinomial(torch.rand(2, n, dtype=F64), int(a), True),
}

SEEDS = [0, 1, 1234567, 2**63 + 11, 2**64 - 3]
SIZES = [1, 2, 15, 16, 17, 33, 64, 640, 1025]
PARAMETERS = {
    "uniform_f32": [(0, 1), (-0.31622776601683794, 0.31622776601683794), (0.1, 0.1001), (-1e-39, 2e-39)],
    "uniform_f64": [(0, 1), (-0.3, 0.17)],
    "normal_f32": [(0, 1), (0.1, 0.7), (3, 0), (1e-41, 1e-18), (0, 1e-39)],
    "normal_f64": [(0, 1), (0.1, 0.7)],
    "normal_serial": [(0, 1), (0.1, 0.7)],
    "exponential": [(1, 0), (1.7, 0)],
    "log_normal": [(0.3, 1.7)],
    "cauchy": [(0.3, 1.7)],
    "geometric": [(0.3, 0)],
    "random_from_to": [(0, 100), (-5, 7), (0, 2**28 - 1), (0, 2**28), (-(2**62), 2**62)],
    "random_full": [(code, 0) for code in range(len(DTYPES))],
    "randperm": [(0, 0)],
    "bernoulli_scalar": [(0, 0), (0.1, 0), (0.5, 0), (1, 0)],
    "bernoulli_f32": [(0, 0)],
    "bernoulli_f64": [(0, 0)],
    "multinomial_f32": [(7, 0)],
    "multinomial_f64": [(7, 0)],
}


def fnv(tensor):
    """64-bit FNV-1a over the elements' bytes."""
    h = 0xCBF29CE484222325
    for byte in tensor.contiguous().numpy().tobytes():
        h = (h ^ byte) * 0x100000001B3 & (2**64 - 1)
    return h


def number(value):
    return float(value).hex() if isinstance(value, float) else str(value) + ".0"


def row(op, seed, n, a, b, repeat):
    torch.manual_seed(seed)
    for _ in range(repeat):
        y = OPS[op](n, a, b)
    after = torch.empty(1, dtype=torch.int32).random_().item()
    y = y.flatten()
    head, tail = ([number(v) for v in part.tolist()] for part in (y[:3], y[-3:]))
    return (
        f'{{"{op}", {seed}u, {n}, {number(a)}, {number(b)}, {repeat}, 0x{fnv(y):x}u, {after}u, '
        f'{{{", ".join(head)}}}, {{{", ".join(tail)}}}}},\n'
    )


def with_gradient(f, x):
    """f(x) and the gradient of its sum, side by side."""
    x.requires_grad_()
    y = f(x)
    y.sum().backward()
    return torch.stack([y.detach(), x.grad])


def every_other(n):
    return torch.empty(n, 2)[:, 0]


def filled_with(f, *shape, dtype=F32):
    return f(torch.empty(shape, dtype=dtype))


def linear(*widths):
    layer = torch.nn.Linear(*widths)
    return torch.cat([layer.weight.detach().flatten(), layer.bias.detach()])


# name → result; test/parity/random.test.ts has a table of the same names.
CASES = {
    "rand": lambda: torch.rand(3, 7),
    "rand float64": lambda: torch.rand(5, dtype=F64),
    "rand of nothing": lambda: torch.rand(2, 0),
    "rand of rank 0": lambda: torch.rand([]),
    "randn small": lambda: torch.randn(15),
    "randn small twice": lambda: torch.cat([torch.randn(3), torch.randn(4)]),
    "randn in blocks": lambda: torch.randn(4, 16),
    "randn ragged": lambda: torch.randn(5, 7),
    "randn float64": lambda: torch.randn(3, 3, dtype=F64),
    "randn float64 in blocks": lambda: torch.randn(35, dtype=F64),
    "randLike transposed": lambda: torch.rand_like(torch.empty(3, 5).t()),
    "randnLike transposed": lambda: torch.randn_like(torch.empty(3, 7).t()),
    "randnLike permuted": lambda: torch.randn_like(torch.empty(2, 3, 4).permute(1, 2, 0)),
    "randLike expanded": lambda: torch.rand_like(torch.empty(3, 1).expand(3, 4)),
    "randLike expanded outside": lambda: torch.rand_like(torch.empty(4, 1, 3).permute(2, 1, 0).expand(3, 5, 4)),
    "randint": lambda: torch.randint(0, 100, (6,)),
    "randint from 0": lambda: torch.randint(10, (3, 2)),
    "randint wide": lambda: torch.randint(-(2**40), 2**40, (4,)),
    "randint float32": lambda: torch.randint(-3, 3, (5,), dtype=F32),
    "randint uint8": lambda: torch.randint(0, 256, (5,), dtype=torch.uint8),
    "randintLike": lambda: torch.randint_like(torch.empty(3, 2).t(), 5, 9),
    "randperm": lambda: torch.randperm(10),
    "randperm 1": lambda: torch.randperm(1),
    "randperm int32": lambda: torch.randperm(70, dtype=torch.int32),
    "normal of tensors": lambda: torch.normal(torch.arange(6.0).view(2, 3), torch.tensor([0.5, 1, 2])),
    "normal of mean": lambda: torch.normal(torch.arange(20.0), 0.25),
    "normal of std": lambda: torch.normal(3.0, torch.arange(4, dtype=F64)),
    "normal of numbers": lambda: torch.normal(1.0, 0.02, (18,)),
    "bernoulli": lambda: torch.bernoulli(torch.linspace(0, 1, 40)),
    "bernoulli float64": lambda: torch.bernoulli(torch.linspace(0, 1, 40, dtype=F64)),
    "bernoulli transposed": lambda: torch.bernoulli(torch.linspace(0, 1, 40).view(5, 8).t()),
    "multinomial one": lambda: torch.multinomial(torch.arange(9.0), 1),
    "multinomial some": lambda: torch.multinomial(torch.arange(30.0).view(3, 10), 6),
    "multinomial with replacement": lambda: torch.multinomial(torch.arange(30.0, dtype=F64).view(3, 10), 8, True),
    "uniform_": lambda: torch.empty(20).uniform_(-0.3, 0.17),
    "uniform_ transposed": lambda: torch.empty(4, 5).t().uniform_(),
    "uniform_ every other": lambda: every_other(6).uniform_(2, 3),
    "normal_": lambda: torch.empty(20).normal_(2, 0.5),
    "normal_ transposed": lambda: torch.empty(6, 5).t().normal_(),
    "normal_ every other": lambda: every_other(20).normal_(),
    "logNormal_": lambda: torch.empty(5).log_normal_(),
    "cauchy_": lambda: torch.empty(5, dtype=F64).cauchy_(1, 2),
    "exponential_": lambda: torch.empty(5).exponential_(3),
    "geometric_": lambda: torch.empty(9, dtype=torch.int64).geometric_(0.25),
    "bernoulli_": lambda: torch.empty(9).bernoulli_(0.3),
    "bernoulli_ bool": lambda: torch.empty(9, dtype=torch.bool).bernoulli_(),
    "bernoulli_ of tensor": lambda: torch.empty(5, 4).t().bernoulli_(torch.linspace(0, 1, 5)),
    "random_ float32": lambda: torch.empty(5).random_(),
    "random_ float64": lambda: torch.empty(5, dtype=F64).random_(),
    "random_ int32": lambda: torch.empty(5, dtype=torch.int32).random_(),
    "random_ uint8": lambda: torch.empty(5, dtype=torch.uint8).random_(),
    "random_ bool": lambda: torch.empty(9, dtype=torch.bool).random_(),
    "random_ to": lambda: torch.empty(5, dtype=torch.int32).random_(7),
    "random_ from to": lambda: torch.empty(5).random_(-2, 3),
    "dropout": lambda: with_gradient(lambda x: functional.dropout(x, 0.3), torch.arange(-12.0, 12).view(4, 6)),
    "dropout transposed": lambda: functional.dropout(torch.arange(-12.0, 12).view(4, 6).t(), 0.5),
    "dropout float64": lambda: functional.dropout(torch.arange(9, dtype=F64), 0.1),
    "dropout all": lambda: with_gradient(lambda x: functional.dropout(x, 1.0), torch.ones(3)),
    "dropout none": lambda: functional.dropout(torch.ones(3), 0.0),
    "Linear": lambda: linear(10, 50),
    "init.uniform_": lambda: filled_with(lambda w: init.uniform_(w, -0.1, 0.3), 3, 5),
    "init.normal_": lambda: filled_with(lambda w: init.normal_(w, 1, 0.02), 4, 5),
    "init.xavierUniform_": lambda: filled_with(lambda w: init.xavier_uniform_(w, init.calculate_gain("tanh")), 3, 5),
    "init.xavierNormal_": lambda: filled_with(init.xavier_normal_, 3, 5, 2, 2),
    "init.kaimingUniform_": lambda: filled_with(init.kaiming_uniform_, 3, 5),
    "init.kaimingUniform_ fanOut": lambda: filled_with(
        lambda w: init.kaiming_uniform_(w, math.sqrt(5), "fan_out"), 3, 5, 3, dtype=F64
    ),
    "init.kaimingNormal_": lambda: filled_with(lambda w: init.kaiming_normal_(w, nonlinearity="relu"), 3, 6),
    "init.truncNormal_": lambda: filled_with(lambda w: init.trunc_normal_(w, std=1.5), 8, 5),
    "init.truncNormal_ float64": lambda: filled_with(lambda w: init.trunc_normal_(w, std=1.5), 8, 5, dtype=F64),
    "init.truncNormal_ narrow": lambda: filled_with(lambda w: init.trunc_normal_(w, 0.1, 1, -0.2, 0.3), 8, 5),
    "init.truncNormal_ tail": lambda: filled_with(lambda w: init.trunc_normal_(w, 0, 1, 1.5, 4), 8, 5, dtype=F64),
    "init.orthogonal_ tall": lambda: filled_with(lambda w: init.orthogonal_(w, 2**0.5), 7, 4),
    "init.orthogonal_ wide": lambda: filled_with(init.orthogonal_, 4, 3, 3),
    "init.orthogonal_ square": lambda: filled_with(init.orthogonal_, 16, 16, dtype=F64),
    "init.sparse_": lambda: filled_with(lambda w: init.sparse_(w, 0.3), 7, 4),
    "init.eye_": lambda: filled_with(init.eye_, 3, 5),
    "init.dirac_": lambda: filled_with(lambda w: init.dirac_(w, 2), 6, 2, 3, 2),
}


def case(f, seed):
    torch.manual_seed(seed)
    y = f()
    after = torch.empty(1, dtype=torch.int32).random_().item()
    return {"shape": list(y.shape), "values": [float(v) for v in y.flatten().tolist()], "after": after}


def main():
    results = {str(seed): {name: case(f, seed) for name, f in CASES.items()} for seed in (0, 987654321)}
    (HERE.parent / "fixtures").mkdir(exist_ok=True)
    lines = ",\n".join(
        f"{json.dumps(seed)}: {{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()) + "\n}"
        for seed, rows in results.items()
    )
    (HERE.parent / "fixtures" / "random.json").write_text(f"{{\n{lines}\n}}\n")

    rows = []
    for op, parameters in PARAMETERS.items():
        for i, (a, b) in enumerate(parameters):
            for j, n in enumerate(SIZES):
                # The second call of a pair finds the first one's waiting half of a Box-Muller pair.
                rows.append(row(op, SEEDS[(i + j) % len(SEEDS)], n, a, b, 1 + j % 2))
    out = HERE.parent / "native" / "random_expected.inc"
    out.write_text(f"// Written by test/parity/make_random_fixtures.py with PyTorch {torch.__version__}.\n" + "".join(rows))


if __name__ == "__main__":
    main()
