"""Spectral normalisation: every layer of D divided by its largest singular value.

Miyato 2018 (arXiv:1802.05957, algorithm 1). With σ(W) = 1 in every layer and
leaky ReLUs between, a fully connected D is nowhere steeper than 1 (dropout
multiplies by its 1/(1-p)). A convolution is normalised as the matrix (out, in·k·k)
of its weights, as in the paper: a bound, but not exactly 1. The estimate of σ
follows weights that move, so for a few moves a layer may stand at 1.1.

PyTorch's own version draws from the process-wide random numbers and turns its
iteration in every pass, G's included; this one turns when the trainer says so.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import ParametrizationList, register_parametrization

# A random start is far from the first singular vector; PyTorch makes as many turns.
TURNS_AT_START = 15


class SpectralNorm(nn.Module):
    """Divides a weight, seen as a matrix (out, everything else), by its estimated σ.

    ``u`` (out,) approaches the first left singular vector, one turn of the power
    iteration a D-move. It belongs to the state of a run.
    """

    u: Tensor

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.register_buffer("u", torch.ones(rows))

    def forward(self, weight: Tensor) -> Tensor:
        """Return W / ‖uᵀW‖; with the right u, ‖uᵀW‖ = σ(W). The gradient knows of both W."""
        return weight / torch.linalg.vector_norm(self.u @ weight.flatten(1))

    @torch.no_grad()
    def turn(self, weight: Tensor) -> None:
        """Make one turn of the power iteration: v ← Wᵀu, u ← Wv, each of length 1."""
        matrix = weight.flatten(1)
        v = normalize(self.u @ matrix, dim=0)
        self.u.copy_(normalize(matrix @ v, dim=0))


def add_spectral_norm(module: nn.Module) -> None:
    """Let all linear and convolutional layers work with W/σ(W)."""
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            norm = SpectralNorm(len(layer.weight))
            register_parametrization(layer, "weight", norm, unsafe=True)


def start_spectral_norm(module: nn.Module, random: torch.Generator) -> None:
    """Draw every u from ``random`` and turn it towards the singular vector."""
    for norm, weight in normalised(module):
        norm.u.copy_(normalize(torch.randn(norm.u.shape, generator=random), dim=0))
        for _ in range(TURNS_AT_START):
            norm.turn(weight)


def normalised(module: nn.Module) -> list[tuple[SpectralNorm, Tensor]]:
    """Return each spectral norm with the weight that it divides, as training moves it."""
    return [
        (layer[0], layer.original)
        for layer in module.modules()
        if isinstance(layer, ParametrizationList) and isinstance(layer[0], SpectralNorm)
    ]
