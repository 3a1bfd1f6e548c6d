"""The command line on tables as people keep them: an answer and its files, or one sentence."""

import json
import os
from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from scipy.spatial.distance import pdist, squareform

from kmeans_convergence import cli
from kmeans_convergence.core.gap import RELATIVE, AbsoluteGap
from kmeans_convergence.studies.comparison.analysis import single
from kmeans_convergence.studies.comparison.run import models, task, tuning
from kmeans_convergence.studies.comparison.run.comparison import Tables
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.show import single as reporting
from kmeans_convergence.studies.comparison.show.single import About, advice

FEW = {key: CONTENDERS[key] for key in ("batch_kmeans", "hartigan", "online_gradient_tuned")}
OTHERS = ("anderson", "gradient_tuned", "squarem", "online_em", "sammon_search", "annealed_pairs")
FILES = {
    "answer.html",
    "answer.txt",
    "comparison.csv",
    "comparison.json",
    "comparison.pdf",
    "comparison.svg",
    "runs.csv.gz",
}
LABELS = {key: contender.label for key, contender in CONTENDERS.items()}
ABOUT = About("mine, K = 3", LABELS, "batch_kmeans", "drawn by k-means++", "batch K-means", RELATIVE)


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    """Few optimizers, few passes, in a folder of its own."""
    monkeypatch.setattr(task, "CONTENDERS", FEW)
    for name in ("CONTENDERS", "FURTHER"):
        known = getattr(models, name)
        monkeypatch.setattr(models, name, {key: known[key] for key in OTHERS if key in known})
    monkeypatch.setattr(cli, "PASSES", dict.fromkeys(cli.PASSES, 6))
    monkeypatch.setattr(models, "POLISHED", 100)
    monkeypatch.setattr(cli, "REPEATS", 200)
    monkeypatch.chdir(tmp_path)
    yield
    pyplot.close("all")


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
    monkeypatch.setattr(task, "CONTENDERS", CONTENDERS)
    effects = {"batch_kmeans": (0, 0, 8), "online_face_newton": (423.123, 0.5, 9), "adam": (-3.211, 0.01, 34)}
    plain("my.csv")
    made = runs(effects)
    untuned = pd.DataFrame(columns=tuning.COLUMNS)
    monkeypatch.setattr(cli, "compare_on", lambda *_: Tables(made, made, untuned))
    assert cli.main(["compare", "my.csv", "--clusters", "3"]) == 0
    table = single.summarize(made, RELATIVE, "batch_kmeans", cli.SEED, cli.REPEATS)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in printed
    words = set(" ".join(lines).replace("[", "").replace("]", "").replace(",", "").split())
    for _, row in table.iterrows():
        assert set(reporting.difference(row, ABOUT).replace("[", "").replace("]", "").replace(",", "").split()) <= words
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
    monkeypatch.setattr(cli, "PASSES", {"kmeans": 50})
    products = 6 * shape[0] * shape[1]
    options = Namespace(starts=chosen, start=None, model="kmeans")
    protocol, notes = cli.affordable(cli.protocol_of(options), products, "many rows")
    assert (protocol.runs(products), protocol.passes) == (starts, passes)
    assert (f"{passes} passes" in "".join(notes)) == ((starts, passes) != (chosen or starts, 50) or starts < 20)
    said = capsys.readouterr().err
    work = starts * passes * products
    assert ("this takes about" in said) == (work > 2 * cli.EFFORT)


