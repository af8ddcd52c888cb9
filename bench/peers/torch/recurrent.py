import torch
from helpers import backward, forward
from torch import nn


def rows(name, layer, batch):
    """64 steps of 128 features to 256."""

    def setup():
        model, x = layer(128, 256), torch.randn(64, batch, 128)
        return lambda: model(x)

    def setup_backward():
        model, x = layer(128, 256), torch.randn(64, batch, 128, requires_grad=True)
        return model(x)[0], [x, *model.parameters()]

    label = f"{name} 128-256, 64 steps, batch {batch}"
    return {label: forward(setup), f"{label} backward": backward(setup_backward)}


TRIALS = {
    **rows("LSTM", nn.LSTM, 1),
    **rows("LSTM", nn.LSTM, 32),
    **rows("GRU", nn.GRU, 1),
    **rows("GRU", nn.GRU, 32),
}
