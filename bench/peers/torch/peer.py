"""PyTorch's side: `python3 peer.py GROUP THREADS ROW…` prints a line of JSON for each row that the group's file has."""
import importlib
import json
import sys
import time
from statistics import median

import torch

MIN_SAMPLES, MAX_SAMPLES, SAMPLE_NS, BUDGET_NS, WARM_UP_NS = 5, 41, 4e6, 100e6, 80e6


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
    samples, spent = [], 0
    while len(samples) < MIN_SAMPLES or (len(samples) < MAX_SAMPLES and spent < BUDGET_NS):
        elapsed = time_of(work, runs)
        spent += elapsed
        samples.append(elapsed / runs)
    return median(samples)


group, threads, *names = sys.argv[1:]
torch.set_num_threads(int(threads))
trials = importlib.import_module(group).TRIALS
isa = torch.backends.cpu.get_cpu_capability()
print(json.dumps({"peer": f"torch {torch.__version__}", "isa": isa}), flush=True)
for name in names:
    if name in trials:
        setup = trials[name]
        with torch.inference_mode(setup.inference):
            print(json.dumps({"name": name, "ns": median_time(setup())}), flush=True)
