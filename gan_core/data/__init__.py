"""Pictures to learn from, each set held as one tensor."""

from gan_core.data.images import DATASETS, ImageSet, load_images

__all__ = ["DATASETS", "ImageSet", "load_images"]
