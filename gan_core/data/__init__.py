"""Pictures to learn from, each set held as one tensor."""

from gan_core.data.images import DATASETS, ImageSet, at_hand, embedded_digits, load_images

__all__ = ["DATASETS", "ImageSet", "at_hand", "embedded_digits", "load_images"]
