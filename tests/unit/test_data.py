"""Data sets: the registry, one's own files, scaling, subsamples, and what is said when something cannot be used."""

import gzip
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from kmeans_convergence.data import (
    Dataset,
    describe,
    files,
    load,
    read,
    read_registry,
    subsample,
    summary,
)
from kmeans_convergence.data.dataset import sample_rows, standardize
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
        (HEADER, [row(description='"open'), row(name="b"), row(name="c") + "\tred"], ["tabs", "line 4"]),
        *[
            (HEADER, [row(), row(name="b", scale=s)], ["'b'", "scale", s[:20], "positive", "1e-30 to 1e+30"])
            for s in ("0", "-1", "ten", "inf", "nan", "1e308", "1e-200", "1" + 400 * "0")
        ],
        *[
            (HEADER, [row(), row(name="b", clusters=k)], ["'b'", "clusters", k[:20], "whole numbers from 1"])
            for k in ("0", "3;", "3,2", "3;two", "2.5", "3; 2", "1000000", "٣", f"3;{10**400}", "9" * 5000)
        ],
        *[
            (HEADER, [row(), row(name="b", clusters=k)], ["'b'", "clusters", k, "must differ"])
            for k in ("3;3", "3;2;3")
        ],
        (HEADER, [row(scaling="log")], ["'a'", "scaling", "'log'", "none, standardize"]),
        (HEADER, [row(kind="toy")], ["'a'", "kind", "'toy'", "real, pixels, patches, synthetic"]),
        (HEADER, [row(dependence="no")], ["'a'", "dependence", "'no'", "independent, dependent rows"]),
        (HEADER, [row(source="downloaded:x.csv", sha256=DIGITS)], ["'a'", "url", "URL"]),
        (HEADER, [row(source="downloaded:x.csv", sha256=DIGITS, url="file:///x.csv")], ["'a'", "url", "file:///x.csv"]),
        (HEADER, [row(source="downloaded:x.csv", sha256=DIGITS, url="https://x/ x.csv")], ["'a'", "url", "URL"]),
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
    unknown = ("bundled:irises", "http:x", "iris", "synthetic:iris", "", "csv:", "csv:a{b}.csv", "Bundled:iris")
    for source in (*unknown, "downloaded:../x.csv", "downloaded:", "downloaded:..", "downloaded:a|b"):
        with refused("'a'", source, "csv:FILE", "bundled:iris, bundled:iris_uci", "synthetic:uniform_1"):
            read_registry(table(row(source=source, **remote)))


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "../../x",
        "a/b",
        "a b",
        "a(b",
        "a|b",
        "a{b}",
        "a.b",
        "a*",
        "a$b$",
        "-a",
        "_a",
        "1995",
        "1e5",
        "é",
        "данные",
        "a" * 25,
        "long" * 1000,
        "NA",
        "nan",
        "None",
        "Inf",
        "TRUE",
        "no",
        "csv",
        "Bundled",
    ],
)
def test_names_that_are_refused(table, refused, name):
    with refused("datasets.tsv", "the name", name[:20], "begins with a letter", "24 characters", "none of na, nan"):
        read_registry(table(row(), row(name=name)))


@pytest.mark.parametrize("name", ["a", "A-1_b", "x" * 24, "Infinite", "nano"])
def test_names_that_are_allowed_come_back_from_tables_and_configurations(table, name):
    assert list(read_registry(table(row(name=name))).index) == [name]
    assert yaml.safe_load(name) == name
    assert pd.read_csv(io.StringIO(f"x\n{name}\n"))["x"].tolist() == [name]


def test_every_name_that_would_be_read_as_something_else_is_refused(table, refused):
    letters = ("y", "n", "nul", "~", "Yes", "OFF", "null", "N/A", "NaN", "infinity", "False", "<NA>", "0x1F", "1_000")
    changed = [
        word
        for word in letters
        if yaml.safe_load(word) != word or pd.read_csv(io.StringIO(f"x\n{word}\n"))["x"].tolist() != [word]
    ]
    assert len(changed) > 8
    for word in changed:
        with refused("the name"):
            read_registry(table(row(name=word)))


def test_names_differ_not_in_capitals_alone(table, refused):
    with refused("'Mine'", "twice", "capitals"):
        read_registry(table(row(name="mine"), row(name="Mine")))


def test_a_scale_that_takes_the_numbers_beyond_the_largest_is_refused(own, tmp_path, refused):
    described = own("a,b\n1,2\n1e290,4\n")
    with refused("'mine'", "1e+30", "too large"):
        read({**described, "scale": 1e30}, tmp_path)
    # in standard deviations the scale does not matter
    assert np.isfinite(read({**described, "scale": 1e30, "scaling": "standardize"}, tmp_path).X).all()


def test_line_ends_of_windows_change_nothing(registry, root, tmp_path):
    text = (root / "config" / "datasets.tsv").read_bytes()
    (tmp_path / "datasets.tsv").write_bytes(text.replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(read_registry(tmp_path / "datasets.tsv"), registry)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3,red\n", ["'b'", "'red'", "line 3"]),
        ("a,b\n1,2\n,4\n", ["1 of 2 rows", "missing", "line 3"]),
        ("a,b\n1,inf\n3,4\n", ["1 of 2 rows", "infinite", "line 2"]),
        ("a,b\n1,2\n3,4\n5\n", ["1 of 3 rows", "missing", "line 4"]),
        ("a,b\n1,2\n3,4,5\n", ["line 3", "3 cells"]),
        ("a,b\n1,2,3\n4,5,6\n", ["more entries", "header"]),
        ("a,b\n0,2,3\n1,5,6\n", ["more entries", "header"]),
        ("1,2\n3,4\n", ["1, 2", "name the features"]),
        ("1990,1991\n3,4\n7,2\n6,1\n", ["1990, 1991", "name the features"]),
        ("a,b\n", ["no rows"]),
        ("", ["empty"]),
        (b"a,b\n1,\xff\n", ["'b'", "line 2"]),
        ("a,b\n1,2\n3,4\nTotal,6\n", ["line 4", "'Total'"]),
        ("a\tb\n1,125\t2,250\n3,500\t4,750\n", ["'a'", "'1,125'", "decimal", "thousands"]),
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


def test_a_file_for_the_study_may_be_saved_in_any_way_that_needs_no_guess(own, tmp_path):
    described = own(gzip.compress(b"sep=;\n# mine\n;a;;b\n3;1,5;;2.000\n1;-2;;4\n7;8,25;;0\n"))
    mine = read(described, tmp_path)
    np.testing.assert_array_equal(mine.X, [[1.5, 2000], [-2, 4], [8.25, 0]])
    assert mine.features == ("a", "b")
    for words in ("gzip", "comment", "decimal comma", "'2.000' was read as 2000", "no name and numbers", "'x3'"):
        assert sum(words in note for note in mine.notes) == 1, words
    assert summary.describe(mine)["notes"] == " ".join(mine.notes)


def test_a_registry_loses_nothing(table):
    registry = read_registry(
        table(
            "# a comment",
            row(name="a", description="A: C# and 5 # more"),
            row(name="b", description='B: "5 inch pipe'),
            row(name="c", description='C: 3 inch pipe"'),
            "",
            row(name="d", description='"D: in ""quotation marks"""'),
        )
    )
    assert registry["description"].to_dict() == {
        "a": "A: C# and 5 # more",
        "b": 'B: "5 inch pipe',
        "c": 'C: 3 inch pipe"',
        "d": 'D: in "quotation marks"',
    }
