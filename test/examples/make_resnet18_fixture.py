"""Writes the weights of a narrow ResNet-18 and what PyTorch computes with them, for resnet18.test.ts.

    python test/examples/make_resnet18_fixture.py

The model is torchvision's, written anew: the same names, the same order of construction. resnet18.json has the outputs
in evaluation, the outputs and running statistics of a training step, and sums of its gradients; the full-size model is
known by its outputs alone, since its seed gives its weights. resnet18.safetensors has the narrow model's state dict.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = downsample

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


def stage(inputs, outputs, stride):
    downsample = None
    if stride != 1:
        downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    return nn.Sequential(BasicBlock(inputs, outputs, stride, downsample), BasicBlock(outputs, outputs))


class ResNet18(nn.Module):
    def __init__(self, width=64, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = stage(width, width, 1)
        self.layer2 = stage(width, 2 * width, 2)
        self.layer3 = stage(2 * width, 4 * width, 2)
        self.layer4 = stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def randomise(model):
    """Running statistics and affine parameters as after training, so that no name can be mixed up unseen."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_mean") or name.endswith("bias"):
                tensor.copy_(torch.randn(tensor.shape) * 0.1)
            elif name.endswith("running_var"):
                tensor.copy_(torch.rand(tensor.shape) + 0.5)
            elif tensor.dim() == 1:
                tensor.copy_(torch.rand(tensor.shape) + 0.5)


def save_safetensors(path, state):
    """The format is a JSON header behind its length, then the tensors' bytes."""
    header, data = {}, b""
    for name, tensor in state.items():
        raw = tensor.numpy().tobytes()
        dtype = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


torch.manual_seed(0)
narrow = ResNet18(width=4, classes=10)
randomise(narrow)
save_safetensors(HERE / "resnet18.safetensors", narrow.state_dict())
torch.manual_seed(1)
x = torch.randn(4, 3, 64, 64)
target = torch.tensor([1, 7, 0, 3])
fixture = {"printed": str(narrow)}
narrow.eval()
fixture["evaluation"] = narrow(x).tolist()
narrow.train()
y = narrow(x)
F.cross_entropy(y, target).backward()
fixture["training"] = y.tolist()
fixture["runningMean"] = narrow.layer4[1].bn2.running_mean.tolist()
fixture["runningVar"] = narrow.layer2[0].downsample[1].running_var.tolist()
# Each gradient by its sum with the weights 1, 2, … 7, 1, 2, …, which sees an element in a wrong place.
fixture["gradients"] = {
    name: float((p.grad.flatten().double() * (torch.arange(p.numel()) % 7 + 1)).sum() / p.numel())
    for name, p in narrow.named_parameters()
}

torch.manual_seed(0)
full = ResNet18().eval()
fixture["full"] = full(torch.randn(1, 3, 224, 224))[0, :16].tolist()

(HERE / "resnet18.json").write_text(json.dumps(fixture) + "\n")
