"""Images that ship inside scikit-learn and scikit-image, as pixels or as patches: vector quantization.

Neighbouring pixels, and patches that overlap, resemble each other: the rows of these sets are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

COLOURS = ("red", "green", "blue")
GREEN = 1


class Patches:
    """Square windows of images, one to a row; only those that are asked for are ever copied.

    Parameters
    ----------
    images : sequence of ndarray, each of shape (height, width) or (height, width, 3)
    size : int
        Side of a window, in pixels.
    stride : int
        Distance of a window from the next, in pixels.
    """

    def __init__(self, images: Sequence[np.ndarray], size: int, stride: int = 1):
        self._windows = []
        for image in images:
            shape = (size, size, *image.shape[2:])
            windows = np.lib.stride_tricks.sliding_window_view(image, shape)[::stride, ::stride]
            self._windows.append(windows.reshape(*windows.shape[:2], *shape))
        self._ends = np.cumsum([windows.shape[0] * windows.shape[1] for windows in self._windows])
        pixels = [f"row {i + 1} column {j + 1}" for i, j in product(range(size), range(size))]
        coloured = [f"{pixel} {colour}" for pixel, colour in product(pixels, COLOURS)]
        self.features = tuple(coloured if images[0].ndim == 3 else pixels)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return the windows with these numbers, as an array of shape (len(rows), d)."""
        patterns = np.empty((len(rows), len(self.features)), dtype=self._windows[0].dtype)
        which = np.searchsorted(self._ends, rows, side="right")
        for image, windows in enumerate(self._windows):
            here = which == image
            numbers = rows[here] - (self._ends[image] - windows.shape[0] * windows.shape[1])
            patterns[here] = windows[np.unravel_index(numbers, windows.shape[:2])].reshape(patterns[here].shape)
        return patterns


Table = tuple[np.ndarray | Patches, tuple[str, ...]]


def _sample_image(name: str) -> np.ndarray:
    from sklearn.datasets import load_sample_image  # slow to import

    return load_sample_image(f"{name}.jpg")


def _image(name: str) -> np.ndarray:
    from skimage import data  # slow to import

    image = getattr(data, name)()
    return image[0] if isinstance(image, tuple) else image  # of a stereo pair the left one


def _pixels(image: np.ndarray) -> Table:
    if image.ndim == 2:
        return image.reshape(-1, 1), ("grey",)
    return image.reshape(-1, image.shape[2]), COLOURS


def _patches(images: Sequence[np.ndarray], size: int, stride: int) -> Table:
    patches = Patches(images, size, stride)
    return patches, patches.features


def _lfw_subset() -> Table:
    """One hundred faces and one hundred other pieces of photographs, 25 by 25 pixels each."""
    faces = _image("lfw_subset")
    side = faces.shape[1]
    return _patches(list(faces), side, side)


LOADERS: dict[str, Callable[[], Table]] = {
    "china_px": lambda: _pixels(_sample_image("china")),
    "flower_px": lambda: _pixels(_sample_image("flower")),
    "retina_px": lambda: _pixels(_image("retina")),
    "hubble_px": lambda: _pixels(_image("hubble_deep_field")),
    "ihc_px": lambda: _pixels(_image("immunohistochemistry")),
    "astronaut_px": lambda: _pixels(_image("astronaut")),
    "motorcycle_px": lambda: _pixels(_image("stereo_motorcycle")),
    "coffee_px": lambda: _pixels(_image("coffee")),
    "camera_levels": lambda: _pixels(_image("camera")),
    "china_patch8": lambda: _patches([_sample_image("china")], 8, 2),
    "texture_patch8": lambda: _patches([_image(n) for n in ("brick", "grass", "gravel", "camera", "moon")], 8, 1),
    "retina_patch28": lambda: _patches([_image("retina")[..., GREEN]], 28, 4),
    "hubble_patch16": lambda: _patches([_image("hubble_deep_field")[..., GREEN]], 16, 3),
    "lfw_subset": _lfw_subset,
}
