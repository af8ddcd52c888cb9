import warnings

import torch
from helpers import forward
from torch import nn
from torch.ao.quantization import quantize_dynamic

warnings.simplefilter("ignore")  # of the coming move to torchao


def product(n):
    def setup():
        a, b = torch.randn(n, n, dtype=torch.bfloat16), torch.randn(n, n, dtype=torch.bfloat16)
        return lambda: torch.mm(a, b)

    return forward(setup)


def linear_bf16(rows, width):
    def setup():
        x, bias = torch.randn(rows, width, dtype=torch.bfloat16), torch.randn(width, dtype=torch.bfloat16)
        weight = torch.randn(width, width, dtype=torch.bfloat16)
        return lambda: torch.nn.functional.linear(x, weight, bias)

    return forward(setup)


def linear_int8(rows, width):
    """Weights in int8, the input quantised in each call."""

    def setup():
        layer = quantize_dynamic(nn.Sequential(nn.Linear(width, width)), {nn.Linear}, dtype=torch.qint8)[0]
        x = torch.randn(rows, width)
        return lambda: layer(x)

    return forward(setup)


SIZES = (64, 128, 256, 512, 1024, 2048)

TRIALS = {
    **{f"gemm bf16 {n}": product(n) for n in SIZES},
    **{f"linear bf16 {rows}x1024x1024": linear_bf16(rows, 1024) for rows in (1, 32)},
    **{f"linear int8 {n}": linear_int8(n, n) for n in SIZES},
    **{f"linear int8 {rows}x1024x1024": linear_int8(rows, 1024) for rows in (1, 32)},
}
