"""Trains the network of examples/digits with PyTorch for one epoch and writes the loss of every batch.

    python test/examples/make_digits_fixture.py
"""

import csv
import gzip
import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]

with gzip.open(ROOT / "examples/data/digits.csv.gz", "rt") as file:
    rows = torch.tensor([[float(value) for value in row] for row in csv.reader(file)])

curves = {}
for seed in (0, 1):
    torch.manual_seed(seed)
    train = rows[torch.randperm(len(rows))[: int(len(rows) * 0.8)]]
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses = []
    for batch in torch.randperm(len(train)).split(32):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(train[batch, :64] / 16), train[batch, 64].long())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    curves[seed] = losses

(ROOT / "test/examples/digits.json").write_text(json.dumps(curves) + "\n")
