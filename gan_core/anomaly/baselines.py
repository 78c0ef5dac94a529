"""Two scorers without a network. On MNIST they are hard to beat."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gan_core.anomaly.scorer import Explanation, checked, explained
from gan_core.config import SettingError

# So many pictures are compared at a time.
BATCH = 200


class PixelNeighbour:
    """The distance to the nearest normal picture, pixel by pixel.

    score = min over training pictures t of |x - t|, Euclidean, pixels in 0..1. Nothing is learned.
    With ``unit_length`` both are first divided by their own length, x/|x|: then a bold stroke
    costs no more than a thin one.

    Args:
        training: normal pictures (N, 1, 28, 28) in [-1, 1].
        unit_length: whether to compare directions alone.
    """

    def __init__(self, training: Tensor, *, unit_length: bool = False) -> None:
        self._unit_length = unit_length
        self._training = checked(training, "training")
        self._rows = self._comparable(training)
        self._middle = self._rows.mean(0)  # nearer to 0 float32 is finer
        self._rows = self._rows - self._middle
        self._half_squares = self._rows.square().sum(1) / 2

    def score(self, images: Tensor) -> Tensor:
        """Return the distance to the nearest training picture, (N,)."""
        parts = checked(images).split(BATCH)
        return torch.cat([self._nearest(part)[0] for part in parts])

    def explain(self, images: Tensor) -> Explanation:
        """Return the nearest training picture of each."""
        parts = checked(images).split(BATCH)
        nearest = torch.cat([self._nearest(part)[1] for part in parts])
        return explained(images, self._training[nearest])

    def _nearest(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return distances and places of the nearest.

        An anomaly is far from everything, so sketches as in ``metrics.neighbours`` would rule
        out next to nothing: here the product of all pixels is the faster way.
        """
        rows = self._comparable(images) - self._middle
        nearest = torch.addmm(self._half_squares, rows, self._rows.T, alpha=-1).argmin(1)
        return (rows - self._rows[nearest]).norm(dim=1), nearest

    def _comparable(self, images: Tensor) -> Tensor:
        rows = (images.flatten(1) + 1) / 2
        return normalize(rows) if self._unit_length else rows


class PcaResidual:
    """What the first principal components of the normal pictures leave out.

    score = |x - x'|² / n with x' = m + P Pᵀ (x - m), pixels in 0..1; n = 784 pixels. An
    autoencoder of linear layers would learn the same subspace (Baldi & Hornik 1989).

    Args:
        training: normal pictures (N, 1, 28, 28) in [-1, 1].
        components: how many columns P has, 1 to 784, and fewer than there are pictures. 64 is
            as many as the coordinates of z in the "fast" recipe.
    """

    def __init__(self, training: Tensor, components: int = 64) -> None:
        from sklearn.decomposition import PCA  # a second to import, needed only here

        rows = checked(training, "training").flatten(1)
        most = min(len(rows) - 1, rows.shape[1])
        if not 1 <= components <= most:
            raise SettingError("components", f"a whole number from 1 to {most}", components)
        self._pca = PCA(components, svd_solver="covariance_eigh").fit(rows.numpy())

    def score(self, images: Tensor) -> Tensor:
        """Return the mean squared residual of a pixel, (N,)."""
        return (checked(images) - self._made_again(images)).div(2).square().flatten(1).mean(1)

    def explain(self, images: Tensor) -> Explanation:
        """Return each picture as the components make it again."""
        return explained(checked(images), self._made_again(images))

    def _made_again(self, images: Tensor) -> Tensor:
        rows = images.flatten(1).numpy()
        made = self._pca.inverse_transform(self._pca.transform(rows))
        return torch.from_numpy(made).to(images.dtype).view_as(images)
