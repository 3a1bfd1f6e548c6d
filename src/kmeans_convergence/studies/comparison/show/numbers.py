"""The numbers of the prose on the comparison, one macro for each; those of the answer are in `answer`."""

from __future__ import annotations

from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.minibatch import MovingAverage
from kmeans_convergence.pipeline.settings import Config
from kmeans_convergence.report.text import thousands
from kmeans_convergence.studies.comparison.run.contenders import PAPER_RATE


def settings(comparison: Config) -> dict[str, str]:
    """Return what was configured, and the settings of methods that are not tuned."""
    return {
        "comparedRows": thousands(comparison["rows"]),
        "comparedPasses": str(comparison["passes"]),
        "comparedFewest": str(comparison["fewest"]),
        "comparedOptimizers": str(len(comparison["optimizers"])),
        "comparedResamples": thousands(comparison["resamples"]),
        "onlineDefault": str(PAPER_RATE),
        "adamDefault": str(Adam().rate),
        "averageDefault": str(MovingAverage().initial),
    }
