"""What must hold of the experiments on the breakdown of mixtures."""

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.studies.breakdown.run import collapse, conditioned, constant, digits, remedies


@pytest.fixture(scope="module", name="size")
def settings_of_the_study(settings):
    return settings["breakdown"]


@pytest.fixture(scope="module", name="numbers")
def simulated_sets(size):
    return [f"simulated {number}" for number in range(size["sets"])]


@pytest.fixture(scope="module", name="sweep")
def collapses(read):
    return read("results/breakdown/collapse.csv")


def test_every_setting_has_its_runs(sweep, size, numbers):
    keys = list(map(tuple, sweep[list(collapse.Setting._fields)].to_numpy()))
    is_complete(
        sweep.assign(key=keys),
        key=[tuple(setting) for setting in collapse.settings()],
        dataset=numbers,
        run=range(size["starts"]),
    )
    outcomes = {collapse.PATTERN, collapse.HYPERPLANE, collapse.NONE, collapse.REFUSED}
    assert set(sweep["outcome"]) <= outcomes
    assert (sweep["passes"] <= size["passes"]).all()


def test_what_has_collapsed_is_flat_and_what_has_not_is_not(sweep):
    least = np.log10(collapse.SHARE)
    assert (sweep.loc[sweep["outcome"] == collapse.NONE, "depth"] >= least).all()
    gone = sweep[sweep["outcome"].isin((collapse.PATTERN, collapse.HYPERPLANE)) & (sweep["model"] == collapse.FULL)]
    # a hyperplane holds no more patterns in general position than there are features
    assert (gone["owned"] < gone["d"] + 0.5).all()
    # one variance for all features leaves no hyperplane
    assert not ((sweep["model"] == "spherical") & (sweep["outcome"] == collapse.HYPERPLANE)).any()


def test_full_covariances_collapse_from_the_same_starts_whatever_the_correlation(sweep):
    full = sweep[sweep["model"] == collapse.FULL]
    middle = {name: value for name, value in collapse.MIDDLE.items() if name != "correlation"}
    some = full[np.logical_and.reduce([full[name] == value for name, value in middle.items()])]
    wide = some.assign(gone=some["outcome"] != collapse.NONE).pivot(
        index=["dataset", "run"], columns="correlation", values="gone"
    )
    assert wide.shape[1] == 1 + len(collapse.SWEPT["correlation"])
    # rounding may send a run that lingers at a saddle elsewhere
    assert (wide.nunique(axis=1) == 1).mean() > 0.9


def test_data_sets_are_tried_once_each(read, size, contracted):
    table = read("results/breakdown/collapse_sets.csv")
    is_complete(table, dataset=contracted, run=range(size["starts"]))
    refused = table.groupby("dataset")["outcome"].agg(lambda some: (some == collapse.REFUSED).mean())
    assert refused.isin((0, 1)).all()


def test_traces_rise_until_they_end(read, size):
    table = read("results/breakdown/traces.csv")
    holds_once(table, "bound", "run", "step")
    assert set(table.loc[table["bound"] == "none", "run"]) == set(range(size["starts"]))
    for _, some in table.groupby(["bound", "run"]):
        assert (np.diff(some["nats"]) >= -1e-9 * np.abs(some["nats"].iloc[1:])).all()
    collapsed = table[(table["bound"] == "none") & (table["outcome"] != collapse.NONE)]
    bounded = table[table["bound"] == "floor"]
    assert set(bounded["run"]) == set(collapsed["run"])
    # with a bound, the likelihood stays below where it went without
    ends = bounded.groupby("run")["condition"].last()
    assert (ends < collapsed.groupby("run")["condition"].max().reindex(ends.index)).all()


@pytest.fixture(scope="module", name="lost")
def lost_digits(read):
    return read("results/breakdown/digits.csv")


def test_digits_are_counted_for_every_method(lost, numbers):
    is_complete(lost, dataset=numbers, delta=digits.DELTAS, method=digits.METHODS)
    assert (lost["digits"].isna() == lost["failed"]).all()
    assert not lost.loc[lost["method"].isin((digits.EXACT, digits.DATA)), "failed"].any()


def test_exact_iterates_do_not_depend_on_the_features(lost):
    exact = lost[lost["method"] == digits.EXACT]
    # what is left of 50 digits
    assert (exact["digits"] > digits.DIGITS - 5 - np.log10(exact["condition"])).all()


def test_double_precision_loses_what_it_must(lost):
    mild = lost[(lost["condition"] < 1e3) & lost["method"].isin((digits.FACTORS, digits.COVARIANCES))]
    assert (mild["digits"] > 8).all()
    worst = lost[(lost["method"] == digits.COVARIANCES) & (lost["condition"] > 1e20)]
    assert len(worst)
    assert (worst["failed"] | (worst["digits"] < 4)).all()
    factors = lost[(lost["method"] == digits.FACTORS) & lost["condition"].between(1e6, 1e12)]
    assert (factors["digits"] > 6).all()


def test_a_constant_never_raises_the_likelihood_above_its_maximum(read):
    table = read("results/breakdown/constant.csv")
    holds_once(table, "dataset", "method", "swept", "unit", "delta")
    known = table.dropna(subset="loss")
    # the limit that others are held against is known to the tolerance of its own steps
    assert (known["loss"] > -0.01).all()
    are_shares(table, "moved")
    prior = known[known["method"] == "prior"]
    spread = prior.groupby("dataset")["loss"].agg(np.ptp)
    assert (spread < 1e-3).all()
    assert set(table["method"]) == set(constant.METHODS)