def test_with_the_fewest_starts_a_difference_can_still_be_shown():
    """All optimizers but one are like batch K-means; from every start the one ends lower."""
    effects = dict.fromkeys(CONTENDERS, (0, 0.001, 5)) | {"batch_kmeans": (0, 0, 5), "hartigan": (-3, 0.1, 5)}
    for starts, verdict in ((cli.LEAST_STARTS, "better"), (10, "likely better")):
        table = single.summarize(runs(effects, starts), RELATIVE, "batch_kmeans", 1, 500).set_index("optimizer")
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
    table = single.summarize(runs(effects), RELATIVE, "batch_kmeans", 1, 500)
    verdicts = dict(zip(table["optimizer"], table["verdict"], strict=True))
    assert verdicts == {
        "batch_kmeans": "equal",
        "hartigan": "better",
        "nesterov": "equal",
        "online_kmeans": "worse",
        "adam": "open",
        "minibatch_counts": "equal",
    }
    assert single.best(table, "batch_kmeans")["optimizer"] == "hartigan"
    # the online method is faster, but ends higher
    assert single.fastest(table, "batch_kmeans")["optimizer"] == "nesterov"
    assert np.isinf(table.set_index("optimizer").loc["minibatch_counts", "passes"])
    text = advice(table.assign(runs=60), ABOUT)
    assert "For the lowest cost: Hartigan. From the same starts it ends 2" in text
    assert "For speed: K-means, Nesterov. Half of its runs are within 1 % of where they end after 3 passes" in text
    assert "1 better, 2 equal, 1 open, 1 worse" in text


def test_an_answer_when_nothing_is_better():
    table = single.summarize(runs({"batch_kmeans": (0, 0, 2), "adam": (0, 5, 30)}), RELATIVE, "batch_kmeans", 1, 500)
    text = advice(table.assign(runs=60), ABOUT)
    assert "For the lowest cost: batch K-means; no other optimizer is shown to end more than 0.1 % below it." in text
    assert "1 optimizer could end lower" in text
    assert "no optimizer that ends as low is faster" in text
    # nor one that is never there either
    table = single.summarize(
        runs({"batch_kmeans": (0, 0, np.nan), "adam": (0, 0, np.nan)}), RELATIVE, "batch_kmeans", 1, 500
    )
    assert single.fastest(table, "batch_kmeans")["optimizer"] == "batch_kmeans"


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
    summary = single.summarize(table, RELATIVE, "batch_kmeans", 1, 500).assign(runs=starts)
    adam = summary.set_index("optimizer").loc["adam"]
    assert adam["low"] > 100
    assert adam["verdict"] == "likely worse"
    text = advice(summary, ABOUT)
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
        assert single.verdict(low, high, p, 0.1) == verdict
    # of the open ones, only those that may end lower leave it open which one ends lowest
    assert len(single.rivals(pd.DataFrame({"verdict": ["open", "open", "better"], "low": [0.0, -3, -3]}), 0.1)) == 1


# ---- mixtures and maps


def correlated(file):
    """Two features that nearly add up to the third."""
    X = numbers(60)
    X[:, 2] = X[:, 0] + X[:, 1] + 1e-4 * np.random.default_rng(1).normal(size=60)
    pd.DataFrame(X, columns=["a", "b", "c"]).to_csv(file, index=False)


def answered(arguments, more=()):
    """Return the answer, the table and what JSON says, when all files are there."""
    assert cli.main(["compare", *arguments, "--starts", "10", "--output", "out"]) == 0
    folder = cli.Path("out")
    assert {file.name for file in folder.iterdir()} == {*FILES, *more}
    table, said = pd.read_csv(folder / "comparison.csv"), json.loads((folder / "comparison.json").read_text())
    assert sum(len(part["optimizers"]) for part in said["comparisons"]) == len(table)
    page = (folder / "answer.html").read_text()
    assert page.count("<svg") == page.count("</svg>") == 1 + bool(more)
    assert page.count("<tr>") > 1
    for part in said["comparisons"]:
        labels = {row["optimizer"]: row["label"] for row in part["optimizers"]}
        assert {part["reference"], part["lowest"], part["fastest"]} <= set(labels)
    return (folder / "answer.txt").read_text(), table, said


@pytest.mark.parametrize("covariance", ["full", "diagonal"])
def test_a_mixture_and_what_is_said_of_ill_conditioned_data(capsys, covariance):
    correlated("my.csv")
    text, table, said = answered(["my.csv", "--model", "mixture", "--clusters", "2", "--covariance", covariance])
    assert f"my, K = 2, {covariance} covariances: {len(table)} optimizers, 10 starts each" in text
    assert set(table["optimizer"]) == {"alternation", "anderson", "gradient_tuned", "squarem", "online_em"}
    assert "the largest condition index is" in text
    assert "in which 'a', 'b' and 'c' take part" in text
    assert ("digits" in text) == (covariance == "full")
    assert "0.001 nats per pattern" in text
    assert said["comparisons"][0]["unit"] == "nats per pattern"
    # the setting to copy
    assert table.set_index("optimizer")["setting"].notna().to_dict() == {
        key: key == "gradient_tuned" for key in table["optimizer"]
    }
    printed = capsys.readouterr().out
    assert "Final cost against EM, and speed" in printed
    assert "SQUAREM" in printed


