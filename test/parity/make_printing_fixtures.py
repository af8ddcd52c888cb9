"""Writes what PyTorch prints for random tensors to printing.json.gz.

    python test/parity/make_printing_fixtures.py
"""

import base64
import gzip
import json
import pathlib
import random

import torch

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = [torch.float32, torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool]
LONG = [[1001], [40, 40], [7, 200], [3, 4, 100], [2, 3, 7, 50], [1, 1200], [1200, 1], [11, 11, 11], [4, 3, 2, 50]]
# Exact ties, thresholds of scientific notation, carries into the exponent.
NUMBERS = [100005, 1.5e10, 0.03125, 0.09375, 1e-5, 1e-4, 123456.5, 2.5, 99999.99, 1e8, 1.0001e8, 16777216, 2**-13, 1000.5]


def random_shape():
    if random.random() < 0.08:
        return random.choice(LONG)
    sizes = [1, 2, 3, 5, 7, 0] if random.random() < 0.2 else [1, 2, 3, 4, 7, 9]
    return [random.choice(sizes) for _ in range(random.choice([0, 1, 1, 2, 2, 3, 4]))]


def random_floats(shape, dtype):
    x = torch.randn(shape, dtype=dtype) * 10.0 ** random.choice([0, 0, 0, 0, 1, 2, 3, 5, 8, -2, -4, -6])
    form = random.random()
    if form < 0.25:
        x = torch.round(x)
    elif form < 0.4:
        x = torch.round(x * 32) / 32
    elif form < 0.5:
        x = x * 0
    if random.random() < 0.15 and x.numel():
        x.view(-1)[random.randrange(x.numel())] = random.choice([float("nan"), float("inf"), -float("inf")])
    return x


def random_tensor():
    shape, dtype = random_shape(), random.choice(DTYPES)
    if dtype.is_floating_point:
        return random_floats(shape, dtype)
    if dtype == torch.bool:
        return torch.rand(shape) > 0.5
    bound = 250 if dtype == torch.uint8 else 10 ** random.choice([1, 3, 8])
    return torch.randint(0 if dtype == torch.uint8 else -bound, bound, shape).to(dtype)


def main():
    random.seed(1)
    torch.manual_seed(1)
    tensors = [random_tensor() for _ in range(300)]
    for number in NUMBERS:
        tensors += [torch.tensor([number], dtype=torch.float64), torch.tensor([float(number), 1]), torch.tensor(float(number))]
    tensors += [torch.tensor([float("nan")]), torch.tensor([float("inf"), float("nan")])]
    rows = []
    for x in tensors:
        data = base64.b64encode(x.to(torch.float64).numpy().tobytes()).decode()
        rows.append([list(x.shape), str(x.dtype).removeprefix("torch."), data, str(x)])
    with gzip.GzipFile(HERE / "printing.json.gz", "wb", 9, mtime=0) as file:
        file.write(json.dumps(rows, separators=(",", ":")).encode())


main()
