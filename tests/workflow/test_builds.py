"""Two builds give the same bytes: in folders of different depth, with other numbers of cores, and after a kill."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
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
LATEX = bool(shutil.which("pdflatex")) or (ROOT / ".texlive").is_dir()
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
    # side by side, which takes little longer than one of them on two cores
    with ThreadPoolExecutor() as pool:
        first = pool.submit(snakemake, plain, "--cores", "1", *SETS)
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
    for build in (first.result(), second):
        assert build.returncode == 0, build.stderr[-3000:]
    return plain, deep, started


def test_the_same_bytes(builds):
    plain, deep, started = builds
    expected = digests(plain)
    assert 0 < len(started) < len(expected)
    assert digests(deep) == expected
    assert len([name for name in expected if name.startswith("figures/") and name.endswith((".pdf", ".svg"))]) == 72
    assert sum(name.endswith(".html") for name in expected) == 6


@pytest.mark.skipif(not LATEX, reason="there is no LaTeX")
def test_the_report_is_built(builds):
    assert (builds[0] / "paper/report.pdf").read_bytes().startswith(b"%PDF")


def test_data_sets_of_ones_own_are_in_the_report(builds):
    described = pd.read_csv(builds[0] / "results/comparison/datasets.csv").set_index("name")
    assert described.loc["dressed-in_all_its_cells", "licence"] == DRESSED[8]
    assert np.isnan(described.loc["bare", "licence"])
    table = (builds[0] / "paper/generated/comparison/datasets.tex").read_text()
    assert re.search(r"^bare & real & 24 & 2 & 2 & no & .* & not stated ", table, re.MULTILINE)
    # between its letters a long word may break
    assert r"\textbackslash{}input\{report\}" in table.replace(r"\penalty5000{}", "")


def test_every_table_of_the_results_is_looked_at(builds):
    """A table that no test of the results reads could hold anything."""
    results = builds[0] / "results"
    marks = list(results.glob("checked*.txt"))
    looked_at = {line for mark in marks for line in mark.read_text().splitlines()}
    files = {str(file.relative_to(builds[0])) for file in results.rglob("*") if file.is_file()}
    assert looked_at == files - {str(mark.relative_to(builds[0])) for mark in marks}


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
    shown = [builds[0] / "src/kmeans_convergence/studies/replication/show/rate_search.py"]
    plan = planned_after_a_change_of(builds[0], shown)
    # the figure and what shows it; no experiment runs again
    assert {"plot_rate_search", "all"} <= plan
    assert "build_report" in plan or not (builds[0] / "paper/report.pdf").exists()
    assert not plan & {"run_experiment", "run_conventions", "search_rate", "judge_rate_search", "plot_convergence"}


def test_a_change_of_any_analysis_runs_no_optimizer_again(builds):
    library = builds[0] / "src/kmeans_convergence"
    patterns = ("statistics/*.py", "studies/*/analysis.py", "studies/*/analysis/*.py", "studies/*/show/*.py")
    changed = [file for pattern in patterns for file in library.glob(pattern)]
    assert len(changed) > 30
    plan = planned_after_a_change_of(builds[0], changed)
    assert {"judge_comparison", "judge_conventions", "judge_noise", "judge_rate_search", "plot_comparison"} <= plan
    # the one experiment for which an analysis chooses what is run
    plan -= {"draw_conventions"}
    assert not {rule for rule in plan if rule.startswith(("run_", "measure_", "search_", "count_", "draw_"))}


def planned_after_a_change_of(folder: Path, files: list[Path]) -> set[str]:
    """Return the rules that would run after a change of some modules, which is taken back."""
    before = {file: (file.read_bytes(), file.stat()) for file in files}
    for file in files:
        file.write_bytes(before[file][0] + b"\n# changed\n")
    plan = snakemake(folder, "--dry-run", "--cores", "1", *SETS).stdout
    for file, (text, times) in before.items():
        file.write_bytes(text)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    table = plan.partition("Job stats:")[2].partition("total")[0]
    return set(re.findall(r"^(\w+) +\d+$", table, re.MULTILINE))


OWN = """
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.optimizers import MajorizeMinimize

