"""The kinds of rows, as bench/trials/trial.ts has them. A setup makes the operands and returns the timed work."""
import torch


def forward(setup):
    """A forward in inference mode."""

    def timed():
        return setup()

    timed.inference = True
    return timed


def backward(setup):
    """The gradients alone; setup returns (output, inputs)."""

    def timed():
        output, inputs = setup()
        ones = torch.ones_like(output)
        return lambda: torch.autograd.grad(output, inputs, ones, retain_graph=True)

    timed.inference = False
    return timed


def step(setup):
    """Work that records graphs."""

    def timed():
        return setup()

    timed.inference = False
    return timed


def leaf(*shape, **options):
    return torch.randn(*shape, requires_grad=True, **options)


def both(name, apply, *shapes):
    """Two rows, forward and backward, of a function of random tensors."""

    def setup_forward():
        operands = [torch.randn(shape) for shape in shapes]
        return lambda: apply(*operands)

    def setup_backward():
        operands = [leaf(shape) for shape in shapes]
        return apply(*operands), operands

    return {name: forward(setup_forward), f"{name} backward": backward(setup_backward)}
