import torch
from helpers import forward

MILLION = 1 << 20


def add(n):
    def setup():
        a, b = torch.randn(n), torch.randn(n)
        return lambda: torch.add(a, b)

    return forward(setup)


def chain(n):
    def setup():
        a, b = torch.randn(n), torch.randn(n)
        return lambda: torch.relu(torch.mul(torch.add(a, b), b))

    return forward(setup)


def softmax():
    x = torch.randn(1024, 1024)
    return lambda: torch.softmax(x, -1)


ROWS = {
    **{f"add {n}": add(n) for n in [4, 1024, 4096, 16384, 65536, 262144]},
    "add 1M": add(MILLION),
    "softmax 1M": forward(softmax),
    "add, mul, relu 16384": chain(16384),
    "add, mul, relu 1M": chain(MILLION),
}
# Reference counts free a result when its name goes: both rows are the same work here.
TRIALS = {f"{name}, {kind}": setup for name, setup in ROWS.items() for kind in ["freed", "left"]}
