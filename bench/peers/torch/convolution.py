import torch.nn.functional as F
from helpers import both

# name: input, weight, options of conv2d
CONVOLUTIONS = {
    "conv 64-64 3x3, 56x56": ([1, 64, 56, 56], [64, 64, 3, 3], {"padding": 1}),
    "conv 128-128 3x3, 28x28": ([1, 128, 28, 28], [128, 128, 3, 3], {"padding": 1}),
    "conv 256-256 3x3, 14x14": ([1, 256, 14, 14], [256, 256, 3, 3], {"padding": 1}),
    "conv 512-512 3x3, 7x7": ([1, 512, 7, 7], [512, 512, 3, 3], {"padding": 1}),
    "conv 3-64 7x7/2, 224x224": ([1, 3, 224, 224], [64, 3, 7, 7], {"stride": 2, "padding": 3}),
    "conv 64-128 3x3/2, 56x56": ([1, 64, 56, 56], [128, 64, 3, 3], {"stride": 2, "padding": 1}),
    "conv 64-256 1x1, 56x56": ([1, 64, 56, 56], [256, 64, 1, 1], {}),
    "conv depthwise 144 3x3, 56x56": ([1, 144, 56, 56], [144, 1, 3, 3], {"padding": 1, "groups": 144}),
    "conv 32-64 3x3, 26x26, batch 64": ([64, 32, 26, 26], [64, 32, 3, 3], {}),
}


def convolution(options):
    return lambda x, weight, bias: F.conv2d(x, weight, bias, **options)


TRIALS = {
    **{
        key: setup
        for name, (x, weight, options) in CONVOLUTIONS.items()
        for key, setup in both(name, convolution(options), x, weight, weight[:1]).items()
    },
    **both("convTranspose 64-32 4x4/2, 28x28", lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1), [1, 64, 28, 28], [64, 32, 4, 4], [32]),
}
