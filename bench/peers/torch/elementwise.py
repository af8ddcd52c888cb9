import torch
import torch.nn.functional as F
from helpers import backward, forward

MILLION = 1 << 20
SIZES = [4, 64, 1024, 16384, 262144, 4194304, 16777216]
UNARY = {
    "exp": torch.exp,
    "log": torch.log,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
    "silu": F.silu,
    "relu": torch.relu,
}


def binary(function, n):
    def setup():
        a, b = torch.randn(n), torch.randn(n)
        return lambda: function(a, b)

    return forward(setup)


def operand(name):
    return torch.randn(MILLION).abs() if name == "log" else torch.randn(MILLION)


def unary(name):
    def setup():
        x = operand(name)
        return lambda: UNARY[name](x)

    return forward(setup)


def unary_backward(name):
    def setup():
        x = operand(name).requires_grad_()
        return UNARY[name](x), [x]

    return backward(setup)


def add_row():
    a, row = torch.randn(1024, 1024), torch.randn(1024)
    return lambda: torch.add(a, row)


def exp_double():
    x = torch.randn(MILLION, dtype=torch.float64)
    return lambda: torch.exp(x)


def power():
    x, y = torch.rand(MILLION), torch.randn(MILLION)
    return lambda: torch.pow(x, y)


def dropout():
    x = torch.randn(MILLION)
    return lambda: F.dropout(x, 0.1)


def normals():
    return lambda: torch.randn(MILLION)


TRIALS = {
    "exp 1M float64": forward(exp_double),
    "pow 1M": forward(power),
    "dropout 1M": forward(dropout),
    "randn 1M": forward(normals),
    **{f"add {n} elements": binary(torch.add, n) for n in SIZES},
    "add 1M": binary(torch.add, MILLION),
    "mul 1M": binary(torch.mul, MILLION),
    "add 1024x1024 + row": forward(add_row),
    **{f"{name} 1M": unary(name) for name in UNARY},
    **{f"{name} 1M backward": unary_backward(name) for name in UNARY},
}
