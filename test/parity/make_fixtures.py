"""Writes PyTorch's results for the rows of cases.ts to fixtures/GROUP.json.gz, of all groups or of those named.

    npx tsx test/parity/exportCases.ts | python test/parity/make_fixtures.py [GROUP...]

Everything is computed in float64 (rows of one dtype in that one). Expressions in the rows see the inputs as a, b, c, d.
"""

import base64
import gzip
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
MASK = 0xFFFFFFFF
SPECIAL = [float("nan"), 1, float("inf"), -2.5, -float("inf"), 0.0, 0.5, -0.0, 3, -1, 100, -100]


def generator(seed):
    """mulberry32; see samples.ts."""
    state = seed & MASK
    while True:
        state = (state + 0x6D2B79F5) & MASK
        z = state
        z = ((z ^ (z >> 15)) * (z | 1)) & MASK
        z ^= (z + ((z ^ (z >> 7)) * (z | 61) & MASK)) & MASK
        yield z ^ (z >> 14)


def seed_of(text):
    hash_ = 0x811C9DC5
    for byte in text.encode():
        hash_ = ((hash_ ^ byte) * 0x01000193) & MASK
    return hash_


DRAW = {
    "any": lambda r, i, seed, below: ((r % 2049) - 1024) / 256,
    "positive": lambda r, i, seed, below: ((r % 1000) + 16) / 256,
    "unit": lambda r, i, seed, below: ((r % 255) + 1) / 256,
    "inside": lambda r, i, seed, below: ((r % 511) - 255) / 256,
    "above": lambda r, i, seed, below: ((r % 1000) + 272) / 256,
    "distinct": lambda r, i, seed, below: ((i * 37 + (seed % 64)) % 64) / 8 - 4 + (r % 8) / 256 + i // 64 * 8,
    "ties": lambda r, i, seed, below: (r % 3) - 1,
    "factors": lambda r, i, seed, below: 0 if r % 5 == 0 else ((r % 2049) - 1024) / 256,
    "special": lambda r, i, seed, below: SPECIAL[i % len(SPECIAL)],
    "index": lambda r, i, seed, below: r % below,
    "mask": lambda r, i, seed, below: r % 2,
}


def draw(spec, n, seed):
    source = generator(seed)
    return [DRAW[spec["kind"]](next(source), i, seed, spec["below"]) for i in range(n)]


def weights(shape, seed):
    n = 1
    for size in shape:
        n *= size
    return torch.tensor(draw({"kind": "any", "below": 0}, n, seed), dtype=torch.float64).reshape(shape)


def build(spec, seed):
    shape = list(spec["shape"])
    layout = spec["layout"]
    stored = {
        "contiguous": shape,
        "transposed": shape[::-1],
        "strided": shape[:-1] + [2 * n for n in shape[-1:]],
        "expanded": [1] + shape[1:],
    }[layout]
    n = 1
    for size in stored:
        n *= size
    data = torch.tensor(draw(spec, n, seed), dtype=torch.float64).reshape(stored)
    leaf = data.to(getattr(torch, spec["dtype"] or "float64")).requires_grad_(spec["grad"])
    value = {
        "contiguous": lambda: leaf,
        "transposed": lambda: leaf.permute(*range(len(shape) - 1, -1, -1)),
        "strided": lambda: leaf[..., ::2],
        "expanded": lambda: leaf.expand(shape),
    }[layout]()
    return leaf, value


def pack(tensor):
    """Shape, dtype and elements; a value that no float64 holds is never made here."""
    data = tensor.detach().to(torch.float64).numpy(force=True).tobytes()
    return [list(tensor.shape), str(tensor.dtype).removeprefix("torch."), base64.b64encode(data).decode()]


def evaluate(expression, values):
    names = dict(zip("abcdef", values), torch=torch, F=F)
    result = eval(expression, names)  # the rows are this repository's own
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    return [x if isinstance(x, torch.Tensor) else torch.tensor(x) for x in outputs]


def gradients(outputs, leaves, seed, create_graph):
    """Of the outputs' sum weighted with numbers drawn by seed; zeros where there is no path."""
    pairs = [(y, weights(y.shape, seed + i)) for i, y in enumerate(outputs) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in leaves]
    total = sum((y * w.to(y.dtype)).sum() for y, w in pairs)
    found = torch.autograd.grad(total, leaves, create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(leaves, found)]


def run(row, sample, name):
    built = [build(spec, seed_of(f"{name}/{i}")) for i, spec in enumerate(sample["inputs"])]
    outputs = evaluate(row["torch"], [value for _, value in built])
    fixture = {"out": [pack(x) for x in outputs]}
    leaves = [leaf for leaf, _ in built if leaf.requires_grad]
    if sample["depth"] > 0 and leaves:
        first = gradients(outputs, leaves, seed_of(f"{name}/g"), sample["depth"] > 1)
        fixture["grad"] = [pack(x) for x in first]
        if sample["depth"] > 1:
            try:
                second = gradients(first, leaves, seed_of(f"{name}/h"), False)
                fixture["double"] = [pack(x) for x in second]
            except RuntimeError as error:
                # PyTorch cannot differentiate every backward twice; ours is then compared up to the first.
                if "is not implemented" not in str(error):
                    raise
    return fixture


def check_error(row, number):
    values = [build(spec, seed_of(f"{row['name']}!{number}/{i}"))[1] for i, spec in enumerate(row["inputs"])]
    try:
        evaluate(row["torch"], values)
    except Exception:
        return
    sys.exit(f"{row['name']}: PyTorch raises no error for {row['torch']}")


def write(group, rows):
    fixtures = {}
    for row in rows:
        for i, sample in enumerate(row["samples"]):
            name = f"{row['name']}#{i}"
            try:
                fixtures[name] = run(row, sample, name)
            except Exception as error:
                sys.exit(f"{name}: {row['torch']}: {error}")
    text = json.dumps(fixtures, separators=(",", ":"), sort_keys=True)
    with gzip.GzipFile(HERE / "fixtures" / f"{group}.json.gz", "wb", 9, mtime=0) as file:
        file.write(text.encode())
    print(f"{group}: {len(fixtures)} samples of {len(rows)} rows, torch {torch.__version__}", file=sys.stderr)


def main():
    cases = json.load(sys.stdin)
    for group in sys.argv[1:] or cases["groups"]:
        write(group, cases["groups"][group])
    for number, row in enumerate(cases["errors"]):
        check_error(row, number)


main()
