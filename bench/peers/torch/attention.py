from functools import partial

import torch.nn.functional as F
from helpers import both

causal = partial(F.scaled_dot_product_attention, is_causal=True)

TRIALS = {
    key: setup
    for length in (64, 128, 256, 512, 1024, 2048)
    for suffix, attend in (("", F.scaled_dot_product_attention), (" causal", causal))
    for key, setup in both(f"attention 12x{length}x64{suffix}", attend, *[[1, 12, length, 64]] * 3).items()
}
