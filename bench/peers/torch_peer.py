"""PyTorch's side of bench/trials.ts: `python3 torch_peer.py NAME THREADS` prints {"version", "isa", "ns"}."""
import json
import sys
import time
from statistics import median

import torch
import torch.nn.functional as F
from torch import nn

SAMPLES, SAMPLE_NS, WARM_UP_NS = 41, 5e6, 300e6


def tiny_mlp():
    return nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 2), nn.Sigmoid())


def add_4():
    a, b = torch.tensor([1.0, 2, 3, 4]), torch.tensor([5.0, 6, 7, 8])
    return lambda: torch.add(a, b)


def mlp_forward():
    model, x = tiny_mlp(), torch.randn(1, 10)

    def work():
        with torch.inference_mode():
            model(x)

    return work


def mlp_step():
    model = tiny_mlp()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, target = torch.randn(8, 10), torch.randn(8, 2)

    def work():
        optimizer.zero_grad()
        F.mse_loss(model(x), target).backward()
        optimizer.step()

    return work


def gemm(n):
    def setup():
        a, b = torch.randn(n, n), torch.randn(n, n)
        return lambda: torch.mm(a, b)

    return setup


TRIALS = {
    "add, 4 elements": add_4,
    "MLP 10-50-2 forward, batch 1": mlp_forward,
    "MLP 10-50-2 training step, batch 8, SGD": mlp_step,
    **{f"gemm {n}": gemm(n) for n in (64, 128, 256, 512, 1024)},
}


def time_of(work, runs):
    begin = time.perf_counter_ns()
    for _ in range(runs):
        work()
    return time.perf_counter_ns() - begin


def median_time(work):
    runs, warm = 1, 0
    while warm < WARM_UP_NS:
        elapsed = time_of(work, runs)
        warm += elapsed
        runs = max(1, round(runs * SAMPLE_NS / max(elapsed, 1)))
    return median(time_of(work, runs) / runs for _ in range(SAMPLES))


name, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
isa = torch.backends.cpu.get_cpu_capability()
print(json.dumps({"version": torch.__version__, "isa": isa, "ns": median_time(TRIALS[name]())}))
