"""The command line: all optimizers on a user's table."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kmeans_convergence.atomic import check_writable, filling, nearest
from kmeans_convergence.data import Dataset, check_dataset, subsample
from kmeans_convergence.data.csv import load_table
from kmeans_convergence.data.dataset import SCALINGS
from kmeans_convergence.data.text import legible
from kmeans_convergence.errors import InputError, explain
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.report.style import save
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.comparison.analysis.single import summarize
from kmeans_convergence.studies.comparison.run.comparison import SIZES, Protocol, Tables, compare
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.studies.comparison.show import single

# As in the study, but for the number of starts: here it follows from less work, so that one waits for a minute or two.
SEED, PASSES, ROWS, WORK, FEWEST, MOST = 1995, 50, 5000, 300_000, 20, 100
# An interval needs ten starts, and ten thousand tell no more than a thousand do.
INTERVAL_STARTS, LARGEST_STARTS = 10, 10_000
REPEATS = 2000
# Where a pass is more work, there are fewer starts, and then fewer passes. With fewer starts than this, no signed-rank
# test that is corrected for all optimizers can reject, however the runs end.
LEAST_STARTS, LEAST_PASSES = 14, 10
# Products of all passes and starts of one optimizer: with these, all of them and their tuning take a minute.
EFFORT = 1.5e9
# Minutes that are not announced.
SHORT = 2
# Seconds between two lines about progress, where there is no terminal for a bar.
PATIENCE = 10.0

# What is left in the folder.
FILES = ("answer.txt", "comparison.csv", "comparison.pdf", "comparison.svg", "runs.csv.gz")

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
    except Exception as problem:
        said = explain(problem)
        if said is None:
            raise
        _say(said)
        return 2
    return 0


def _say(sentence: str) -> None:
    """Tell the person who waits; that nobody can be told is no reason to stop."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


def _parser() -> ArgumentParser:
    parser = _Parser("kmeans-convergence", description="Alternation or gradient? k-means, minimised in every way.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    command = commands.add_parser(
        "compare",
        help="run all optimizers on a CSV file and say which to use",
        description="Run all optimizers on a CSV file from the same starts and say which to use and how sure that is.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a table with one row for each pattern")
    command.add_argument("--clusters", type=_whole, required=True, metavar="K", help="number of prototypes")
    command.add_argument(
        "--output", type=_folder, metavar="FOLDER", help="where table, figure and text go (default: FILE-comparison)"
    )
    command.add_argument("--starts", type=_whole, metavar="N", help="starts of each optimizer (default: 20 to 100)")
    command.add_argument("--start", choices=STARTS, default="plusplus", help="how starts are drawn (default: plusplus)")
    command.add_argument(
        "--scaling",
        choices=SCALINGS,
        default="standardize",
        help="standardize: divide each feature by its standard deviation (default); none: leave units as they are",
    )
    return parser


def _folder(name: str) -> Path:
    """Return a path; the empty one would be the working folder."""
    if not str(name).strip():
        raise ArgumentTypeError("it is empty, and the name of a folder is needed")
    return Path(name)


def _whole(text: str) -> int:
    """Return a whole number; one that is too long for any computer is refused before it is made a number."""
    if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
        shown = text if len(text) <= 12 else f"{text[:9]}..."
        raise ArgumentTypeError(f"{shown!r} is no whole number of at most nine digits")
    return int(text)


def _compare(options: Namespace) -> None:
    """Compare, then write, then print: nothing is left half-written, and nothing is lost that cannot be printed."""
    if options.starts is not None and not INTERVAL_STARTS <= options.starts <= LARGEST_STARTS:
        raise InputError(
            f"--starts is {options.starts}: at least {INTERVAL_STARTS} are needed for an interval, and at most "
            f"{LARGEST_STARTS} are allowed."
        )
    output = options.output or Path(f"{options.file.stem}-comparison")
    _check_folder(output)
    dataset = load_table(options.file, (options.clusters,), options.scaling)
    notes = list(dataset.notes)
    if options.scaling == "standardize":
        notes = [
            *notes,
            "Each feature was divided by its standard deviation (--scaling none keeps the units).",
        ]
    if len(dataset.X) > ROWS:
        notes = [*notes, f"{ROWS} of the {len(dataset.X)} rows were drawn to stand for all."]
        dataset = subsample(dataset, ROWS, SEED)
    check_dataset(dataset)
    protocol, said = affordable(protocol_of(options), options.clusters, *dataset.X.shape)
    notes = [*notes, *said]

    tables = _with_progress(dataset, protocol)
    summary = summarize(tables.runs, SEED, REPEATS)
    summary["runs"] = tables.runs["run"].nunique()
    text = single.advice(summary, dataset.name, options.clusters, STARTS[options.start], notes)
    with filling(output) as folder:
        _write(folder, tables, summary, text, dataset, options.clusters)
    _show(summary, text, output)


