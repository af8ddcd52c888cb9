import torch
import torch.nn.functional as F
from helpers import backward, both, forward


def cross_entropy():
    x, target = torch.randn(1024, 1000), torch.randint(0, 1000, (1024,))
    return lambda: F.cross_entropy(x, target)


def cross_entropy_backward():
    x, target = torch.randn(1024, 1000, requires_grad=True), torch.randint(0, 1000, (1024,))
    return F.cross_entropy(x, target), [x]


def softmax(rows):
    def setup():
        x = torch.randn(rows, 256)
        return lambda: x.softmax(-1)

    return setup


TRIALS = {
    **both("softmax 1024x1024", lambda x: x.softmax(-1), [1024, 1024]),
    **both("softmax 4096x1024", lambda x: x.softmax(-1), [4096, 1024]),
    **{f"softmax {rows}x256": forward(softmax(rows)) for rows in (1, 16, 256, 4096, 16384)},
    **both("logSoftmax 1024x1024", lambda x: x.log_softmax(-1), [1024, 1024]),
    "crossEntropy 1024x1000": forward(cross_entropy),
    "crossEntropy 1024x1000 backward": backward(cross_entropy_backward),
    **both("layerNorm 1024x1024", lambda x, w, b: F.layer_norm(x, [1024], w, b), [1024, 1024], [1024], [1024]),
    **both("layerNorm 4096x1024", lambda x, w, b: F.layer_norm(x, [1024], w, b), [4096, 1024], [1024], [1024]),
    **both("rmsNorm 1024x1024", lambda x, w: F.rms_norm(x, [1024], w), [1024, 1024], [1024]),
    **both("groupNorm 8x64x56x56", lambda x, w, b: F.group_norm(x, 32, w, b), [8, 64, 56, 56], [64], [64]),
    **both(
        "batchNorm 8x64x56x56, training",
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [8, 64, 56, 56],
        [64],
        [64],
    ),
}
