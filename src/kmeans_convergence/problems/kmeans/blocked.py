r"""The quantisation error of patterns that need not fit into memory.

Cost, numbers :math:`N_k` and sums :math:`S_k` are sums over blocks of rows, and so are the moments of the patterns near
faces. They are found block by block, by whoever there is, and added in the order of the blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import NamedTuple

import numpy as np

from kmeans_convergence import exact
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.core.problem import Capability, Evaluation, Steps
from kmeans_convergence.data.blocks.block import Block, Blocks, Summary, summarize
from kmeans_convergence.data.blocks.executors import Executor, Result, Serial
from kmeans_convergence.problems.kmeans.engine import face_kernels, passes
from kmeans_convergence.problems.kmeans.faces import Options
from kmeans_convergence.problems.kmeans.problem import KMeansEvaluation
from kmeans_convergence.problems.patterns import PrototypeProblem, as_prototypes, frozen


class BlockedEvaluation(KMeansEvaluation):
    """What one pass over all blocks says about R runs: nothing of it grows with the number of patterns.

    There are no assignments, their array has the shape (R, 0): so changes of them are not counted.
    """

    def solved_by_image(self, before: Evaluation) -> np.ndarray:
        """Say for which runs both evaluations have the same numbers and sums, and so the same image, shape (R,)."""
        assert isinstance(before, BlockedEvaluation)
        same = (self.counts == before.counts).all(axis=1)
        return np.asarray(same & (self.sums == before.sums).all(axis=(1, 2)))

    def diagnostics(self, before: Evaluation) -> Mapping[str, np.ndarray]:
        """Return prototypes without patterns, and the largest move, each of shape (R,)."""
        return {"empty": (~self.owning).sum(axis=1), "largest_move": self.lengths(self.x - before.x).max(axis=1)}


class BlockedQuantizationProblem(PrototypeProblem):
    r"""Minimise :math:`E(w)=\sum_i\frac12\min_k\|x_i-w_k\|^2` over the patterns of all blocks.

    Batch K-means, its accelerations, gradients and Newton's method with face terms run on it; methods that go from
    pattern to pattern do not.

    Parameters
    ----------
    blocks : Blocks
        Are read once to begin with, and then once for each pass.
    executor : Executor, optional
        Works on the blocks; this process without. It changes no bit of any result.

    Raises
    ------
    InputError
        When a block holds something else than finite numbers, or they are too large or too small to be squared.
    """

    capabilities = frozenset(
        {
            Capability.SECOND_DERIVATIVES,
            Capability.DIAGONAL_HESSIAN,
            Capability.DIAGONAL_METRIC,
            Capability.MODEL,
        }
    )
    gap = RELATIVE

    def __init__(self, blocks: Blocks, executor: Executor | None = None) -> None:
        self._blocks, self._executor = blocks, executor or Serial()
        about = self._added(summarize, Summary.joined)
        exact.check_spread(float((about.most - about.least).max()), about.rows * len(about.mean), "The data")
        self._about = about

    def _added(self, function: Callable[[Block], Result], add: Callable[[Result, Result], Result]) -> Result:
        """Return the sum of what a function finds for the blocks, in their order."""
        return reduce(add, self._executor.map(function, self._blocks.parts))

    @property
    def size(self) -> int:
        """Number of patterns."""
        return self._about.rows

    @property
    def features(self) -> int:
        """See `PrototypeProblem`."""
        return len(self._about.mean)

    @property
    def length(self) -> float:
        """Root of the mean variance of the features."""
        return math.sqrt(self._about.squares.mean() / self.size)

    @cached_property
    def origin(self) -> np.ndarray:
        """See `PrototypeProblem`."""
        return exact.origin_of(self._about.least, self._about.most)

    @cached_property
    def centred(self) -> BlockedQuantizationProblem:
        """The same problem for prototypes less `origin`, whose blocks are moved whenever they are read."""
        if not self.origin.any():
            return self
        return BlockedQuantizationProblem(self._blocks.moved(self.origin), self._executor)

    def evaluate(self, w: np.ndarray) -> BlockedEvaluation:
        """Evaluate R iterates in one pass over the blocks.

        Parameters
        ----------
        w : ndarray of shape (R, K d), or (R, K, d)
        """
        w = as_prototypes(w, self.features)
        screen = passes.Screen(self._about.mean, self._about.least, self._about.most)
        cost, counts, sums = self._added(partial(_sums, w=w, screen=screen), _both)
        return BlockedEvaluation.of(w, cost, counts, sums, np.empty((len(w), 0), dtype=np.int32))

    def model(self, runs: int, options: Options | None = None) -> BlockedFaceModel:
        """Return the quadratic model with face terms of a number of runs."""
        return BlockedFaceModel(self, options or Options())

    def near_faces(self, w: np.ndarray, counts: np.ndarray, options: Options) -> Sequence[NearFaces]:
        """Search all blocks for patterns near faces, until each has its share of those that are wanted.

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        counts : ndarray of shape (R, K)
        options : Options
        """
        share = options.patterns * w[0].size / self.size
        return self._added(partial(_near_faces, w=w, counts=counts, width=options.width, share=share), _joined)


class NearFaces(NamedTuple):
    """Patterns of one run near faces, compressed to the moments of each pair of prototypes.

    Attributes
    ----------
    found, searched : int
        How many there are, and of how many patterns.
    pairs : ndarray of shape (P, 2), int64
    moments : ndarray of shape (P, d + 1, d + 1)
        See `engine.face_kernels`; they stand for all patterns, also for those that were not searched.
    """

    found: int
    searched: int
    pairs: np.ndarray
    moments: np.ndarray

    def joined(self, other: NearFaces) -> NearFaces:
        """Return both together, their pairs in ascending order."""
        pairs, place = np.unique(np.concatenate([self.pairs, other.pairs]), axis=0, return_inverse=True)
        first, second = np.split(place.ravel(), [len(self.pairs)])
        moments = np.zeros((len(pairs), *self.moments.shape[1:]))
        moments[first] += self.moments
        moments[second] += other.moments
        return NearFaces(self.found + other.found, self.searched + other.searched, pairs, moments)


class BlockedFaceModel:
    """The quadratic model with face terms of R runs over blocks; see `core.problem.Model` and `faces.FaceModel`.

    Patterns near faces are always searched. A search reads all blocks and processes some patterns of each: these are
    charged, as they are by `faces.FaceModel`.
    """

    def __init__(self, problem: BlockedQuantizationProblem, options: Options) -> None:
        self._problem, self._options = problem, options

    def evaluates(self, where: np.ndarray) -> np.ndarray:
        """Return that it wants to make no evaluation itself, shape (R,)."""
        return np.zeros_like(where)

    def evaluate(self, x: np.ndarray, some: np.ndarray) -> BlockedEvaluation:
        """Evaluate the runs of a mask (R,), whose points are `x`."""
        return self._problem.evaluate(x)

    def steps(self, here: BlockedEvaluation, where: np.ndarray, longest: np.ndarray) -> Steps:
        """See `core.problem.Model`."""
        runs, clusters, features = here.w.shape
        step, promised = np.zeros(here.w.shape), np.zeros(runs)
        cut, distances = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=np.int64)
        if where.any():
            near = self._problem.near_faces(here.w[where], here.counts[where], self._options)
            for r, faces in zip(np.flatnonzero(where), near, strict=True):
                step[r] = here.means[r] - here.w[r]
                distances[r] = faces.searched * clusters
                if faces.found < max(math.ceil(self._options.fewest * here.w[r].size), 1):
                    continue
                promised[r], cut[r], used = face_kernels.steihaug(
                    frozen(here.w[r]),
                    faces.pairs,
                    faces.moments,
                    frozen(here.counts[r]),
                    step[r],
                    float(longest[r]),
                    self._options.tolerance,
                    self._options.products,
                )
                per_pair = features + face_kernels.PER_PAIR
                distances[r] += faces.found * ((features + 3) // 2) + used * len(faces.pairs) * per_pair
        return Steps(step.reshape(runs, -1), promised, cut, -(-distances // clusters))


# Cost (R,), counts (R, K) and sums (R, K, d) of a block.
BlockSums = tuple[np.ndarray, np.ndarray, np.ndarray]


def _sums(block: Block, w: np.ndarray, screen: passes.Screen) -> BlockSums:
    X = block.read()
    suits = passes.suits_screening(len(X), w.shape[1], w.shape[2])
    return passes.run_pass(X, w, screen if suits else None)[1:]


def _both(one: BlockSums, other: BlockSums) -> BlockSums:
    cost, counts, sums = (a + b for a, b in zip(one, other, strict=True))
    return cost, counts, sums


def _near_faces(block: Block, w: np.ndarray, counts: np.ndarray, width: float, share: float) -> Sequence[NearFaces]:
    X = frozen(block.read())
    enough = math.ceil(share * len(X))
    return [
        NearFaces(*face_kernels.search_block(X, frozen(one), frozen(owned), width, enough))
        for one, owned in zip(w, counts, strict=True)
    ]


def _joined(one: Sequence[NearFaces], other: Sequence[NearFaces]) -> Sequence[NearFaces]:
    return [a.joined(b) for a, b in zip(one, other, strict=True)]
