"""What holds on another processor: BLAS has other kernels there, which decide digits of no optimizer but L-BFGS."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.studies.comparison.analysis import single

# Runs the comparison under whatever kernels the environment asks for; says which ones these are.
CODE = """
import json, sys
from pathlib import Path
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.studies.comparison.run.comparison import Protocol, compare
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.pipeline.tables import write_csv

tuning = Tuning(2, 2, 0, targets=("end",))
protocol = Protocol(3, 20, (20,), ("patterns",), {}, 1000, 1, 10, 10, ("usual",), tuning)
for name, X, K in (("iris", iris()[0], 6), ("digits", load_digits().data[:500], 10)):
    dataset = Dataset(name, X, tuple(map(str, range(X.shape[1]))), "", clusters=(K,))
    tables = compare(dataset, protocol, list(CONTENDERS), lambda line: None)
    write_csv(tables.runs, Path(f"{sys.argv[1]}-{name}.csv"))
print(json.dumps(sorted(library["architecture"] for library in threadpool_info() if "architecture" in library)))
"""
KERNELS = ("Haswell", "Sandybridge")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return the runs of each data set under two kernels of OpenBLAS, or skip where there are no two."""
    folder, found, running = tmp_path_factory.mktemp("processors"), {}, []
    for kernel in KERNELS:
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(folder / kernel)],
            env=os.environ | {"OPENBLAS_CORETYPE": kernel},
            capture_output=True,
            text=True,
            check=True,
        )
        running.append(set(json.loads(done.stdout)))
        for name in ("iris", "digits"):
            found.setdefault(name, []).append(pd.read_csv(folder / f"{kernel}-{name}.csv"))
    if running != [{kernel} for kernel in KERNELS]:
        pytest.skip(f"OPENBLAS_CORETYPE does not choose the kernels here: {running} ran.")
    return found


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_all_optimizers_but_one_give_the_same_bits(tables, name):
    one, other = (runs[runs["optimizer"] != "lbfgs"] for runs in tables[name])
    assert len(one) > 280
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_the_last_digits_of_the_other_one_decide_nothing(tables, name):
    one, other = (runs[runs["optimizer"] == "lbfgs"].reset_index(drop=True) for runs in tables[name])
    assert len(one) == 10
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-9)
    summaries = [single.summarize(runs, RELATIVE, "batch_kmeans", 1, 200) for runs in tables[name]]
    pd.testing.assert_frame_equal(*summaries, check_exact=False, rtol=1e-9)
    for outcome in ("optimizer", "verdict"):
        assert summaries[0][outcome].tolist() == summaries[1][outcome].tolist()
    for choose in (single.best, single.fastest):
        first, second = (choose(summary, "batch_kmeans")["optimizer"] for summary in summaries)
        assert first == second
