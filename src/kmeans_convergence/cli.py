"""The command line: all optimizers on a user's table."""

from __future__ import annotations

import csv
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
from typing import NamedTuple, NoReturn

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kmeans_convergence.atomic import check_writable, filling, nearest
from kmeans_convergence.data import Dataset, check_dataset, subsample
from kmeans_convergence.data.csv import load_dissimilarities, load_table
from kmeans_convergence.data.dataset import SCALINGS
from kmeans_convergence.data.text import legible
from kmeans_convergence.errors import InputError, explain
from kmeans_convergence.pipeline.tables import write_csv
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.mixture.covariance import MODELS as COVARIANCES
from kmeans_convergence.problems.stress import distances
from kmeans_convergence.report.style import save
from kmeans_convergence.report.text import write
from kmeans_convergence.studies.comparison.analysis.single import PAIRS, summarize
from kmeans_convergence.studies.comparison.run.comparison import SIZES, Protocol, Tables, compare_on, joined
from kmeans_convergence.studies.comparison.run.maps import Map, best_map
from kmeans_convergence.studies.comparison.run.models import STRESSES, check_points, mixture, stress
from kmeans_convergence.studies.comparison.run.task import Task, kmeans
from kmeans_convergence.studies.comparison.run.tuning import Tuning, chosen
from kmeans_convergence.studies.comparison.show import conditioning, maps, single

KMEANS, MIXTURE = "kmeans", "mixture"
CLUSTERED = (KMEANS, MIXTURE)
# What each objective is, in the order of the project.
MODELS = {
    KMEANS: "k-means",
    MIXTURE: "a mixture of Gaussians",
    "mds": "a map by metric scaling",
    "sammon": "a map by Sammon's stress",
    "nonmetric": "a map that keeps the order of the dissimilarities",
}
# Options that only some of them have.
OPTIONS = {
    "clusters": CLUSTERED,
    "start": CLUSTERED,
    "covariance": (MIXTURE,),
    "ridge": (MIXTURE,),
    "dissimilarities": tuple(STRESSES),
    "dimensions": tuple(STRESSES),
}

# As in the study, but for the number of starts: here it follows from less work, so that one waits for a minute or two.
SEED, WORK, FEWEST, MOST = 1995, 300_000, 20, 100
# The budget of a run in passes, and the rows of a larger table that are drawn to stand for all.
PASSES = {KMEANS: 50, MIXTURE: 100} | dict.fromkeys(STRESSES, 200)
ROWS = {KMEANS: 5000, MIXTURE: 1000} | dict.fromkeys(STRESSES, 200)
# An interval needs ten starts, and ten thousand tell no more than a thousand do.
INTERVAL_STARTS, LARGEST_STARTS = PAIRS, 10_000
REPEATS = 2000
# Where a pass is more work, there are fewer starts, and then fewer passes. With fewer starts than this, no signed-rank
# test that is corrected for all optimizers can reject, however the runs end.
LEAST_STARTS, LEAST_PASSES = 14, 10
# Products of all passes and starts of one optimizer: with these, all of them and their tuning take a minute.
EFFORT = 1.5e9
# Numbers of clusters that are compared at a time.
MOST_SIZES = 20
# Columns that hold words.
WORDS = ("optimizer", "verdict", "lowest cost", "fastest")
# Minutes that are not announced.
SHORT = 2
# Seconds between two lines about progress, where there is no terminal for a bar.
PATIENCE = 10.0

# What is left in the folder, and what further with a map.
FILES = (
    "answer.html",
    "answer.txt",
    "comparison.csv",
    "comparison.json",
    "comparison.pdf",
    "comparison.svg",
    "runs.csv.gz",
)
MAP_FILES = ("map.csv", "map.pdf", "map.svg")

