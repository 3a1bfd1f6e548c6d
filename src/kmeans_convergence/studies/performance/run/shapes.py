"""The data that are timed: real ones of each shape where they are at hand, else mixtures with overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.starts import draw, stream, streams

# Grey pictures of scikit-image whose windows are the patches: three textures and a photograph.
PICTURES = ("brick", "grass", "gravel", "camera")


@dataclass(frozen=True)
class Shape:
    """A problem to time.

    Attributes
    ----------
    n, d, K : int
        Patterns, features, prototypes.
    runs : int
        Starts.
    source : str
        What the data are, for tables.
    make : callable
        Takes a stream and how many patterns to make.
    """

    n: int
    d: int
    K: int
    source: str
    make: Callable[[np.random.Generator, int], np.ndarray]
    runs: int = 1


def flowers(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return Iris; all of it."""
    return iris()[0]


def mixture(d: int, components: int, spread: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Return a maker of unit Gaussians whose means are Gaussian themselves, with standard deviation `spread`."""

    def make(rng: np.random.Generator, n: int) -> np.ndarray:
        means = spread * rng.normal(size=(components, d))
        return means[rng.integers(components, size=n)] + rng.normal(size=(n, d))

    return make


def windows(pictures: tuple[str, ...], height: int, width: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Return a maker of windows at random places of pictures; of coloured ones the green channel."""

    def make(rng: np.random.Generator, n: int) -> np.ndarray:
        X = np.empty((n, height * width))
        for name, rows in zip(pictures, np.array_split(np.arange(n), len(pictures)), strict=True):
            places = np.lib.stride_tricks.sliding_window_view(_green(_picture(name)), (height, width))
            i, j = (rng.integers(extent, size=len(rows)) for extent in places.shape[:2])
            X[rows] = places[i, j].reshape(len(rows), -1)
        return X

    return make


def pixels(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return pixels of a photograph of a retina, evenly spread over it: red, green, blue."""
    colours = _picture("retina").reshape(-1, 3)
    return colours[np.linspace(0, len(colours) - 1, n).astype(int)].astype(np.float64)


def _picture(name: str) -> np.ndarray:
    import skimage.data  # slow to import, and only these functions need it

    return getattr(skimage.data, name)()


def _green(picture: np.ndarray) -> np.ndarray:
    return picture if picture.ndim == 2 else picture[..., 1]


SHAPES = {
    "iris": Shape(150, 4, 6, "Iris", flowers, runs=1000),
    "plane_10": Shape(10_000, 2, 10, "mixture", mixture(2, 10, spread=2.0)),
    "plane_100": Shape(100_000, 2, 100, "mixture", mixture(2, 100, spread=6.0)),
    "mixture_8": Shape(100_000, 8, 32, "mixture", mixture(8, 32, spread=1.5)),
    "patches_64": Shape(100_000, 64, 64, "patches of 8 by 8 grey pixels", windows(PICTURES, 8, 8)),
    "patches_784": Shape(60_000, 784, 10, "patches of 28 by 28, green", windows(("retina",), 28, 28)),
    "patches_128": Shape(100_000, 128, 256, "patches of 8 by 16 grey pixels", windows(PICTURES, 8, 16)),
    "pixels": Shape(1_990_921, 3, 16, "pixels, red, green, blue", pixels),
}

# Those on which runs with and without remembering passes are timed.
REMEMBERED = ("plane_100", "mixture_8", "patches_64")


def prepare(name: str, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the data of a shape and its starts.

    Parameters
    ----------
    name : str
        Key of `SHAPES`.
    seed : int
    share : float
        Share of the patterns (for many starts on little data: of the starts) to take, for a trial.

    Returns
    -------
    X : ndarray of shape (n, d), read-only
    starts : ndarray of shape (R, K, d)
    """
    shape = SHAPES[name]
    n = max(2 * shape.K, round(share * shape.n))
    X = np.ascontiguousarray(shape.make(stream(seed, name, "data"), n))
    X.flags.writeable = False
    runs = max(1, round(share * shape.runs))
    # distinct ones, because libraries differ in what they do with prototypes that own no pattern
    return X, draw(np.unique(X, axis=0), shape.K, streams(seed, name, shape.K, range(runs), "performance"))
