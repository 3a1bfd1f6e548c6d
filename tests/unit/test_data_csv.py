"""Tables as people keep them: what is understood, what is said about it, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence.data.csv import SEPARATORS, load_table, read_table

NO_HEADER = "The first line holds numbers, so it is taken for a pattern and not for a header."


@pytest.fixture
def own(tmp_path):
    """Write a file of one's own."""

    def write(text):
        path = tmp_path / "mine.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("text", "X", "features", "notes"),
    [
        ("a,b\n1,2\n3,4e1\n", [[1, 2], [3, 40]], ("a", "b"), []),
        ("1,2\n3,5\n", [[1, 2], [3, 5]], ("x1", "x2"), [NO_HEADER]),
        ("a;b\n1,5;2\n-3;4,25\n", [[1.5, 2], [-3, 4.25]], ("a", "b"), ["Numbers are read with a decimal comma."]),
        ("a;b\n1.5;2\n-3;4.25\n", [[1.5, 2], [-3, 4.25]], ("a", "b"), []),
        ("1,5;2,5\n3,5;4\n", [[1.5, 2.5], [3.5, 4]], ("x1", "x2"), ["decimal comma", NO_HEADER]),
        ("a\tb\n1\t2\n3\t5\n", [[1, 2], [3, 5]], ("a", "b"), []),
        ("a\n1\n3\n", [[1], [3]], ("a",), []),
        ("\ufeffa,b\r\n1,2\r\n\r\n3,5\r\n", [[1, 2], [3, 5]], ("a", "b"), []),
        ('"a, in mm", b \n"1", 2\n3,5\n', [[1, 2], [3, 5]], ("a, in mm", "b"), []),
        (
            "a,species,b\n1,red,2\n3,blue,5\n",
            [[1, 2], [3, 5]],
            ("a", "b"),
            ["Column 'species' holds text ('red') and was left out."],
        ),
        ("1,red,2\n3,blue,5\n", [[1, 2], [3, 5]], ("x1", "x3"), [NO_HEADER, "Column 'x2' holds text ('red')"]),
        ("red,1\nblue,5\n", [[1], [5]], ("x2",), [NO_HEADER, "Column 'x1' holds text ('red')"]),
        (
            "a,b\n1,2\n,4\n5,NA\n7,inf\n3,5\n",
            [[1, 2], [3, 5]],
            ("a", "b"),
            ["3 of 5 rows have a missing or infinite value and were left out."],
        ),
        ("a,b\n1,2\n3\n4,5\n", [[1, 2], [4, 5]], ("a", "b"), ["1 of 3 rows has a missing or infinite value and was"]),
        ("?,2\n3,5\n1,6\n", [[3, 5], [1, 6]], ("x1", "x2"), [NO_HEADER, "1 of 3 rows has a missing"]),
        ("a,b,c\n1,,2\n3,NA,5\n", [[1, 2], [3, 5]], ("a", "c"), ["Column 'b' is empty and was left out."]),
        ("a,b\n1,2\n1,5\n", [[1, 2], [1, 5]], ("a", "b"), ["Column 'a' is constant, so it tells no clusters apart."]),
        (
            ",a\n1,7\n2,2\n3,5\n",
            [[7], [2], [5]],
            ("a",),
            ["The first column has no name and numbers the rows, so it was left out."],
        ),
        # as pandas writes a table whose columns have no names
        (",0,1\n0,7,3\n1,2,4\n2,5,8\n", [[7, 3], [2, 4], [5, 8]], ("0", "1"), ["The first column has no name"]),
        ("id,a\n1,7\n2,NA\n3,5\n", [[1, 7], [3, 5]], ("id", "a"), ["Column 'id' numbers the rows", "1 of 3 rows"]),
        (",a\n1.5,7\n2,2\n3,5\n", [[1.5, 7], [2, 2], [3, 5]], ("x1", "a"), []),
        ("area,1990,1991\n7,1,2\n9,3,5\n", [[7, 1, 2], [9, 3, 5]], ("area", "1990", "1991"), []),
        # no way to tell: the note says what was done
        ("who,1990\nA,1\nB,3\n", [[1990], [1], [3]], ("x2",), [NO_HEADER, "Column 'x1' holds text ('who')"]),
    ],
)
def test_a_table_is_understood(own, text, X, features, notes):
    found, names, said = read_table(own(text))
    np.testing.assert_array_equal(found, X)
    assert found.dtype == np.float64
    assert names == features
    assert len(said) == len(notes), said
    for note, words in zip(said, notes, strict=True):
        assert words in note
        assert note.endswith(".")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("\n \n", ["empty"]),
        ("a,b\n", ["no rows"]),
        ("a,b\nred,blue\ngreen,white\n", ["no column of numbers", "commas", "'red', 'blue'"]),
        ("a,b\n1,\n,2\n", ["no row without a missing value"]),
        ("a,b\n1,2\n1,2,3\n", ["no table separated by commas", "Expected 2 fields in line 3, saw 3"]),
        ("# mine\na,b\n1,2\n", ["no table separated by commas", "line 2"]),
        ("a b\n1 2\n3 4\n", ["no column of numbers", "'1 2'"]),
        ('a,b\n1,"2\n', ["no table separated by commas"]),
        (b"a,b\n\xff,1\n", ["UTF-8"]),
        (b"PK\x03\x04\x00\x00", ["no text"]),
    ],
)
def test_what_is_no_table_is_refused(own, refused, text, words):
    with refused("mine.csv", *words):
        read_table(own(text))


def test_a_missing_file_is_refused(tmp_path, refused):
    with refused("gone.csv"):
        read_table(tmp_path / "gone.csv")
    with refused(str(tmp_path)):
        read_table(tmp_path)


FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(
    X=arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=FINITE),
    separator=st.sampled_from(list(SEPARATORS)),
    header=st.booleans(),
    comma=st.booleans(),
)
def test_whatever_is_written_is_read(tmp_path_factory, X, separator, header, comma):
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    columns = [f"name {place}" for place in range(X.shape[1])]
    # a decimal comma between commas cannot be told from two numbers, nor in a single column from two columns
    decimal = "," if comma and separator != "," and X.shape[1] > 1 else "."
    pd.DataFrame(X, columns=columns).to_csv(path, sep=separator, index=False, header=header, decimal=decimal)
    found, features, _ = read_table(path)
    np.testing.assert_array_equal(found, X)
    assert header == (features == tuple(columns))


def test_a_table_of_ones_own_is_a_data_set(own, refused):
    path = own("a,b,name\n1,10,x\n2,10,y\n2,10,z\n6,40,x\n")
    dataset, notes = load_table(path, (2, 3))
    np.testing.assert_allclose(dataset.X.std(axis=0), 1)
    np.testing.assert_allclose(dataset.X.mean(axis=0), 0, atol=1e-15)
    assert (dataset.name, dataset.features, dataset.clusters) == ("mine", ("a", "b"), (2, 3))
    assert (dataset.source, dataset.scaling, dataset.kind) == ("csv:mine.csv", "standardize", "real")
    assert len(notes) == 1
    np.testing.assert_array_equal(load_table(path, (2,), "none")[0].X, [[1, 10], [2, 10], [2, 10], [6, 40]])
    for clusters in (0, 4):
        with refused("'mine'", f"{clusters} clusters", "3 distinct patterns", "1 to 3"):
            load_table(path, (clusters,))
