"""The command line: all optimizers on a table of one's own."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from kmeans_convergence.analysis.single import summarize
from kmeans_convergence.data import Dataset, subsample
from kmeans_convergence.data.csv import load_table
from kmeans_convergence.data.dataset import SCALINGS, distinct
from kmeans_convergence.errors import InputError
from kmeans_convergence.experiments.comparison import SIZES, Protocol, Tables, compare
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.experiments.tuning import Tuning
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.reporting import single
from kmeans_convergence.reporting.style import save
from kmeans_convergence.reporting.text import write

# As in the study, but for the number of starts: here it follows from less work, so that one waits for a minute or two.
SEED, PASSES, ROWS, WORK, FEWEST, MOST = 1995, 50, 5000, 300_000, 20, 100
REPEATS = 2000

STARTS = {"plusplus": "drawn by k-means++", "patterns": "drawn from the patterns"}


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one sentence what is wrong."""
        raise InputError(f"{message[0].upper()}{message[1:]}; see {self.prog} --help.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 2 when the user can mend what went wrong."""
    try:
        options = _parser().parse_args(arguments)
        _compare(options)
    except InputError as problem:
        print(problem, file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"{problem.filename or 'A file'} cannot be read or written ({problem.strerror}).", file=sys.stderr)
        return 2
    return 0


def _parser() -> ArgumentParser:
    parser = _Parser("kmeans-convergence", description="Alternation or gradient? k-means, minimised in every way.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    command = commands.add_parser(
        "compare",
        help="run all optimizers on a CSV file and say which to use",
        description="Run all optimizers on a CSV file from the same starts and say which to use and how sure that is.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a table with one row for each pattern")
    command.add_argument("--clusters", type=int, required=True, metavar="K", help="number of prototypes")
    command.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where table, figure and text go (default: FILE-comparison)"
    )
    command.add_argument("--starts", type=int, metavar="N", help="starts of each optimizer (default: 20 to 100)")
    command.add_argument("--start", choices=STARTS, default="plusplus", help="how starts are drawn (default: plusplus)")
    command.add_argument(
        "--scaling",
        choices=SCALINGS,
        default="standardize",
        help="standardize: divide each feature by its standard deviation (default); none: leave units as they are",
    )
    return parser


def _compare(options: Namespace) -> None:
    """Compare, then write: nothing is left half-written."""
    if options.starts is not None and options.starts < 10:
        raise InputError(f"--starts is {options.starts}: at least 10 are needed for an interval.")
    output = options.output or Path(f"{options.file.stem}-comparison")
    _check_folder(output)
    dataset, notes = load_table(options.file, (options.clusters,), options.scaling)
    if options.clusters >= distinct(dataset.X):
        raise InputError(
            f"--clusters is {options.clusters}: {options.file} has {distinct(dataset.X)} distinct patterns, "
            "and fewer prototypes than that are needed."
        )
    if options.scaling == "standardize":
        notes = [
            *notes,
            "Each feature was divided by its standard deviation (--scaling none keeps the units).",
        ]
    if len(dataset.X) > ROWS:
        notes = [*notes, f"{ROWS} of the {len(dataset.X)} rows were drawn to stand for all."]
        dataset = subsample(dataset, ROWS, SEED)
    fewest, most = (options.starts,) * 2 if options.starts else (FEWEST, MOST)
    tuning = Tuning(5, 5, 2, targets=("end",))
    protocol = Protocol(SEED, PASSES, (PASSES,), (options.start,), {}, ROWS, WORK, fewest, most, SIZES, tuning)

    tables = _with_progress(dataset, protocol)
    summary = summarize(tables.runs, SEED, REPEATS)
    summary["runs"] = tables.runs["run"].nunique()
    text = single.advice(summary, dataset.name, options.clusters, STARTS[options.start], notes)
    console = Console()
    console.print(_shown(summary))
    console.print(text, markup=False, highlight=False)
    _write(output, tables, summary, text, dataset, options.clusters)
    console.print(f"Table, figure, runs and text are in {output}.", markup=False, highlight=False)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before any work is done."""
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise InputError(f"--output is {folder}: it must be a folder that can be made or written to.")


def _with_progress(dataset: Dataset, protocol: Protocol) -> Tables:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Tune settings", total=1 + len(CONTENDERS))

        def report(line: str) -> None:
            progress.update(task, advance=1, description=line.rpartition(": ")[2])

        return compare(dataset, protocol, list(CONTENDERS), report)


def _shown(summary: pd.DataFrame) -> Table:
    table = Table(title="Final cost against batch K-means, and speed", box=SIMPLE_HEAD)
    table.add_column("optimizer", no_wrap=True)
    for name in ("difference in % [95 %]", "better / equal / worse in %", "passes to 1 %"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for _, row in summary.iterrows():
        shown = (single.difference(row), single.shares(row), single.passes(row["passes"]), row["verdict"])
        table.add_row(CONTENDERS[row["optimizer"]].label, *shown)
    return table


def _write(folder: Path, tables: Tables, summary: pd.DataFrame, text: str, dataset: Dataset, clusters: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(summary, folder / "comparison.csv")
    write_csv(tables.runs, folder / "runs.csv.gz")
    save(single.forest(summary, dataset.name, clusters), folder / "comparison.pdf", folder / "comparison.svg")
    write(text, folder / "answer.txt")
