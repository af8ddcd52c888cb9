import torch
from helpers import both

MILLION = 1 << 20

TRIALS = {
    **both("sum 1M", torch.sum, [MILLION]),
    **both("sum 1024x1024 rows", lambda x: x.sum(1), [1024, 1024]),
    **both("sum 1024x1024 columns", lambda x: x.sum(0), [1024, 1024]),
    **both("mean 1024x1024 rows", lambda x: x.mean(1), [1024, 1024]),
    "argmax 1024x1024 rows": both("", lambda x: x.argmax(1), [1024, 1024])[""],
}
