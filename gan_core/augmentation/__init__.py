"""Does a GAN help where labelled pictures are few? The same classifier, fed in several ways.

:class:`Cell` draws n pictures of each class, trains GANs on these alone and then one classifier for
each arm; :mod:`gan_core.augmentation.intervals` says what several seeds of it come to.
"""

from gan_core.augmentation.arms import ARMS, GANS, RECIPE, Arm
from gan_core.augmentation.cell import Cell, CellSettings, Progress
from gan_core.augmentation.drawing import FEWEST, MOST, draw
from gan_core.augmentation.intervals import VERDICTS, Interval, difference, mean_of, verdict
from gan_core.augmentation.learner import Learner, Pool, SmallClassifier

__all__ = [
    "ARMS",
    "FEWEST",
    "GANS",
    "MOST",
    "RECIPE",
    "VERDICTS",
    "Arm",
    "Cell",
    "CellSettings",
    "Interval",
    "Learner",
    "Pool",
    "Progress",
    "SmallClassifier",
    "difference",
    "draw",
    "mean_of",
    "verdict",
]