def test_nothing_is_said_of_well_conditioned_data():
    plain("my.csv")
    text, _, _ = answered(["my.csv", "--model", "mixture", "--clusters", "2", "--ridge", "0.01"])
    assert "condition" not in text


def test_a_mixture_whose_runs_all_collapse_is_one_sentence(capsys):
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(8, 1)), 8, axis=0) * [[1, 0]] + rng.normal(size=(64, 2)) * [[0, 1]]
    pd.DataFrame(X, columns=["a", "b"]).to_csv("my.csv", index=False)
    assert cli.main(["compare", "my.csv", "--model", "mixture", "--clusters", "8", "--starts", "10"]) == 2
    said = capsys.readouterr()
    assert "runs of EM on my, K = 8, full covariances" in said.err
    assert "--ridge" in said.err
    assert said.err.count("\n") == 1
    assert not cli.Path("my-comparison").exists()


def test_one_table_for_several_numbers_of_clusters(capsys):
    plain("my.csv")
    text, table, said = answered(["my.csv", "--clusters", "2:4"])
    assert table.groupby("clusters")["optimizer"].apply(set).to_dict() == {K: set(FEW) for K in (2, 3, 4)}
    for K in (2, 3, 4):
        assert f"my, K = {K}: 3 optimizers" in text
    assert len(said["comparisons"]) == 3
    assert text.count("The data:") == 1
    assert "K" in capsys.readouterr().out.splitlines()[2].split()
    # each is what it is alone
    _, alone, _ = answered(["my.csv", "--clusters", "3"])
    pd.testing.assert_frame_equal(table[table["clusters"] == 3].reset_index(drop=True), alone)


def test_columns_by_name():
    correlated("my.csv")
    text, _, _ = answered(["my.csv", "--clusters", "2", "--columns", "c, a"])
    assert "only those were used that --columns names" in text
    pd.read_csv("my.csv")[["c", "a"]].to_csv("two.csv", index=False)
    runs = pd.read_csv("out/runs.csv.gz")
    answered(["two.csv", "--clusters", "2"])
    # the name is that of the streams
    assert not runs["limit"].equals(pd.read_csv("out/runs.csv.gz")["limit"])
    os.replace("two.csv", "my.csv")
    answered(["my.csv", "--clusters", "2"])
    assert runs["limit"].equals(pd.read_csv("out/runs.csv.gz")["limit"])


MAP = {"map.csv", "map.pdf", "map.svg"}
STRESS = {"mds": ["annealed_pairs", "sammon_search"], "sammon": ["annealed_pairs", "sammon_search"], "nonmetric": []}


@pytest.mark.parametrize("model", STRESS)
def test_a_map_of_a_table(model):
    plain("my.csv")
    text, table, _ = answered(["my.csv", "--model", model], MAP)
    assert set(table["optimizer"]) == {"alternation", "anderson", "gradient_tuned", "squarem", *STRESS[model]}
    assert (table["dimensions"] == 2).all()
    for words in ("The map is the best one found", "my, 2 dimensions:", "Against SMACOF", "Classical scaling", "0.1 %"):
        assert words in text
    points = pd.read_csv("out/map.csv")
    assert points["point"].tolist() == [f"line {line}" for line in range(2, 42)]
    np.testing.assert_allclose(points[["x1", "x2"]].mean(), 0, atol=1e-12)


def square(X, names):
    return pd.DataFrame(squareform(pdist(X)), columns=names)


def test_a_matrix_of_exact_distances_is_recovered_with_its_names():
    X, names = np.random.default_rng(2).normal(size=(9, 2)), [f"town {i}, Xy" for i in range(9)]
    square(X, names).assign(town=names)[["town", *names]].to_csv("my.csv", index=False)
    text, table, _ = answered(["my.csv", "--model", "mds", "--dissimilarities"], MAP)
    points = pd.read_csv("out/map.csv")
    assert points["point"].tolist() == names
    np.testing.assert_allclose(pdist(points[["x1", "x2"]]), pdist(X), rtol=1e-6)
    assert "comes to the same map" in text
    assert np.isfinite(table[["difference", "low", "high"]]).all(axis=None)


