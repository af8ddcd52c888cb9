import torch
from helpers import forward
from torch import nn


def tiny_mlp():
    return nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 2), nn.Sigmoid())


def mlp784():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def resnet18():
    stages, inputs = [], 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        stages += [BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 1000),
    )


def encoder():
    layer = nn.TransformerEncoderLayer(384, 12, 1536, activation="gelu", batch_first=True)
    return nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)


def row(model, *shape):
    def setup():
        net, x = model().eval(), torch.randn(*shape)
        return lambda: net(x)

    return forward(setup)


TRIALS = {
    "MLP 10-50-2, batch 1": row(tiny_mlp, 1, 10),
    **{f"MLP 784-512-512-10, batch {batch}": row(mlp784, batch, 784) for batch in (1, 32, 256)},
    "ResNet-18, 1x3x224x224": row(resnet18, 1, 3, 224, 224),
    "encoder 6x384, 1x128": row(encoder, 1, 128, 384),
    "encoder 6x384, 8x128": row(encoder, 8, 128, 384),
}
