"""Data sets: the registry, one's own files, scaling, subsamples, and what is said when something cannot be used."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from kmeans_convergence.data import (
    Dataset,
    check_clusters,
    describe,
    files,
    load,
    read,
    read_registry,
    subsample,
    summary,
)
from kmeans_convergence.data.dataset import distinct, sample_rows, standardize
from kmeans_convergence.data.registry import COLUMNS, DEFAULTS, LOADERS

HEADER = "\t".join(COLUMNS)
DIGITS = 64 * "0"


def row(**cells):
    """Write one row of a registry."""
    return "\t".join({**dict.fromkeys(COLUMNS, ""), "name": "a", "source": "bundled:iris", **cells}.values())


def description(source):
    """Describe a set of which the registry names no more than this."""
    columns = {key: value for key, value in DEFAULTS.items() if key != "description"}
    return {**columns, "name": "mine", "source": source, "scale": 1.0, "clusters": [], "drop": []}


@pytest.fixture(scope="module")
def registry(root):
    return read_registry(root / "config" / "datasets.tsv")


@pytest.fixture
def table(tmp_path):
    """Write a registry."""

    def write(*rows, header=HEADER):
        path = tmp_path / "datasets.tsv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


@pytest.fixture
def own(tmp_path):
    """Write a CSV file and describe it."""

    def write(text):
        (tmp_path / "mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return description("csv:mine.csv")

    return write


def test_iris_is_fishers(registry):
    iris = load("iris", registry)
    assert iris.X.shape == (150, 4)
    assert iris.X.dtype == np.float64
    assert iris.unit == "mm"
    assert iris.features == ("sepal length", "sepal width", "petal length", "petal width")
    np.testing.assert_array_equal(iris.X, np.rint(iris.X))
    # as printed by R's summary(iris), cm; the maxima and minima too
    np.testing.assert_allclose(iris.X.mean(axis=0) / 10, [5.843333, 3.057333, 3.758, 1.199333], atol=5e-7)
    np.testing.assert_array_equal(iris.X.min(axis=0), [43, 20, 10, 1])
    np.testing.assert_array_equal(iris.X.max(axis=0), [79, 44, 69, 25])
    assert len(np.unique(iris.X, axis=0)) == 149


def test_the_uci_file_differs_in_two_rows(registry):
    iris, uci = load("iris", registry).X, load("iris_uci", registry).X
    # the notes of the UCI repository: the 35th flower should be 4.9,3.1,1.5,0.2 and the 38th 4.9,3.6,1.4,0.1
    np.testing.assert_array_equal(np.flatnonzero((iris != uci).any(axis=1)) + 1, [35, 38])
    np.testing.assert_array_equal(iris[[34, 37]], [[49, 31, 15, 2], [49, 36, 14, 1]])
    np.testing.assert_array_equal(uci[[34, 37]], [[49, 31, 15, 1], [49, 31, 15, 1]])
    np.testing.assert_allclose(uci.mean(axis=0) / 10, [5.843333, 3.054, 3.758667, 1.198667], atol=5e-7)
    assert len(np.unique(uci, axis=0)) == 147


def test_features_are_selected_in_the_order_given(registry, refused):
    iris = load("iris", registry)
    some = iris.select(("petal width", "sepal length"))
    np.testing.assert_array_equal(some.X, iris.X[:, [3, 0]])
    assert some.features == ("petal width", "sepal length")
    assert (some.name, some.unit) == ("iris", "mm")
    with refused("'iris'", "'stem length'", "sepal length, sepal width, petal length, petal width"):
        iris.select(("sepal length", "stem length"))


def test_a_row_and_a_file_are_all_that_a_data_set_needs(table, own, tmp_path):
    own("length,width\n1.5,2\n-3,4e1\n")
    registry = read_registry(table("# a comment", "mine\tcsv:mine.csv\t10\tmm"))
    described = describe("mine", registry)
    # a set that names no family is one of its own
    assert described == {**description("csv:mine.csv"), "scale": 10.0, "unit": "mm", "family": "mine"}
    assert [str(file) for file in files(described)] == ["mine.csv"]
    mine = read(described, tmp_path)
    np.testing.assert_array_equal(mine.X, [[15, 20], [-30, 400]])
    assert (mine.name, mine.features, mine.unit) == ("mine", ("length", "width"), "mm")
    np.testing.assert_array_equal(load("mine", registry, tmp_path).X, mine.X)


def test_bundled_data_open_no_files_and_another_row_changes_no_description(registry, table, root):
    for name in registry.index:
        assert files(describe(name, registry)) == []
    rows = (root / "config" / "datasets.tsv").read_text().splitlines()[1:]
    longer = read_registry(table(*rows, "zzz\tcsv:z.csv\t2.5\tkg"))
    for name in registry.index:
        assert describe(name, longer) == describe(name, registry)


def test_sets_that_are_alike_are_one_family(registry):
    """What a generator or a photograph gives is not independent of what else it gives."""
    by_source = registry["source"].str.extract(r":(mixture|uniform|china|retina|hubble|iris|sipu_s\d|sipu_birch)")[0]
    by_source = by_source.str.replace(r"sipu_s\d", "s", regex=True)
    assert (registry.groupby(by_source)["family"].nunique() == 1).all()
    assert registry["family"].nunique() > 40
    assert registry.loc["wine", "family"] == "wine"
    assert summary.describe(load("mixture_low_2", registry, rows=50))["family"] == "mixtures"


def test_a_loaded_data_set_is_a_copy(registry):
    load("iris", registry).X[:] = 0
    assert load("iris", registry).X.all()


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        (HEADER.removesuffix("\tfamily"), [row().removesuffix("\t")], ["family", "name, source"]),
        (HEADER + "\tcolour", [row() + "\tred"], ["colour"]),
        (HEADER.replace("\t", ","), [row().replace("\t", ",")], ["tabs"]),
        (HEADER, [row(), row(source="csv:b.csv")], ["'a'", "twice"]),
        (HEADER, [row() + "\tred"], ["tabs", "entries", "header"]),
        (HEADER, [row(), row(name="b") + "\tred"], ["tabs", "line 3"]),
        *[
            (HEADER, [row(), row(name="b", scale=s)], ["'b'", "scale", s, "positive"])
            for s in ("0", "-1", "ten", "inf")
        ],
        *[
            (HEADER, [row(), row(name="b", clusters=k)], ["'b'", "clusters", k, "whole numbers from 1"])
            for k in ("0", "3;", "3,2", "3;two", "2.5")
        ],
        (HEADER, [row(scaling="log")], ["'a'", "scaling", "'log'", "none, standardize"]),
        (HEADER, [row(kind="toy")], ["'a'", "kind", "'toy'", "real, pixels, patches, synthetic"]),
        (HEADER, [row(dependence="no")], ["'a'", "dependence", "'no'", "independent, dependent rows"]),
        (HEADER, [row(source="downloaded:x.csv", sha256=DIGITS)], ["'a'", "url", "URL"]),
        (HEADER, [row(source="downloaded:x.csv", sha256=DIGITS, url="file:///x.csv")], ["'a'", "url", "file:///x.csv"]),
        (HEADER, [row(source="downloaded:x.csv", url="https://x/x.csv", sha256="12")], ["'a'", "sha256", "64"]),
    ],
)
def test_a_broken_registry_is_refused(table, refused, header, rows, words):
    path = table(*rows, header=header)
    with refused(path.name, *words):
        read_registry(path)


def test_unknown_names_and_sources_are_refused(registry, table, refused):
    with refused("'irises'", "iris, iris_uci"):
        describe("irises", registry)
    remote = {"url": "https://x/x", "sha256": DIGITS}
    for source in ("bundled:irises", "http:x", "csv:", "iris", "synthetic:iris", "downloaded:../x.csv", "downloaded:"):
        broken = read_registry(table(row(source=source, **remote)))
        with refused("'a'", source, "csv:FILE", "bundled:iris, bundled:iris_uci", "synthetic:uniform_1"):
            load("a", broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3,red\n", ["'b'", "'red'", "pattern 2"]),
        ("a,b\n1,2\n,4\n", ["'a'", "nan", "pattern 2"]),
        ("a,b\n1,inf\n3,4\n", ["'b'", "inf", "pattern 1"]),
        ("a,b\n1,2\n3,4\n5\n", ["'b'", "nan", "pattern 3"]),
        ("a,b\n1,2\n3,4,5\n", ["header", "line 3"]),
        ("a,b\n1,2,3\n4,5,6\n", ["more entries", "header"]),
        ("a,b\n0,2,3\n1,5,6\n", ["more entries", "header"]),
        ("1,2\n3,4\n", ["1, 2", "name the features"]),
        ("a,b\n", ["no patterns"]),
        ("", ["header"]),
        (b"a,b\n1,\xff\n", ["header"]),
    ],
)
def test_a_file_that_is_no_table_of_numbers_is_refused(own, tmp_path, refused, text, words):
    described = own(text)
    with refused("'mine'", "mine.csv", *words):
        read(described, tmp_path)


def test_a_missing_file_is_refused(tmp_path, refused):
    with refused("'mine'", "gone.csv", "does not exist"):
        read(description("csv:gone.csv"), tmp_path)


def test_the_registry_has_every_bundled_and_synthetic_set_and_the_downloads(registry):
    for tier, loaders in LOADERS.items():
        assert {f"{tier}:{key}" for key in loaders} == set(registry["source"][registry["tier"] == tier])
    tiers = registry["tier"].value_counts()
    assert tiers["bundled"] >= 28
    assert tiers["downloaded"] >= 25
    for name, cells in registry.iterrows():
        clusters = describe(name, registry)["clusters"]
        assert len(set(clusters)) == len(clusters) == (1 if name.endswith("_large") else 3), name
        assert min(clusters) >= 2, name
        assert cells["licence"], name
        # the part before the colon is a label for figures and tables
        assert cells["description"].partition(":")[2], name
        assert (cells["kind"] in ("pixels", "patches")) <= (cells["dependence"] == "dependent rows"), name
    assert registry["description"].str.partition(":")[0].is_unique
    # a branch may move, a commit cannot
    remote = registry[registry["tier"] == "downloaded"]
    assert remote["url"].str.contains(r"/[0-9a-f]{40}/").all()
    assert remote["sha256"].is_unique


def test_a_data_set_says_what_it_is(registry):
    digits, wine = load("digits", registry), load("wine", registry)
    assert (digits.kind, digits.clusters, digits.dependence) == ("real", (10, 2, 20), "independent")
    assert (digits.scaling, digits.source, digits.total) == ("none", "bundled:digits", 1797)
    assert digits.licence == registry.loc["digits", "licence"]
    assert (wine.scaling, wine.unit) == ("standardize", "standard deviation")


def test_scaling_is_that_of_another_library(registry, own, tmp_path):
    raw = np.array([[1e6, 0.1, 7.0], [2e6, 0.1, 8.0], [4e6, 0.1, 6.0], [4e6, 0.1, 7.0]])
    referee = StandardScaler().fit_transform(raw)
    np.testing.assert_allclose(standardize(raw), referee, atol=1e-14)
    np.testing.assert_array_equal(standardize(raw)[:, 1], 0)
    described = own("a,b,c\n" + "\n".join(",".join(map(str, line)) for line in raw) + "\n")
    scaled = read({**described, "scaling": "standardize", "scale": 3.0, "unit": "m"}, tmp_path)
    np.testing.assert_allclose(scaled.X, referee, atol=1e-14)


@given(n=st.integers(1, 60), rows=st.integers(1, 70), seed=st.integers(0, 9))
def test_a_subsample_is_a_part_in_order(n, rows, seed):
    whole = Dataset("some", np.arange(2.0 * n).reshape(n, 2), ("a", "b"), "")
    part = subsample(whole, rows, seed)
    numbers = part.X[:, 0] / 2
    assert len(numbers) == min(n, rows)
    assert (np.diff(numbers) > 0).all()
    np.testing.assert_array_equal(part.X, whole.X[numbers.astype(int)])
    assert part.total == n
    assert subsample(part, 1, seed).total == n
    np.testing.assert_array_equal(subsample(whole, rows, seed).X, part.X)


def test_a_subsample_is_fair_and_belongs_to_the_name_and_the_seed():
    drawn = np.concatenate([sample_rows("some", 10, 4, seed) for seed in range(2000)])
    counts = np.bincount(drawn, minlength=10)
    # binomial: 2,000 draws, each with probability 0.4
    assert (abs(counts - 800) < 4.5 * np.sqrt(2000 * 0.4 * 0.6)).all()
    assert (sample_rows("some", 1000, 50, 1) != sample_rows("other", 1000, 50, 1)).any()
    assert (sample_rows("some", 1000, 50, 1) != sample_rows("some", 1000, 50, 2)).any()


@pytest.mark.parametrize("name", ["wine", "china_patch8", "uniform_2"])
def test_reading_some_rows_is_reading_all_and_drawing(registry, name):
    part, whole = load(name, registry, rows=100, root_seed=7), load(name, registry)
    again = subsample(whole, 100, 7)
    np.testing.assert_array_equal(part.X, again.X)
    assert replace(part, X=0) == replace(again, X=0)
    assert part.X.shape == (100, len(part.features))
    assert part.X.dtype == np.float64


def test_clusters_are_no_more_than_distinct_patterns(refused):
    X = np.array([[0.0, 1.0], [0.0, 1.0], [-0.0, 1.0], [2.0, 1.0]])
    assert distinct(X) == 2
    check_clusters(Dataset("few", X, ("a", "b"), "", clusters=(2, 1)))
    for clusters in (3, 0):
        with refused("'few'", f"{clusters} clusters", "1 to 2"):
            check_clusters(Dataset("few", X, ("a", "b"), "", clusters=(2, clusters)))