def _check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before any work is done."""
    wanted = f"--output is {folder}: it must be a folder that can be made or written to"
    if not nearest(folder).is_dir():
        raise InputError(f"{wanted}.")
    try:
        check_writable(folder)
    except OSError as problem:
        raise InputError(f"{wanted} ({problem.strerror}).") from problem
    for name in FILES:
        if (folder / name).is_dir():
            raise InputError(f"--output is {folder}: {name} in it is a folder, and a file of that name is written.")


def protocol_of(options: Namespace) -> Protocol:
    """Return the protocol that the options ask for, whatever work it is."""
    fewest, most = (options.starts,) * 2 if options.starts else (FEWEST, MOST)
    tuning = Tuning(5, 5, 2, targets=("end",))
    return Protocol(SEED, PASSES, (PASSES,), (options.start,), {}, ROWS, WORK, fewest, most, SIZES, tuning)


def affordable(protocol: Protocol, clusters: int, n: int, features: int) -> tuple[Protocol, list[str]]:
    """Return a protocol that does not ask for more than `EFFORT`, if it can, and what there is to say about it.

    A number of starts that the user has chosen stays.
    """
    work = n * clusters * features
    passes = min(protocol.passes, max(LEAST_PASSES, int(EFFORT / (LEAST_STARTS * work))))
    fewest = protocol.fewest
    if fewest < protocol.most:
        fewest = min(fewest, max(LEAST_STARTS, int(EFFORT / (passes * work))))
    less = (fewest, passes) != (protocol.fewest, protocol.passes)
    protocol = replace(protocol, fewest=fewest, passes=passes, budgets=(passes,))
    starts = protocol.runs(n, clusters, features)
    minutes = starts * passes * work / EFFORT
    if minutes > SHORT:
        _say(f"{n} rows of {features} features are much work: this takes about {minutes:.0f} minutes.")
    note = (
        f"{n} rows of {features} features are much work: there are {starts} starts of each optimizer and a budget of "
        f"{passes} passes; a table with less work gets at least {FEWEST} and {PASSES}."
    )
    return protocol, [note] if less else []


def _with_progress(dataset: Dataset, protocol: Protocol) -> Tables:
    with _progress(1 + len(CONTENDERS)) as report:
        return compare(dataset, protocol, list(CONTENDERS), report)


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
    """Give what is told after each step: a bar shows it, or lines in a file and not too many of them."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("Tune settings", total=steps)
            yield lambda line: progress.update(task, advance=1, description=line.rpartition(": ")[2])
    else:
        begun = said = time.monotonic()
        done = 0

        def report(line: str) -> None:
            nonlocal done, said
            done, now = done + 1, time.monotonic()
            if now - said > PATIENCE:
                said = now
                _say(f"{line} ({done} of {steps} steps, {now - begun:.0f} s)")

        yield report


def _show(summary: pd.DataFrame, text: str, folder: Path) -> None:
    """Print table and answer.

    Raises
    ------
    InputError
        Where they cannot be printed: they are in the folder.
    """
    try:
        if sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        console = Console()
        with console.capture() as printed:
            table = _shown(summary)
            # what it would be without an end of the line
            if console.measure(table, options=console.options.update(width=1000)).maximum <= console.width:
                console.print(table)
            else:
                console.print(_stacked(summary), markup=False, highlight=False)
            console.print(text, markup=False, highlight=False)
            console.print(f"Table, figure, runs and text are in {legible(folder)}.", markup=False, highlight=False)
        sys.stdout.write(printed.get())
        sys.stdout.flush()
    except OSError as problem:
        raise InputError(
            f"The answer could not be printed ({problem.strerror}): it is in {legible(folder)}, with table, figure and "
            "runs."
        ) from problem


def _shown(summary: pd.DataFrame) -> Table:
    table = Table(title="Final cost against batch K-means, and speed", box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("optimizer", no_wrap=True)
    for name in ("difference (%)\n[95 % interval]", "better / equal\n/ worse (%)", "passes\nto 1 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for _, row in summary.iterrows():
        shown = (single.difference(row), single.shares(row), single.passes(row["passes"]), row["verdict"])
        table.add_row(CONTENDERS[row["optimizer"]].label, *shown)
    return table


def _stacked(summary: pd.DataFrame) -> str:
    """Return what the table says, for a terminal that is too narrow for it."""
    lines = ["Final cost against batch K-means, and speed", ""]
    for _, row in summary.iterrows():
        lines += [
            f"{CONTENDERS[row['optimizer']].label}: {row['verdict']}",
            f"  difference (%): {single.difference(row)}",
            f"  better/equal/worse (%): {single.shares(row)}",
            f"  passes to 1 %: {single.passes(row['passes'])}",
        ]
    return "\n".join([*lines, ""])


def _write(folder: Path, tables: Tables, summary: pd.DataFrame, text: str, dataset: Dataset, clusters: int) -> None:
    """Write `FILES`."""
    write_csv(summary, folder / "comparison.csv")
    write_csv(tables.runs, folder / "runs.csv.gz")
    save(single.forest(summary, dataset.name, clusters), folder / "comparison.pdf", folder / "comparison.svg")
    write(text, folder / "answer.txt")
