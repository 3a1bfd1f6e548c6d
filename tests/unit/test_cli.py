"""The command line on tables as people keep them: an answer and its files, or one sentence."""

import os
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence import cli
from kmeans_convergence.studies.comparison.analysis import single
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.show import single as reporting
from kmeans_convergence.studies.comparison.show.single import advice

FEW = {key: CONTENDERS[key] for key in ("batch_kmeans", "hartigan", "online_gradient_tuned")}
FILES = {"answer.txt", "comparison.csv", "comparison.pdf", "comparison.svg", "runs.csv.gz"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    """Three optimizers, few passes, in a folder of its own."""
    monkeypatch.setattr(cli, "CONTENDERS", FEW)
    monkeypatch.setattr(cli, "PASSES", 6)
    monkeypatch.setattr(cli, "REPEATS", 200)
    monkeypatch.chdir(tmp_path)


def numbers(rows=40):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 3)) + 5 * rng.integers(2, size=(rows, 3))


def plain(file):
    pd.DataFrame(numbers(), columns=["a", "b", "c"]).to_csv(file, index=False)


def without_header(file):
    np.savetxt(file, numbers(), delimiter=";", fmt="%.3f")


def with_text_and_gaps(file):
    table = pd.DataFrame(numbers(), columns=["a", "b", "c"]).assign(colour="red")
    table.loc[3, "b"] = np.nan
    table.to_csv(file, index=False)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (plain, []),
        (without_header, ["taken for a pattern and not for a header"]),
        (with_text_and_gaps, ["Column 'colour' holds text", "1 of 40 rows has a missing or infinite value"]),
    ],
)
def test_three_kinds_of_tables(tmp_path, capsys, make, said):
    make(tmp_path / "my.csv")
    assert cli.main(["compare", "my.csv", "--clusters", "4", "--starts", "12"]) == 0
    folder = tmp_path / "my-comparison"
    assert {file.name for file in folder.iterdir()} == FILES
    table = pd.read_csv(folder / "comparison.csv").set_index("optimizer")
    assert set(table.index) == set(FEW)
    assert table.loc["batch_kmeans", ["difference", "low", "high"]].tolist() == [0, 0, 0]
    assert len(pd.read_csv(folder / "runs.csv.gz")) == 3 * 12
    answer = (folder / "answer.txt").read_text()
    for words in ("my, K = 4: 3 optimizers, 12 starts each", "lowest cost", "speed", *said):
        assert words in answer
    printed = capsys.readouterr().out
    for contender in FEW.values():
        assert contender.label in printed


def test_a_file_whose_name_is_not_utf_8(tmp_path, capsys):
    name = os.fsdecode(b"b\xe4d")
    plain(tmp_path / f"{name}.csv")
    assert cli.main(["compare", f"{name}.csv", "--clusters", "3", "--starts", "10"]) == 0
    folder = tmp_path / f"{name}-comparison"
    assert {file.name for file in folder.iterdir()} == FILES
    for text in (capsys.readouterr().out, (folder / "answer.txt").read_text()):
        assert "b\ufffdd, K = 3" in text


