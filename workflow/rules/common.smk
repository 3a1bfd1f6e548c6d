# What all rules share: the environment of the jobs, the checked configuration, and functions for inputs.
import os
import re
import shutil
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import strip_wildcard_constraints

SOURCE = Path(workflow.basedir) / "src"
sys.path.insert(0, str(SOURCE))

from kmeans_convergence.data import describe, files, read, read_registry
from kmeans_convergence.errors import InputError
from kmeans_convergence.pipeline.configuration import check, compared
from kmeans_convergence.pipeline.imports import modules

# Jobs import this project's own sources, whatever else is installed, and use one thread each, so that
# neither the number of cores nor the library of linear algebra changes a digit.
# A folder with a colon in its name would be two in the list: seen from here, there is none in it.
os.environ["PYTHONPATH"] = (
    os.path.relpath(SOURCE) if os.pathsep in str(SOURCE) else str(SOURCE)
)
for library in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
# LaTeX that the project unpacked for itself goes first.
os.environ["PATH"] = f"{Path('.texlive/bin').resolve()}{os.pathsep}{os.environ['PATH']}"

# Settings that people have for their own work: warnings as errors, and the looks of figures.
for setting in ("PYTHONWARNINGS", "MATPLOTLIBRC"):
    os.environ.pop(setting, None)

REGISTRY = Path("config/datasets.tsv")
# Jobs read this file again, and need not check again.
if workflow.is_main_process:
    try:
        check(config, REGISTRY)
    except InputError as problem:
        raise WorkflowError(str(problem)) from None


def data(name):
    """Return what a job needs to read a data set; its parameter `dataset`."""
    return describe(name, read_registry(REGISTRY))


def data_files(name):
    """Return the files that a job opens for a data set: none for those that are bundled."""
    return [str(file) for file in files(data(name))]


def one_of(names):
    """Return the pattern that these names match and nothing else."""
    return "|".join(map(re.escape, names))


def code(file):
    """Return the modules of the library that a script or notebook uses: Snakemake does not track imports."""
    return [
        str(module.relative_to(workflow.basedir))
        for module in modules(Path(workflow.basedir, file))
    ]


def figure(name):
    """Return both forms of a figure: PDF for the report, SVG for the browser."""
    return [f"figures/{name}.pdf", f"figures/{name}.svg"]


def claims(study):
    """Return the ledger of a study."""
    return str(
        SOURCE.relative_to(workflow.basedir)
        / f"kmeans_convergence/studies/{study}/claims.tsv"
    )


def made_by(prefix):
    """Return the files of the rules so far whose names begin so."""
    return [
        str(file)
        for each in workflow.rules
        if each.name.startswith(prefix)
        for file in each.output
    ]


def results():
    """Return all results of the rules so far, but for what the confirmation writes."""
    wildcards = {
        "compared": COMPARED,
        "convention": FEATURES,
        "variant": config["conventions"]["variants"],
        "model": MODELS,
        "part": range(PARTS),
    }
    patterns = [strip_wildcard_constraints(file) for file in made_by("")]
    files = [
        file
        for pattern in patterns
        if pattern.startswith("results/")
        and not pattern.startswith("results/confirmation/")
        for file in expand(pattern, **wildcards)
    ]
    return sorted(set(files))


DATASET = config["experiment"]["dataset"]
FEATURES = {
    "described": list(read(data(DATASET)).features),
    "candidate": config["candidate"]["features"],
}
UNIT = read(data(DATASET)).unit
NOTEBOOKS = [path.stem for path in sorted(Path("notebooks").glob("*.ipynb"))]


wildcard_constraints:
    convention=one_of(FEATURES),
    variant=one_of(config["conventions"]["variants"]),
    notebook=one_of(NOTEBOOKS),
