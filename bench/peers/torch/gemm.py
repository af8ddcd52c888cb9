import torch
from helpers import forward

DTYPES = {"f32": torch.float32, "f64": torch.float64}
SQUARES = [32, 64, 128, 256, 512, 1024, 2048]
ODD = [(333, 777, 555), (1000, 3, 1000), (17, 4096, 17)]


def product(m, k, n, dtype, layout="NN"):
    def operand(rows, columns, transposed):
        if transposed:
            return torch.randn(columns, rows, dtype=dtype).t()
        return torch.randn(rows, columns, dtype=dtype)

    def setup():
        a, b = operand(m, k, layout[0] == "T"), operand(k, n, layout[1] == "T")
        return lambda: torch.mm(a, b)

    return forward(setup)


def matrix_vector(m, k, transposed):
    def setup():
        a = torch.randn(k, m).t() if transposed else torch.randn(m, k)
        x = torch.randn(k)
        return lambda: torch.mv(a, x)

    return forward(setup)


def batched():
    a, b = torch.randn(64, 128, 64), torch.randn(64, 64, 128)
    return lambda: torch.bmm(a, b)


def linear(batch):
    def setup():
        layer, x = torch.nn.Linear(512, 512), torch.randn(batch, 512)
        return lambda: layer(x)

    return forward(setup)


TRIALS = {
    **{f"gemm {name} {n}": product(n, n, n, dtype) for name, dtype in DTYPES.items() for n in SQUARES},
    **{f"gemm {name} {m}x{k}x{n}": product(m, k, n, dtype) for name, dtype in DTYPES.items() for m, k, n in ODD},
    **{f"gemm f32 512 {layout}": product(512, 512, 512, torch.float32, layout) for layout in ("NT", "TN", "TT")},
    **{f"gemv {m}x{k}": matrix_vector(m, k, False) for m, k in ((768, 3072), (4096, 4096))},
    **{f"gemv {m}x{k} transposed": matrix_vector(m, k, True) for m, k in ((768, 3072), (4096, 4096))},
    **{f"linear 512-512, batch {batch}": linear(batch) for batch in (1, 4, 16, 64, 256, 1024)},
    "bmm 64x128x64x128": forward(batched),
}
