import torch
from helpers import forward


def product(n):
    def setup():
        a, b = torch.randn(n, n, dtype=torch.bfloat16), torch.randn(n, n, dtype=torch.bfloat16)
        return lambda: torch.mm(a, b)

    return forward(setup)


TRIALS = {f"gemm bf16 {n}": product(n) for n in (64, 128, 256, 512, 1024, 2048)}
