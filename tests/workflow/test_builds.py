"""Two builds give the same bytes: in folders of different depth, with other numbers of cores, and after a kill."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, SNAKEMAKE, copy_project, snakemake

# Two data sets of one's own: a row that ends as early as it may, and one with cells that are hard to typeset.
SETS = ("--configfile", "config/smoke.yaml", "sets.yaml")
BARE = "bare\tcsv:bare.csv\t\t\t\t2\n"
DRESSED = [
    "dressed-in_all_its_cells",
    "csv:some data, (mine); $x.csv",
    "2.5",
    r"m$^2$ {\x}",
    "standardize",
    "2;3",
    "real",
    "dependent rows",
    r"\input{report} ^ $x$ {a ~ 50 % & b_1 \ [2] *3* <4> «é» https://example.org/a_long/address-of.a?licence=1&more=%20",
    r"dressed: \undefined",
    "",
    "",
    "",
]
BUILT = ("results", "figures", "paper/generated", "paper/report.pdf", "notebooks/html")


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that the pipeline has built."""
    files = [
        file for name in BUILT for file in ((folder / name).rglob("*") if (folder / name).is_dir() else [folder / name])
    ]
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()
    }


def with_own_sets(folder: Path) -> Path:
    """Add the two data sets to a copy of the project."""
    patterns = "length $x^2$,b_1 {c}\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(24))
    for name in ("bare.csv", "some data, (mine); $x.csv"):
        (folder / name).write_text(patterns)
    with (folder / "config/datasets.tsv").open("a") as registry:
        registry.write(BARE + "\t".join(DRESSED) + "\n")
    (folder / "sets.yaml").write_text("comparison: {datasets: [iris, engel, gaussian_8, csv]}")
    return folder


def killed_half_way(folder: Path) -> None:
    """Start a build and kill it with all its jobs once some are done and others are at work."""
    with subprocess.Popen(
        [*SNAKEMAKE, "--cores", "2", *SETS],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 120
        while len(list((folder / "results").rglob("*.csv.gz"))) < 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module", name="builds")
def two_builds(tmp_path_factory):
    plain = with_own_sets(copy_project(tmp_path_factory.mktemp("plain")))
    deep = with_own_sets(copy_project(tmp_path_factory.mktemp("resumed") / "some" / "folder, deeper; $HOME {x}"))
    first = snakemake(plain, "--cores", "1", *SETS)
    assert first.returncode == 0, first.stderr[-3000:]
    killed_half_way(deep)
    started = set(digests(deep))
    unlocked = subprocess.run(
        ["tools/unlock_stale.sh", shutil.which("snakemake", path=Path(SNAKEMAKE[0]).parent)],
        cwd=deep,
        capture_output=True,
        text=True,
        check=False,
    )
    assert unlocked.returncode == 0, unlocked.stderr
    assert "resumed" in unlocked.stdout
    second = snakemake(deep, "--cores", "2", *SETS)
    assert second.returncode == 0, second.stderr[-3000:]
    return plain, deep, started


def test_the_same_bytes(builds):
    plain, deep, started = builds
    expected = digests(plain)
    assert 0 < len(started) < len(expected)
    assert digests(deep) == expected
    assert len([name for name in expected if name.startswith("figures/") and name.endswith((".pdf", ".svg"))]) == 50
    assert sum(name.endswith(".html") for name in expected) == 4


@pytest.mark.skipif(not shutil.which("pdflatex") and not (ROOT / ".texlive").is_dir(), reason="there is no LaTeX")
def test_the_report_is_built(builds):
    assert (builds[0] / "paper/report.pdf").read_bytes().startswith(b"%PDF")


def test_data_sets_of_ones_own_are_in_the_report(builds):
    described = pd.read_csv(builds[0] / "results/comparison/datasets.csv").set_index("name")
    assert described.loc["dressed-in_all_its_cells", "licence"] == DRESSED[8]
    assert np.isnan(described.loc["bare", "licence"])
    table = (builds[0] / "paper/generated/tables/datasets.tex").read_text()
    assert re.search(r"^bare & real & 24 & 2 & 2 & no & .* & not stated ", table, re.MULTILINE)
    # between its letters a long word may break
    assert r"\textbackslash{}input\{report\}" in table.replace(r"\penalty5000{}", "")


def test_nothing_is_left_half_written(builds):
    for folder in builds[:2]:
        assert not [file for name in BUILT for file in (folder / name).rglob(".*") if file.is_file()]


def test_no_path_of_this_computer_in_what_was_built(builds):
    for folder in builds[:2]:
        for name in digests(folder):
            assert str(folder).encode() not in (folder / name).read_bytes(), name


def test_a_second_run_has_nothing_to_do(builds):
    again = snakemake(builds[0], "--cores", "2", *SETS)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_only_what_a_change_concerns_is_made_again(builds):
    rates = builds[0] / "src/kmeans_convergence/reporting/rates.py"
    rates.write_text(rates.read_text() + "\n# changed\n")
    plan = snakemake(builds[0], "--dry-run", "--cores", "1", *SETS).stdout
    # the figure and what shows it; no experiment runs again
    assert "plot_rates" in plan
    assert "build_report" in plan or not (builds[0] / "paper/report.pdf").exists()
    for rule in ("run_experiment", "run_conventions", "search_rate", "plot_convergence"):
        assert rule not in plan


OWN = """
from kmeans_convergence.experiments.contenders import Contender
from kmeans_convergence.optimizers import MajorizeMinimize

CONTENDERS = {"mine": Contender("my own", "alternation", lambda passes, value: MajorizeMinimize())}
"""


def test_an_optimizer_or_a_data_set_of_ones_own_is_all_that_runs(builds):
    folder = builds[1]
    (folder / "mine.py").write_text(OWN)
    (folder / "more.yaml").write_text("comparison: {own: mine.py}")
    plan = snakemake(folder, "--dry-run", "--cores", "1", *SETS, "more.yaml").stdout
    assert "Run the optimizers of mine.py on iris" in plan
    assert "Compare all optimizers" not in plan
    assert "judge_comparison" in plan
    made = snakemake(folder, "results/comparison/engel/own/runs.csv.gz", "--cores", "1", *SETS, "more.yaml")
    assert made.returncode == 0, made.stderr[-2000:]

    rows = (folder / "config/datasets.tsv").read_text()
    (folder / "mine.csv").write_text("a,b\n" + "\n".join(f"{i % 7},{i % 5}" for i in range(30)))
    (folder / "config/datasets.tsv").write_text(rows + "mine\tcsv:mine.csv\t\t\t\t3\n")
    (folder / "more.yaml").write_text("comparison: {datasets: [iris, engel, gaussian_8, csv]}")
    plan = snakemake(folder, "--dry-run", "--cores", "1", *SETS, "more.yaml").stdout
    (folder / "config/datasets.tsv").write_text(rows)
    assert "Compare all optimizers on mine" in plan
    assert plan.count("Compare all optimizers on") == 1
    for rule in ("run_experiment", "run_conventions", "search_rate", "measure_contraction"):
        assert rule not in plan


def test_the_page_to_browse(builds):
    plain = builds[0]
    made = snakemake(plain, "--report", "report.html", *SETS)
    assert made.returncode == 0, made.stderr[-2000:]
    page = (plain / "report.html").read_text()
    for caption in ("parabolas that meet in kinks", "What each epoch leaves", "One row for each reported statement"):
        assert caption in page
