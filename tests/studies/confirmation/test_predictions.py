"""Predictions are read, measured and scored as they say."""

import numpy as np
import pandas as pd
import pytest
import synthetic

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.statistics.predictions import CONFIRMED, FAILED, SIGN_ONLY, SILENT, verdict
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.confirmation.analysis import Fresh, read_predictions, score

HEADER = "id\tclaim\tstatistic\tsign\tlow\thigh\tsource\n"


@pytest.fixture(scope="module")
def fresh():
    datasets = synthetic.datasets(14, 4)
    effects = {
        "batch_kmeans": synthetic.Effect(0.0, spread=0.0, factor=1.0),
        "gradient_fixed": synthetic.Effect(0.5, spread=0.1, factor=1.5),
        "online_c4": synthetic.Effect(-3.0, spread=0.1, factor=0.8),
    }
    runs = synthetic.runs(datasets, effects, count=12)
    # batch K-means takes 80 passes on each problem, the other method a quarter of them
    rows = []
    for name in datasets["name"]:
        for run in range(4):
            for optimizer, passes in (("batch_kmeans", 80.0), ("face_newton", 20.0)):
                reached = {f"own_{level}": passes for level in ("1", "0.1", "1e-3")}
                row = {"dataset": name, "clusters": 3, "start": "patterns", "optimizer": optimizer, "run": run}
                rows.append(row | reached | {"end": 1.0, "limit": 1.0, "start_cost": 2.0, "budget": 300})
    rng = np.random.default_rng(0)
    measured = rng.uniform(0.2, 0.9, 20)
    rates = pd.DataFrame(
        {
            "dataset": [f"set {i}" for i in range(20)],
            "family": [f"set {i}" for i in range(20)],
            "optimizer": "lloyd_steps",
            "width": 0.05,
            "measured": measured,
            "predicted": measured + 0.01,
            "low": 0.0,
            "high": 1.0,
            "informative": True,
        }
    )
    noise = pd.DataFrame(
        {
            "dataset": [f"set {i}" for i in range(20)],
            "family": [f"set {i}" for i in range(20)],
            "optimizer": "online_kmeans",
            "sampling": "draws",
            "setting": 32.0,
            "measured": 1.2 * measured,
            "predicted": measured / 2,
            "with_faces": measured,
        }
    )
    return Fresh(Evidence(RELATIVE, runs, datasets, 1, 200), pd.DataFrame(rows), rates, noise)


def predicted(*rows):
    return pd.DataFrame(rows, columns=HEADER.strip().split("\t"))


@pytest.mark.parametrize(
    ("statistic", "sign", "low", "high", "value"),
    [
        ("passes gradient_fixed start=patterns target=own_1", ">1", 1.3, 1.7, 1.5),
        ("cost gradient_fixed start=plusplus polished=yes", ">0", 0.4, 0.6, 0.5),
        ("cost online_c4 polished=yes baseline=same_start", "<0", -3.5, -2.5, -3.0),
        ("where_slow face_newton 0.1", "<1", 0.2, 0.3, 0.25),
        ("predicted_rates lloyd_steps 0.05", ">0", 0.9, 1.0, 1.0),
        ("predicted_noise online_kmeans draws 32", "", 1.1, 1.3, 1.2),
    ],
)
def test_values_that_are_known(fresh, statistic, sign, low, high, value):
    row = score(predicted(("P1", "", statistic, sign, low, high, "")), fresh).iloc[0]
    assert row["value"] == pytest.approx(value, rel=0.1)
    assert row["verdict"] == CONFIRMED
    # a prediction of something else fails
    assert score(predicted(("P1", "", statistic, "", high + 1, high + 2, "")), fresh)["verdict"].item() == FAILED


def test_a_share_of_runs(fresh):
    runs, datasets = fresh.evidence.runs, fresh.evidence.datasets
    some = runs[(runs["optimizer"] == "batch_kmeans") & (runs["start"] == "patterns")]
    share = some["best_10"].notna().groupby([some["dataset"], some["clusters"]]).mean().groupby("dataset").mean()
    family = datasets.set_index("name")["family"].fillna(pd.Series(datasets["name"].to_list(), datasets["name"]))
    expected = share.groupby(family).mean().mean()
    assert 0 < expected < 1
    row = score(predicted(("P1", "", "reaches batch_kmeans best_10", "", 0, 1, "")), fresh).iloc[0]
    assert row["value"] == pytest.approx(expected)
    assert row["value_low"] < row["value"] < row["value_high"]


def test_what_was_not_measured_has_no_answer(fresh):
    rows = [
        (f"P{i}", "", statistic, "", 0, 1, "")
        for i, statistic in enumerate(("passes adam", "predicted_rates lloyd_steps 0.2", "where_slow anderson 0.1"))
    ]
    assert set(score(predicted(*rows), fresh)["verdict"]) == {SILENT}


def test_verdicts():
    assert verdict(1.5, ">1", 1.3, 2.0) == CONFIRMED
    assert verdict(2.5, ">1", 1.3, 2.0) == SIGN_ONLY
    assert verdict(0.9, ">1", 0.8, 2.0) == FAILED
    assert verdict(-0.1, "<0", -1, 0) == CONFIRMED
    assert verdict(1.2, "", 0.9, 1.1) == FAILED
    assert verdict(np.nan, "", 0, 1) == SILENT


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("P1\tc\tspeed adam\t>1\t1\t2\ts", ("'speed'", "passes, cost")),
        ("P1\tc\tpasses adam\tmore\t1\t2\ts", ("'more'", "<0, >0")),
        ("P1\tc\tpasses adam\t>1\t2\t1\ts", ("P1", "from 2 to 1")),
        ("P1\tc\tpasses adam\t>1\t1\t2\ts\nP1\tc\tcost adam\t>0\t1\t2\ts", ("P1 twice",)),
    ],
)
def test_predictions_that_cannot_be_scored(row, words, tmp_path, refused):
    file = tmp_path / "predictions.tsv"
    file.write_text(HEADER + row + "\n")
    with refused("predictions.tsv", *words):
        read_predictions(file)


def test_the_predictions_of_the_study(root):
    table = read_predictions(root / "config" / "predictions.tsv")
    assert len(table) >= 10
    assert (table["source"].str.len() > 5).all()
