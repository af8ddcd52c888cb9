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


TRIALS = {
    **{f"add {n} elements": binary(torch.add, n) for n in SIZES},
    "add 1M": binary(torch.add, MILLION),
    "mul 1M": binary(torch.mul, MILLION),
    "add 1024x1024 + row": forward(add_row),
    **{f"{name} 1M": unary(name) for name in UNARY},
    **{f"{name} 1M backward": unary_backward(name) for name in UNARY},
}
