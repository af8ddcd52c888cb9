"""Writes what PyTorch's CPU generator gives, for test/native/random_test.cpp.

python test/parity/make_random_fixtures.py

PyTorch must run with AVX2 or better (its float32 normals differ by some last places without) and not on an Intel CPU
(where bernoulli_ draws from MKL).
"""

import pathlib

import torch

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


def main():
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
