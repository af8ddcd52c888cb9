import torch.nn.functional as F
from helpers import both

TRIALS = {
    **both("maxPool 64 3x3/2, 112x112", lambda x: F.max_pool2d(x, 3, 2, 1), [1, 64, 112, 112]),
    **both("maxPool 64 2x2, 24x24, batch 64", lambda x: F.max_pool2d(x, 2), [64, 64, 24, 24]),
    **both("avgPool 64 2x2, 112x112", lambda x: F.avg_pool2d(x, 2), [1, 64, 112, 112]),
    **both("avgPool 512 to 1x1, 7x7, batch 8", lambda x: F.adaptive_avg_pool2d(x, 1), [8, 512, 7, 7]),
}
