"""The command line on tables as people keep them: an answer and its files, or one sentence."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence import cli
from kmeans_convergence.analysis import single
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.reporting.single import advice

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
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "0"], "clusters"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--starts", "1"], "--starts is 1: at least 10"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "many"], "invalid int value: 'many'"),
        ("a,b\n1,2\n3,4\n5,6\n", [], "--clusters"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--scaling", "log"], "invalid choice: 'log'"),
        ("a,b\n1,2\n3,4\n5,6\n", ["--clusters", "2", "--output", "my.csv"], "--output is my.csv"),
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
    assert "1 better, 2 equal, 1 worse, 1 open" in text


def test_an_answer_when_nothing_is_better():
    table = single.summarize(runs({"batch_kmeans": (0, 0, 2), "adam": (0, 5, 30)}), 1, 500)
    text = advice(table.assign(runs=60), "mine", 3, "drawn by k-means++")
    assert "For the lowest cost: batch K-means; no other optimizer is shown to end more than 0.1 % below it." in text
    assert "1 optimizer could be better or worse" in text
    assert "no optimizer that ends as low is faster" in text