def test_conditioning_is_charged_to_every_method(read, size, numbers):
    table = read("results/breakdown/conditioned.csv")
    sets = ["iris", "wine", *numbers[: max(size["sets"] - 2, 1)]]
    is_complete(table, dataset=sets, delta=conditioned.DELTAS, optimizer=conditioned.METHODS, run=range(size["runs"]))
    assert (table["passes"].dropna() <= size["passes"]).all()
    # EM is equivariant: its passes are the same, but for a step at the edge of the target
    em = table[table["optimizer"] == conditioned.EM].pivot(index=["dataset", "run"], columns="delta", values="passes")
    assert (np.ptp(em.dropna().to_numpy(), axis=1) <= 1).mean() > 0.9
    # and so are its limits
    limits = table[table["optimizer"] == conditioned.EM].pivot(
        index=["dataset", "run"], columns="delta", values="limit"
    )
    np.testing.assert_array_less(np.ptp(limits.dropna().to_numpy(), axis=1), 1e-3)


@pytest.mark.parametrize("name", ["remedies", "embeddings"])
def test_remedies_give_numbers_or_say_why_not(read, name):
    table = read(f"results/breakdown/{name}.csv")
    holds_once(table, "dataset", "split", "remedy")
    assert set(table["remedy"]) == set(remedies.REMEDIES)
    fitted = table["outcome"] == remedies.FITTED
    scores = table[["nats", "agreement"]]
    assert np.isfinite(scores[fitted]).all(axis=None)
    assert scores[~fitted].isna().all(axis=None)
    refused = table["outcome"] == remedies.REFUSED
    assert (table["sentence"].notna() == refused).all()
    # what has fewer parameters, or a bound, always gives a fit
    safe = table["remedy"].isin(("ridge", "prior", "floor", "factors", "spherical"))
    assert fitted[safe].all()


def test_more_features_than_patterns_are_refused_without_a_remedy(read):
    table = read("results/breakdown/embeddings.csv")
    plain = table[(table["remedy"] == "none") & (table["n"] < table["clusters"] * (table["d"] + 1))]
    assert len(plain)
    assert (plain["outcome"] == remedies.REFUSED).all()
    assert plain["sentence"].str.contains("full covariances").all()


def test_condition_indices(read):
    table = read("results/breakdown/indices.csv")
    holds_once(table, "dataset")
    assert (table[["raw", "centred"]] >= 1).all(axis=None)
    assert (table["why"].isna() == table["full"]).all()
    longley = table.set_index("dataset").loc["longley"]
    # Belsley's condition number of these regressors without the year
    assert longley["strong"] >= 1
    assert longley["raw"] > 1000


def test_summaries_are_of_the_runs(read, sweep, size):
    shares = read("results/breakdown/shares.csv")
    is_complete(
        shares.assign(key=list(map(tuple, shares[list(collapse.Setting._fields)].to_numpy()))),
        key=[tuple(setting) for setting in collapse.settings()],
    )
    are_shares(shares, "share", "low", "high", "pattern")
    are_within(shares, "share", "low", "high")
    assert shares["runs"].max() == size["sets"] * size["starts"]
    tried = sweep[sweep["outcome"] != collapse.REFUSED]
    expected = (tried["outcome"] != collapse.NONE).groupby([tried[name] for name in collapse.Setting._fields]).mean()
    found = shares.dropna(subset="share").set_index(list(collapse.Setting._fields))["share"]
    np.testing.assert_allclose(found, expected.reindex(found.index))
    passes = read("results/breakdown/passes.csv")
    is_complete(passes, optimizer=conditioned.METHODS, delta=conditioned.DELTAS)
    are_shares(passes, "censored", "diverged")
    assert (passes["ratio"].dropna() > 0).all()
    assert passes.loc[passes["delta"] > min(conditioned.DELTAS), "ratio"].isna().all()
    compared = read("results/breakdown/compared.csv")
    assert list(compared["remedy"]) == list(remedies.REMEDIES)
    np.testing.assert_allclose(compared[["fitted", "collapsed", "refused"]].sum(axis=1), 1)
    for score in ("nats", "agreement"):
        are_within(compared, f"{score}_effect", f"{score}_low", f"{score}_high")
        are_shares(compared, f"{score}_p", f"{score}_p_holm")
        known = compared.dropna(subset=f"{score}_p")
        assert (known[f"{score}_p_holm"] >= known[f"{score}_p"]).all()


def test_every_claim_has_its_verdict(read):
    ledger = read("results/breakdown/ledger.csv")
    claims = pd.read_csv("src/kmeans_convergence/studies/breakdown/claims.tsv", sep="\t")
    assert list(dict.fromkeys(ledger["id"])) == list(claims["id"])
    assert (ledger.groupby("id")["verdict"].nunique() == 1).all()
    assert set(ledger["verdict"]) | set(ledger["decision"].dropna()) <= {verdict.value for verdict in Verdict}
    numbers = ledger.dropna(subset=["effect", "low"])
    are_within(numbers, "effect", "low", "high")