STARTS = {"plusplus": "drawn by k-means++", "patterns": "drawn from the patterns", "random": "drawn at random"}


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
    parser = _Parser(
        "kmeans-convergence", description="Alternation or gradient? The same cost, minimised in every way."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    command = commands.add_parser(
        "compare",
        help="run all optimizers on a table and say which to use",
        description="Run all optimizers on a table from the same starts and say which to use and how sure that is.",
    )
    command.add_argument(
        "file", type=Path, metavar="FILE", help="a table with one row for each pattern: text, .npy or Parquet"
    )
    command.add_argument(
        "--model",
        choices=MODELS,
        default=KMEANS,
        help=f"what is minimised: {', '.join(f'{key} ({what})' for key, what in MODELS.items())}; default: kmeans",
    )
    command.add_argument(
        "--clusters", type=_sizes, metavar="K", help="number of clusters, or several, from 2 to 10 as 2:10"
    )
    command.add_argument("--covariance", choices=COVARIANCES, help="of a mixture's components (default: full)")
    command.add_argument(
        "--ridge",
        type=_number,
        metavar="VARIANCE",
        help="of noise in the scaled patterns of a mixture (default: 0)",
    )
    command.add_argument("--dimensions", type=_whole, metavar="P", help="of a map (default: 2)")
    command.add_argument(
        "--dissimilarities", action="store_true", default=None, help="the file is a square matrix of dissimilarities"
    )
    command.add_argument("--columns", type=_columns, metavar="A,B", help="the features, by name (default: all)")
    command.add_argument(
        "--output", type=_folder, metavar="FOLDER", help="where table, figure and text go (default: FILE-comparison)"
    )
    command.add_argument("--starts", type=_whole, metavar="N", help="starts of each optimizer (default: 20 to 100)")
    command.add_argument("--start", choices=("plusplus", "patterns"), help="how starts are drawn (default: plusplus)")
    command.add_argument(
        "--scaling",
        choices=SCALINGS,
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


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text[:12]!r} is no number") from None


def _sizes(text: str) -> tuple[int, ...]:
    """Return one number of clusters, or all from the first to the last."""
    first, colon, last = text.partition(":")
    if not colon:
        return (_whole(text),)
    sizes = range(_whole(first), _whole(last) + 1)
    if not 1 <= len(sizes) <= MOST_SIZES:
        raise ArgumentTypeError(f"{text[:22]!r} are {len(sizes)} numbers, and 1 to {MOST_SIZES} are allowed")
    return tuple(sizes)


def _columns(text: str) -> tuple[str, ...]:
    """Return names between commas; one that holds a comma is written between quotation marks."""
    names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not all(names) or not names:
        raise ArgumentTypeError("names of columns are needed, with commas between them")
    return names


def _compare(options: Namespace) -> None:
    """Compare, then write, then print: nothing is left half-written, and nothing is lost that cannot be printed."""
    _check(options)
    output = options.output or Path(f"{options.file.stem}-comparison")
    _check_folder(output, FILES + (MAP_FILES if options.model in STRESSES else ()))
    dataset, notes = _read(options)
    tasks = _tasks(options, dataset)
    what = f"{len(dataset.X)} rows of {dataset.X.shape[1]} {'numbers' if options.dissimilarities else 'features'}"
    protocol, said = affordable(protocol_of(options), max(task.products for task in tasks), what, len(tasks))
    if options.model == MIXTURE:
        for task in tasks:
            _check_limits(task, protocol)
        said += conditioning.warnings(dataset, options.covariance or "full")
    answer = _answer(tasks, protocol, [*notes, *said], dataset)
    with filling(output) as folder:
        _write(folder, answer)
    _show(answer, output)


def _check(options: Namespace) -> None:
    """Refuse options that do not go with each other, before any work is done."""
    for name, models in OPTIONS.items():
        if getattr(options, name) is not None and options.model not in models:
            raise InputError(f"--{name} is for --model {' or '.join(models)}, and the model is {options.model}.")
    if options.model in CLUSTERED and options.clusters is None:
        raise InputError("--clusters is needed: the number of clusters, or several, from 2 to 10 as --clusters 2:10.")
    for name in ("columns", "scaling"):
        if options.dissimilarities and getattr(options, name) is not None:
            raise InputError(f"--{name} is about features, and with --dissimilarities the file has none.")
    if options.starts is not None and not INTERVAL_STARTS <= options.starts <= LARGEST_STARTS:
        raise InputError(
            f"--starts is {options.starts}: at least {INTERVAL_STARTS} are needed for an interval, and at most "
            f"{LARGEST_STARTS} are allowed."
        )


def _check_folder(folder: Path, files: Sequence[str]) -> None:
    """Refuse a folder that cannot be written to, before any work is done."""
    wanted = f"--output is {folder}: it must be a folder that can be made or written to"
    if not nearest(folder).is_dir():
        raise InputError(f"{wanted}.")
    try:
        check_writable(folder)
    except OSError as problem:
        raise InputError(f"{wanted} ({problem.strerror}).") from problem
    for name in files:
        if (folder / name).is_dir():
            raise InputError(f"--output is {folder}: {name} in it is a folder, and a file of that name is written.")


def _read(options: Namespace) -> tuple[Dataset, list[str]]:
    """Return the data as they are compared, and what there is to say about them."""
    if options.dissimilarities:
        matrix = load_dissimilarities(options.file)
        return matrix, list(matrix.notes)
    scaling, rows = options.scaling or "standardize", ROWS[options.model]
    dataset = load_table(options.file, options.clusters or (), scaling, options.columns)
    notes = list(dataset.notes)
    if options.columns:
        notes.append("Of the columns, only those were used that --columns names.")
    if scaling == "standardize":
        notes.append("Each feature was divided by its standard deviation (--scaling none keeps the units).")
    if len(dataset.X) > rows:
        notes.append(f"{rows} of the {len(dataset.X)} rows were drawn to stand for all.")
        dataset = subsample(dataset, rows, SEED)
    check_dataset(dataset)
    return dataset, notes


def _tasks(options: Namespace, dataset: Dataset) -> list[Task]:
    """Return what is to be compared, for each number of clusters."""
    if options.model == KMEANS:
        problem = QuantizationProblem(dataset.X).centred
        return [kmeans(problem, dataset.name, clusters) for clusters in options.clusters]
    if options.model == MIXTURE:
        how = options.covariance or "full", options.ridge or 0.0
        return [mixture(dataset, clusters, *how) for clusters in options.clusters]
    dimensions = 2 if options.dimensions is None else options.dimensions
    check_points(len(dataset.X), dimensions)
    dissimilarities = dataset.X if options.dissimilarities else distances(dataset.X)
    return [stress(dataset.name, dissimilarities, dataset.names, dimensions, options.model)]


def protocol_of(options: Namespace) -> Protocol:
    """Return the protocol that the options ask for, whatever work it is."""
    fewest, most = (options.starts,) * 2 if options.starts else (FEWEST, MOST)
    tuning, passes = Tuning(5, 5, 2, targets=("end",)), PASSES[options.model]
    start = options.start or ("plusplus" if options.model in CLUSTERED else "random")
    return Protocol(SEED, passes, (passes,), (start,), {}, ROWS[options.model], WORK, fewest, most, SIZES, tuning)


def affordable(protocol: Protocol, products: int, what: str, times: int = 1) -> tuple[Protocol, list[str]]:
    """Return a protocol that does not ask for more than `EFFORT`, if it can, and what there is to say about it.

    A number of starts that the user has chosen stays.

    Parameters
    ----------
    protocol : Protocol
    products : int
        Work of a pass of one run.
    what : str
        What causes the work.
    times : int
        How often it is to be done.
    """
    passes = min(protocol.passes, max(LEAST_PASSES, int(EFFORT / (LEAST_STARTS * products))))
    fewest = protocol.fewest
    if fewest < protocol.most:
        fewest = min(fewest, max(LEAST_STARTS, int(EFFORT / (passes * products))))
    less = (fewest, passes) != (protocol.fewest, protocol.passes)
    usual, protocol = protocol.passes, replace(protocol, fewest=fewest, passes=passes, budgets=(passes,))
    starts = protocol.runs(products)
    minutes = times * starts * passes * products / EFFORT
    if minutes > SHORT:
        _say(f"{what} are much work: this takes about {minutes:.0f} minutes.")
    note = (
        f"{what} are much work: there are {starts} starts of each optimizer and a budget of {passes} passes; a table "
        f"with less work gets at least {FEWEST} and {usual}."
    )
    return protocol, [note] if less else []


class Answer(NamedTuple):
    """What a comparison has found, in all its forms.

    Attributes
    ----------
    name : str
        Of the data.
    summaries : list of DataFrame
        One for each number of clusters.
    abouts : list of About
    runs : DataFrame
    text : str
    notes : list of str
    map : Map, optional
    names : tuple of str
        Of its points.
    """

    name: str
    summaries: list[pd.DataFrame]
    abouts: list[single.About]
    runs: pd.DataFrame
    text: str
    notes: list[str]
    map: Map | None
    names: tuple[str, ...]


def _answer(tasks: Sequence[Task], protocol: Protocol, notes: list[str], dataset: Dataset) -> Answer:
    """Compare, and say what has been found."""
    found = _with_progress(tasks, protocol)
    summaries, abouts, texts, size = [], [], [], "clusters" if dataset.clusters else "dimensions"
    for task, tables in zip(tasks, found, strict=True):
        about = single.About(
            task.title,
            {key: contender.label for key, contender in task.contenders.items()},
            task.reference,
            STARTS[protocol.starts[0]],
            task.polish.label,
            task.problem.gap,
        )
        summary = summarize(tables.runs, about.gap, about.reference, SEED, REPEATS)
        summary["runs"] = tables.runs["run"].nunique()
        summary["setting"] = summary["optimizer"].map(_settings(tables))
        summary.insert(0, size, task.size)
        summaries.append(summary)
        abouts.append(about)
        last = task is tasks[-1]
        texts.append(single.advice(summary, about, notes if last else ()))
    runs = joined(found).runs.rename(columns={"clusters": size})
    drawn = None
    if size == "dimensions":
        drawn = best_map(tasks[0], protocol, found[0].runs, _settings(found[0]))
        texts.insert(0, maps.words(drawn))
    return Answer(dataset.name, summaries, abouts, runs, "\n".join(texts), notes, drawn, dataset.names)


def _settings(tables: Tables) -> dict[str, float]:
    """Return the values that were chosen, by optimizer: there is one budget, and one target."""
    return {setting.optimizer: value for setting, value in chosen(tables.tuning).items()}


def _check_limits(task: Task, protocol: Protocol) -> None:
    """Refuse to compare with an alternation that has hardly a run to compare with, before all others are run."""
    tables = compare_on(task, protocol, [task.reference], lambda line: None)
    ends = tables.runs.loc[tables.runs["optimizer"] == task.reference, "limit"]
    if ends.notna().sum() < PAIRS:
        alternation = task.contenders[task.reference].label
        raise InputError(
            f"Of {len(ends)} runs of {alternation} on {task.title}, {ends.isna().sum()} degenerate, because a "
            "component collapses and the likelihood has no bound there, so that too little is left to compare: take "
            "fewer clusters, --covariance tied, diagonal or spherical, or a --ridge."
        )


def _with_progress(tasks: Sequence[Task], protocol: Protocol) -> list[Tables]:
    with _progress(sum(1 + len(task.contenders) for task in tasks)) as report:
        return [compare_on(task, protocol, list(task.contenders), report) for task in tasks]


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


def _show(answer: Answer, folder: Path) -> None:
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
        title = f"Final cost against {answer.abouts[0].alternation}, and speed"
        columns = single.columns(answer.summaries, answer.abouts[0])
        with console.capture() as printed:
            table = _shown(title, columns)
            # what it would be without an end of the line
            if console.measure(table, options=console.options.update(width=1000)).maximum <= console.width:
                console.print(table)
            else:
                console.print(_stacked(title, columns), markup=False, highlight=False)
            console.print(answer.text, markup=False, highlight=False)
            console.print(f"Table, figure, runs and text are in {legible(folder)}.", markup=False, highlight=False)
        sys.stdout.write(printed.get())
        sys.stdout.flush()
    except OSError as problem:
        raise InputError(
            f"The answer could not be printed ({problem.strerror}): it is in {legible(folder)}, with table, figure and "
            "runs."
        ) from problem


def _shown(title: str, columns: dict[str, list[str]]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, padding=0, show_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name in WORDS else "right", no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _stacked(title: str, columns: dict[str, list[str]]) -> str:
    """Return what the table says, for a terminal that is too narrow for it."""
    lines = [title, ""]
    for cells in zip(*columns.values(), strict=True):
        row = dict(zip((name.split("\n[")[0].replace("\n", " ") for name in columns), cells, strict=True))
        lines.append(f"K = {row.pop('K')}" if "K" in row else f"{row.pop('optimizer')}: {row.pop('verdict')}")
        lines += [f"  {name}: {value}" for name, value in row.items()]
    return "\n".join([*lines, ""])


def _write(folder: Path, answer: Answer) -> None:
    """Write `FILES`, and with a map `MAP_FILES`."""
    write_csv(pd.concat(answer.summaries), folder / "comparison.csv")
    write(single.as_json(answer.summaries, answer.abouts, answer.notes), folder / "comparison.json")
    write_csv(answer.runs, folder / "runs.csv.gz")
    first = answer.abouts[0]
    figure = (
        single.forest(answer.summaries[0], first)
        if len(answer.summaries) == 1
        else single.overview(answer.summaries, replace(first, title=answer.name))
    )
    save(figure, folder / "comparison.pdf", folder / "comparison.svg")
    if answer.map is not None:
        write_csv(maps.table(answer.map, answer.names), folder / "map.csv")
        save(maps.draw(answer.map, answer.names, first.title), folder / "map.pdf", folder / "map.svg")
    drawings = [
        (folder / name).read_text(encoding="utf-8") for name in ("map.svg", "comparison.svg")[answer.map is None :]
    ]
    title = f"Which optimizer for {answer.name}?"
    page = single.as_page(title, single.columns(answer.summaries, first), answer.text, drawings)
    write(page, folder / "answer.html")
    write(answer.text, folder / "answer.txt")