def test_the_same_files_each_time(tmp_path):
    plain(tmp_path / "my.csv")
    for folder in ("one", "two"):
        assert cli.main(["compare", "my.csv", "--clusters", "3", "--starts", "10", "--output", folder]) == 0
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_scaling_is_a_choice(tmp_path):
    pd.DataFrame(numbers() * [1, 1, 1000], columns=["a", "b", "c"]).to_csv(tmp_path / "my.csv", index=False)
    for scaling in ("standardize", "none"):
        arguments = ["compare", "my.csv", "--clusters", "3", "--starts", "10", "--scaling", scaling]
        assert cli.main([*arguments, "--output", scaling]) == 0
    standardized, plain_costs = (
        pd.read_csv(tmp_path / scaling / "runs.csv.gz")["limit"] for scaling in ("standardize", "none")
    )
    # the cost of 40 standardised patterns is at most half of 40 x 3
    assert (standardized <= 60).all()
    assert (plain_costs > 1e6).all()


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (None, ["--clusters", "3"], "my.csv"),
        ("", ["--clusters", "3"], "my.csv"),
        ("name\nred\nblue\n", ["--clusters", "2"], "no column of numbers"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "3"], "3 distinct patterns"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "7"], "distinct patterns"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "0"], "K = 0: the patterns of data set 'my' hold 3 distinct"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--starts", "1"], "--starts is 1: at least 10"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "many"], "'many' is no whole number"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", f"{10**400}"], "'100000000...' is no whole number of at most nine"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--starts", "9" * 5000], "'999999999...' is no whole number"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--starts", "10001"], "at most 10000 are allowed"),
        ("a,b\n1,2\n3,4\n", ["--clusters", "2"], "K = 2: the patterns of data set 'my' hold 2 distinct patterns"),
        ("a,b\n1,2\n3,4\n5,6\n", [], "--clusters"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--scaling", "log"], "invalid choice: 'log'"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--output", "my.csv"], "--output is my.csv"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--output", ""], "--output: it is empty"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--output", "/proc/x"], "--output is /proc/x"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--output", "my.csv/deep"], "--output is my.csv/deep"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, capsys, text, arguments, words):
    if text is not None:
        (tmp_path / "my.csv").write_text(text)
    assert cli.main(["compare", "my.csv", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.endswith(".\n")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert {file.name for file in tmp_path.iterdir()} <= {"my.csv"}


def test_a_folder_where_a_file_is_to_be(tmp_path, capsys):
    plain(tmp_path / "my.csv")
    (tmp_path / "out" / "answer.txt").mkdir(parents=True)
    assert cli.main(["compare", "my.csv", "--clusters", "3", "--output", "out"]) == 2
    assert "answer.txt in it is a folder" in capsys.readouterr().err


def test_what_else_is_in_the_folder_stays(tmp_path):
    plain(tmp_path / "my.csv")
    (tmp_path / "out").mkdir()
    for name in ("mine.txt", "answer.txt"):
        (tmp_path / "out" / name).write_text("old")
    assert cli.main(["compare", "my.csv", "--clusters", "3", "--starts", "10", "--output", "out"]) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES | {"mine.txt"} == {*cli.FILES, "mine.txt"}
    assert (tmp_path / "out" / "mine.txt").read_text() == "old"
    assert (tmp_path / "out" / "answer.txt").read_text() != "old"


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_number_is_cut_off_in_a_narrow_terminal(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(cli, "CONTENDERS", CONTENDERS)
    effects = {"batch_kmeans": (0, 0, 8), "online_face_newton": (423.123, 0.5, 9), "adam": (-3.211, 0.01, 34)}
    table = single.summarize(runs(effects), 1, 500).assign(runs=60)
    cli._show(table, "answer", "folder")
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in printed
    words = set(" ".join(lines).replace("[", "").replace("]", "").replace(",", "").split())
    for _, row in table.iterrows():
        assert set(reporting.difference(row).replace("[", "").replace("]", "").replace(",", "").split()) <= words
        assert reporting.passes(row["passes"]) in words
    # on one line where there is room
    assert any("Adam" in line and "34" in line for line in lines) == (width >= 80)


@pytest.mark.parametrize(
    ("shape", "chosen", "starts", "passes"),
    [
        ((150, 4), None, 83, 50),
        ((5000, 20), None, 20, 50),
        # more work than in a minute or two: fewer starts, then fewer passes, but never too few
        ((1000, 300), None, 16, 50),
        ((200, 5000), None, 14, 17),
        ((5000, 5000), None, 14, 10),
        # what the user has chosen stays
        ((200, 5000), 30, 30, 17),
        ((150, 4), 30, 30, 50),
    ],
)
def test_more_work_gets_fewer_starts_and_passes(monkeypatch, capsys, shape, chosen, starts, passes):
    monkeypatch.setattr(cli, "PASSES", 50)
    protocol, notes = cli._affordable(cli._protocol(Namespace(starts=chosen, start="plusplus")), 6, *shape)
    assert (protocol.runs(*shape[:1], 6, shape[1]), protocol.passes) == (starts, passes)
    assert (f"{passes} passes" in "".join(notes)) == ((starts, passes) != (chosen or starts, 50) or starts < 20)
    said = capsys.readouterr().err
    work = starts * passes * 6 * shape[0] * shape[1]
    assert ("this takes about" in said) == (work > 2 * cli.EFFORT)


def test_with_the_fewest_starts_a_difference_can_still_be_shown():
    """All optimizers but one are like batch K-means; from every start the one ends lower."""
    effects = dict.fromkeys(CONTENDERS, (0, 0.001, 5)) | {"batch_kmeans": (0, 0, 5), "hartigan": (-3, 0.1, 5)}
    for starts, verdict in ((cli.LEAST_STARTS, "better"), (10, "likely better")):
        table = single.summarize(runs(effects, starts), 1, 500).set_index("optimizer")
        assert table.loc["hartigan", "verdict"] == verdict


def runs(effects, starts=60):
    """Limits of optimizers whose relative difference from batch K-means is known: mean and spread, in per cent."""
    rng = np.random.default_rng(1)
    base = rng.uniform(90, 110, starts)
    tables = []
    for key, (mean, spread, passes) in effects.items():
        limit = base * (1 + (mean + spread * rng.normal(size=starts)) / 100)
        tables.append(
            pd.DataFrame({"optimizer": key, "run": np.arange(starts), "limit": limit, "own_1": float(passes)})
        )
    return pd.concat(tables, ignore_index=True)


def test_verdicts_and_answers_in_a_world_that_is_known():
    effects = {
        "batch_kmeans": (0, 0, 8),
        "hartigan": (-2, 0.5, 9),
        "nesterov": (0.0, 0.01, 3),
        "online_kmeans": (3, 0.5, 1),
        "adam": (-0.5, 6, 30),
        "minibatch_counts": (0.0, 0.01, np.nan),
    }
    table = single.summarize(runs(effects), 1, 500)
    verdicts = dict(zip(table["optimizer"], table["verdict"], strict=True))
    assert verdicts == {
        "batch_kmeans": "equal",
        "hartigan": "better",
        "nesterov": "equal",
        "online_kmeans": "worse",
        "adam": "open",
        "minibatch_counts": "equal",
    }
    assert single.best(table)["optimizer"] == "hartigan"
    # the online method is faster, but ends higher
    assert single.fastest(table)["optimizer"] == "nesterov"
    assert np.isinf(table.set_index("optimizer").loc["minibatch_counts", "passes"])
    text = advice(table.assign(runs=60), "mine", 3, "drawn by k-means++")
    assert "For the lowest cost: Hartigan. From the same starts it ends 2" in text
    assert "For speed: K-means, Nesterov. Half of its runs are within 1 % of where they end after 3 passes" in text
    assert "1 better, 2 equal, 1 open, 1 worse" in text


def test_an_answer_when_nothing_is_better():
    table = single.summarize(runs({"batch_kmeans": (0, 0, 2), "adam": (0, 5, 30)}), 1, 500)
    text = advice(table.assign(runs=60), "mine", 3, "drawn by k-means++")
    assert "For the lowest cost: batch K-means; no other optimizer is shown to end more than 0.1 % below it." in text
    assert "1 optimizer could end lower" in text
    assert "no optimizer that ends as low is faster" in text


def test_verdicts_and_words_agree_with_the_intervals():
    """From a third of few starts much worse: the interval says so, the test that is corrected for many does not."""
    starts, rng = 20, np.random.default_rng(3)
    base = rng.uniform(90, 110, starts)
    rows = {"batch_kmeans": base, "adam": base * np.where(np.arange(starts) % 3 == 0, 12.0, 1.0)}
    rows |= {key: base for key in CONTENDERS if key not in rows}
    table = pd.concat(
        [
            pd.DataFrame({"optimizer": key, "run": np.arange(starts), "limit": limit, "own_1": 1.0})
            for key, limit in rows.items()
        ],
        ignore_index=True,
    )
    summary = single.summarize(table, 1, 500).assign(runs=starts)
    adam = summary.set_index("optimizer").loc["adam"]
    assert adam["low"] > 100
    assert adam["verdict"] == "likely worse"
    text = advice(summary, "mine", 3, "drawn by k-means++")
    assert "not settled" not in text
    assert f"{len(CONTENDERS) - 2} equal, 1 likely worse" in text
    assert "after 1 pass," in text
    for low, high, p, verdict in [
        (-3, -1, 0.01, "better"),
        (-3, -1, 0.2, "likely better"),
        (-3, 0, 0.01, "open"),
        (0, 3, 0.2, "open"),
        (-0.1, 0.1, 0.01, "equal"),
        (1, 3, 0.2, "likely worse"),
        (1, 3, 0.01, "worse"),
    ]:
        row = Namespace(low=low, high=high, p_holm=p)
        assert single._verdict(row) == verdict
    # of the open ones, only those that may end lower leave it open which one ends lowest
    assert len(single.rivals(pd.DataFrame({"verdict": ["open", "open", "better"], "low": [0.0, -3, -3]}))) == 1
