import torch
import torch.nn.functional as F
from helpers import step
from models import mlp784, tiny_mlp
from torch import nn


def mnist_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )


def row(model, optimizer, loss, inputs, target):
    def setup():
        net, x, expected = model(), inputs(), target()
        optim = optimizer(net.parameters())

        def work():
            optim.zero_grad()
            loss(net(x), expected).backward()
            optim.step()

        return work

    return step(setup)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01)


def classes():
    return torch.randint(0, 10, (64,))


TRIALS = {
    "MLP 10-50-2 step, batch 8, SGD": row(
        tiny_mlp, sgd, F.mse_loss, lambda: torch.randn(8, 10), lambda: torch.randn(8, 2)
    ),
    "MLP 784-512-512-10 step, batch 64, Adam": row(
        mlp784, torch.optim.Adam, F.cross_entropy, lambda: torch.randn(64, 784), classes
    ),
    "MNIST CNN step, batch 64, Adam": row(
        mnist_cnn, torch.optim.Adam, F.cross_entropy, lambda: torch.randn(64, 1, 28, 28), classes
    ),
}