def test_a_map_in_one_dimension_and_a_matrix_without_names():
    np.savetxt("my.csv", square(numbers(8), list("abcdefgh")).to_numpy(), delimiter=",")
    answered(["my.csv", "--model", "sammon", "--dissimilarities", "--dimensions", "1"], MAP)
    assert pd.read_csv("out/map.csv").columns.tolist() == ["point", "x1"]


def matrix(change):
    table = square(np.random.default_rng(3).normal(size=(5, 2)), list("abcde"))
    values = table.to_numpy().copy()
    change(values)
    return pd.DataFrame(values, columns=table.columns).to_csv(index=False)


def asymmetric(D):
    D[1, 3] += 1


def negative(D):
    D[1, 3] = D[3, 1] = -1


def diagonal(D):
    D[2, 2] = 0.5


def gap(D):
    D[1, 3] = D[3, 1] = np.nan


def zero(D):
    D[1, 3] = D[3, 1] = 0


def zeros(D):
    D[:] = 0


def equal(D):
    D[:] = 2 * (1 - np.eye(5))


TABLE = "a,b,c\n1,2,3\n3,4,1\n5,6,1\n5,7,2\n8,3,1\n"
MATRIX = ["--model", "mds", "--dissimilarities"]


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        (matrix(asymmetric), MATRIX, "from 'b' to 'd', but"),
        (matrix(negative), MATRIX, "of 'b' and 'd' is -1.0"),
        (matrix(diagonal), MATRIX, "of 'c' with itself is 0.5: the diagonal has to be zero"),
        (matrix(gap), MATRIX, "3 rows of 5 numbers where a matrix of dissimilarities is square, and 2 of 5 rows"),
        (matrix(zeros), MATRIX, "All dissimilarities are zero"),
        (matrix(equal), MATRIX, "All dissimilarities are 2: some have to differ"),
        (matrix(equal), ["--model", "nonmetric", "--dissimilarities"], "All dissimilarities are 2"),
        (matrix(zero), ["--model", "sammon", "--dissimilarities"], "'b' and 'd' have the dissimilarity 0"),
        (matrix(zero), [*MATRIX, "--dimensions", "4"], "5 points for 4 dimensions: at least 6"),
        (matrix(zero), [*MATRIX, "--dimensions", "0"], "0 dimensions: at least 1"),
        (matrix(zero), [*MATRIX, "--columns", "a"], "--columns is about features"),
        (matrix(zero), [*MATRIX, "--scaling", "none"], "--scaling is about features"),
        (TABLE, MATRIX, "5 rows of 3 numbers"),
        (TABLE + "1,2,3\n", ["--model", "sammon"], "Line 2 and line 7 have the dissimilarity 0"),
        ("a,b\n1,2\n3,4\n5,1\n", ["--model", "mds"], "3 points for 2 dimensions: at least 4"),
        ("a,b\n1,2\n1,2\n1,2\n1,2\n", ["--model", "mds"], "All dissimilarities are zero"),
        (TABLE, ["--model", "mds", "--clusters", "3"], "--clusters is for --model kmeans or mixture, and the model is"),
        (
            TABLE,
            ["--clusters", "2", "--dissimilarities"],
            "--dissimilarities is for --model mds or sammon or nonmetric",
        ),
        (TABLE, ["--clusters", "2", "--covariance", "full"], "--covariance is for --model mixture"),
        (TABLE, ["--model", "mixture"], "--clusters is needed"),
        (TABLE, ["--clusters", "4:2"], "'4:2' are 0 numbers, and 1 to 20"),
        (TABLE, ["--clusters", "2:99"], "98 numbers, and 1 to 20"),
        (TABLE, ["--clusters", "2:9"], "K = 5: the patterns of data set 'my' hold 5 distinct"),
        (TABLE, ["--clusters", "2", "--columns", "a,d"], "has no column 'd': its columns are 'a', 'b', 'c'"),
        (TABLE, ["--clusters", "2", "--columns", "a,,b"], "names of columns are needed"),
        ("a,b\nx,2\ny,4\nz,1\n", ["--clusters", "2", "--columns", "a"], "column 'a' does not hold numbers"),
        (TABLE, ["--model", "mixture", "--clusters", "2", "--ridge", "much"], "'much' is no number"),
        (TABLE, ["--model", "mixture", "--clusters", "2", "--ridge", "-1"], "The ridge is -1.0"),
        ("a,b\n1,2\n1,4\n1,1\n", ["--model", "mixture", "--clusters", "2"], "Feature 0 is constant"),
        ("a,b\n1,2\n2,4\n3,6\n5,10\n", ["--model", "mixture", "--clusters", "2"], "linearly dependent"),
        ("a,b,c\n1,2,3\n1,4,5\n2,5,1\n", ["--model", "mixture", "--clusters", "2"], "more patterns than features"),
        ("a,b\n1,2\n2,4\n3,1\n", ["--model", "mixture", "--clusters", "3"], "K = 3"),
    ],
)
def test_bad_input_of_mixtures_and_maps_is_one_sentence(tmp_path, capsys, text, arguments, words):
    test_bad_input_is_one_sentence(tmp_path, capsys, text, arguments, words)


