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


def linear_int8(n):
    """Weights in int8, the input quantised in each call."""

    def setup():
        model = nn.Sequential(nn.Linear(n, n))
        quantised, x = quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8), torch.randn(n, n)
        return lambda: quantised(x)

    return forward(setup)


TRIALS = {
    **{f"gemm bf16 {n}": product(n) for n in (64, 128, 256, 512, 1024, 2048)},
    **{f"linear int8 {n}": linear_int8(n) for n in (128, 256, 512, 1024, 2048)},
}
