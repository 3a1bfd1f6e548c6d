"""K against distinct patterns: one check and one sentence, where the patterns are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence import cli
from kmeans_convergence.data import Dataset, check_dataset, read_registry, subsample
from kmeans_convergence.errors import InputError
from kmeans_convergence.patterns import check_clusters, distinct
from kmeans_convergence.starts import KINDS, draw, streams
from kmeans_convergence.studies.comparison.run.comparison import compare

FEW = np.array([[0.0, 1.0], [0.0, 1.0], [-0.0, 1.0], [2.0, 1.0], [3.0, 1.0]])


@given(
    X=arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 2)), elements=st.integers(-2, 2).map(float)),
    K=st.integers(0, 30),
    compared=st.booleans(),
)
def test_exactly_as_many_as_there_are_distinct_patterns(X, K, compared):
    largest = len({tuple(pattern) for pattern in X.tolist()}) - compared
    assert distinct(X) == largest + compared
    if 1 <= K <= largest:
        check_clusters(X, K, compared=compared)
    else:
        with pytest.raises(InputError):
            check_clusters(X, K, compared=compared)


def test_what_the_sentence_allows_is_allowed(refused):
    for K in (0, 4, 12, 10**400):
        with refused(f"K = {K}:", "3 distinct patterns", "1 to 3 are allowed"):
            check_clusters(FEW, K)
    check_clusters(FEW, 3)
    for K in (0, 3, 12):
        with refused(f"K = {K}:", "'few'", "3 distinct patterns", "1 to 2 are allowed"):
            check_dataset(Dataset("few", FEW, ("a", "b"), "", clusters=(2, K)))
    check_dataset(Dataset("few", FEW, ("a", "b"), "", clusters=(2, 1)))
    with refused("K = 1:", "1 distinct pattern, and at least 2 are needed"):
        check_dataset(Dataset("one", FEW[:3], ("a", "b"), "", clusters=(1,)))


@pytest.mark.parametrize("kind", KINDS)
def test_starts_are_not_drawn_beyond_it(refused, kind):
    assert draw(FEW, 3, streams(1, "few", 3, [0], "starts"), kind).shape == (1, 3, 2)
    with refused("K = 4:", "3 distinct patterns", "1 to 3"):
        draw(FEW, 4, streams(1, "few", 4, [0], "starts"), kind)


def test_rows_that_are_drawn_count_and_not_those_of_the_file(refused):
    X = np.repeat([[0.0], [1.0]], [1990, 10], axis=0)
    X[-10:, 0] = np.arange(1, 11)
    some = subsample(Dataset("some", X, ("a",), "", clusters=(8,)), 50, 1)
    assert distinct(X) == 11
    left = distinct(some.X)
    assert left < 8
    with refused("K = 8:", f"the 50 patterns drawn from 2000 of data set 'some' hold {left} distinct pattern"):
        compare(some, None, [])


def test_the_command_and_the_study_say_the_same(tmp_path, capsys, monkeypatch, shipped_check, refused):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("a,b\n" + "1,2\n3,4\n5,6\n1,2\n" * 5)
    assert cli.main(["compare", "mine.csv", "--clusters", "3"]) == 2
    said = capsys.readouterr().err.strip()
    assert said == "K = 3: the patterns of data set 'mine' hold 3 distinct patterns, so 1 to 2 are allowed."
    with refused(said):
        shipped_check("mine\tcsv:mine.csv\t\t\t\t2;3", tmp_path)
    shipped_check("mine\tcsv:mine.csv\t\t\t\t2", tmp_path)


@pytest.fixture
def shipped_check(root):
    """Check the shipped configuration for the comparison of one more data set."""
    import yaml

    from kmeans_convergence.pipeline.configuration import check

    def run(line, folder):
        config = yaml.safe_load((root / "config" / "config.yaml").read_text())
        config["comparison"] |= {"datasets": ["csv"], "leave_out": [], "starts_of": {}, "rows_of": {}}
        (folder / "config").mkdir(exist_ok=True)
        datasets = folder / "config" / "datasets.tsv"
        datasets.write_text((root / "config" / "datasets.tsv").read_text() + line + "\n")
        assert "mine" in read_registry(datasets).index
        check(config, root / "workflow" / "schemas" / "config.schema.yaml", datasets)

    return run