def test_runs_without_a_limit_are_counted_and_never_averaged_in():
    table = runs({"batch_kmeans": (0, 0, 8), "hartigan": (-2, 0.5, 9), "adam": (3, 0.5, 1), "nesterov": (0, 0.01, 3)})
    lost = {"hartigan": range(20), "adam": range(55), "batch_kmeans": [59]}
    gone = [run in lost.get(key, ()) for key, run in zip(table["optimizer"], table["run"], strict=True)]
    found = single.summarize(table.assign(limit=table["limit"].mask(gone)), RELATIVE, "batch_kmeans", 1, 500)
    found = found.set_index("optimizer")
    assert found["degenerate"].to_dict() == {"batch_kmeans": 1, "hartigan": 20, "adam": 55, "nesterov": 0}
    # as if the others had never been run
    kept = single.summarize(table[table["run"].between(20, 58)], RELATIVE, "batch_kmeans", 1, 500)
    columns = ["mean", "difference", "low", "high", "better", "p"]
    expected = kept.set_index("optimizer").loc["hartigan", columns]
    pd.testing.assert_series_equal(found.loc["hartigan", columns], expected)
    assert found["verdict"].to_dict() == {
        "batch_kmeans": "equal",
        "hartigan": "better",
        # four pairs are too few
        "adam": "open",
        "nesterov": "equal",
    }
    assert found["p_holm"].notna().tolist() == (found.index != "batch_kmeans").tolist()
    text = advice(found.reset_index().assign(runs=60), ABOUT)
    assert "76 of 240 runs ended nowhere" in text


def test_differences_of_a_likelihood_are_in_nats_and_show_the_margin():
    gap = AbsoluteGap(50.0)
    some = runs({"batch_kmeans": (0, 0, 8), "nesterov": (0, 0, 3)}, 20)
    some.loc[some["optimizer"] == "nesterov", "limit"] -= 0.1
    about = About("mine", LABELS, "batch_kmeans", "drawn", "SQUAREM", gap)
    table = single.summarize(some, gap, "batch_kmeans", 1, 200).set_index("optimizer", drop=False)
    assert reporting.difference(table.loc["nesterov"], about) == "-0.0020 [-0.0020, -0.0020]"
    assert table.loc["nesterov", "verdict"] == "better"
    assert "it ends 0.002 nats per pattern below batch K-means" in advice(table.assign(runs=20), about)


def test_the_commands_of_the_readme(root, tmp_path):
    plain(tmp_path / "my.csv")
    square(numbers(8), list("abcdefgh")).to_csv(tmp_path / "distances.csv", index=False)
    lines = (root / "README.md").read_text().splitlines()
    commands = [line.split()[2:] for line in lines if line.startswith("    .venv/bin/kmeans-convergence compare ")]
    assert len(commands) == 4
    for arguments in commands:
        assert cli.main(["compare", *arguments, "--starts", "10"]) == 0