CONTENDERS = {"mine": Contender("my own", "alternation", lambda passes, value: MajorizeMinimize())}
"""


@pytest.fixture(scope="module", name="own")
def with_an_optimizer_of_ones_own(builds):
    """Run one on a data set of the second copy, and return what was to be done on all of them."""
    folder = builds[1]
    (folder / "mine.py").write_text(OWN)
    (folder / "more.yaml").write_text("comparison: {own: mine.py}")
    plan = snakemake(folder, "--dry-run", "--cores", "1", *SETS, "more.yaml").stdout
    made = snakemake(folder, "results/comparison/engel/own/runs.csv.gz", "--cores", "1", *SETS, "more.yaml")
    assert made.returncode == 0, made.stderr[-2000:]
    return plan


def test_an_optimizer_or_a_data_set_of_ones_own_is_all_that_runs(builds, own):
    folder = builds[1]
    assert "Run the optimizers of mine.py on iris" in own
    assert "Compare all optimizers" not in own
    assert "judge_comparison" in own

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
    for caption in ("parabolas that meet in kinks", "What each epoch leaves", "Two rows for each reported statement"):
        assert caption in page


# The supplement, whose times say nothing here: of little data.
SUPPLEMENT = [
    "results/performance/checked.txt",
    "paper/generated/performance/numbers.tex",
    "figures/performance/growth.pdf",
]
SUPPLEMENT += ["paper/performance.pdf"] if LATEX else []
GIT = ("git", "-c", "user.name=trial", "-c", "user.email=trial@localhost")


@pytest.fixture(scope="module", name="confirmed")
def with_a_confirmation(builds, own):
    """Make what is no part of the report, too: the confirmation asks for a commit."""
    folder = builds[0]
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "A trial")):
        subprocess.run([*GIT, *command], cwd=folder, check=True, capture_output=True)
    made = snakemake(folder, "confirmation", "--cores", "2", *SETS)
    assert made.returncode == 0, made.stderr[-2000:]
    return builds[:2]


@pytest.fixture(scope="module", name="supplemented")
def with_the_supplement(builds):
    made = snakemake(builds[0], *SUPPLEMENT, "--cores", "2", *SETS)
    assert made.returncode == 0, made.stderr[-2000:]
    return builds[0]


@pytest.mark.supplement
def test_every_table_of_the_supplement_is_looked_at(supplemented):
    looked_at = (supplemented / "results/performance/checked.txt").read_text().splitlines()
    # those of single shapes are put together
    assert set(looked_at) == {
        f"results/performance/{file.name}" for file in (supplemented / "results/performance").glob("*.csv")
    }


def called(folder: Path) -> set[str]:
    """Return the scripts of all jobs that have left something in a copy, from Snakemake's own records."""
    records = [json.loads(file.read_text()) for file in (folder / ".snakemake/metadata").rglob("*") if file.is_file()]
    return {name for record in records for name in re.findall(r"scripts/(\w+\.py)", str(record["code"]))}


def scripts_of(rules: str) -> set[str]:
    """Return the scripts that a pattern of files of rules names."""
    text = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob(rules))
    return set(re.findall(r"scripts/(\w+\.py)", text))


def test_every_script_is_called(confirmed):
    """Jobs call the `main` of a script: one that no job calls is not tested."""
    scripts = {file.name for file in (ROOT / "scripts").glob("*.py")}
    assert scripts == scripts_of("*.smk")
    unable = set() if LATEX else {"build_report.py"}
    assert set.union(*map(called, confirmed)) >= scripts - scripts_of("performance.smk") - unable


@pytest.mark.supplement
def test_every_script_of_the_supplement_is_called(supplemented):
    unable = set() if LATEX else {"build_performance.py"}
    assert called(supplemented) >= scripts_of("performance.smk") - unable


def test_a_trial_leaves_the_committed_confirmation_alone(confirmed):
    folder = confirmed[0]
    assert {file.name for file in (folder / "results/confirmation").iterdir()} > {"scores.csv", "summary.csv"}
    committed = sorted((ROOT / "confirmation").iterdir())
    assert committed
    for file in committed:
        assert (folder / "confirmation" / file.name).read_bytes() == file.read_bytes()
