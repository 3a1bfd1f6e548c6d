"""Tables as people keep them: what is understood, what is said about it, and what is refused."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence.data import csv, layout, subsample
from kmeans_convergence.data.csv import load_dissimilarities, load_table, read, read_table
from kmeans_convergence.data.records import SEPARATORS
from kmeans_convergence.errors import InputError

NO_HEADER = "taken for a pattern and not for a header"


@pytest.fixture
def own(tmp_path):
    """Write a file of one's own."""

    def write(text, name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def understood(own):
    """Expect the numbers, the features if they are given, and one note for each of the words, in this order."""

    def check(text, X, *notes, features=None, study=None):
        path = own(text)
        table = read_table(path)
        np.testing.assert_array_equal(table.X, X)
        assert table.X.dtype == np.float64
        assert features is None or table.features == features
        said = [str(note) for note in table.notes]
        assert len(said) == len(notes), said
        for note, words in zip(said, notes, strict=True):
            assert words in note
            assert note.endswith(".")
        if study is True:
            np.testing.assert_array_equal(read(path, "s").X, X)
        elif study is False:
            with pytest.raises(InputError, match="cannot be used as it is"):
                read(path, "s")
        return table

    return check


@pytest.mark.parametrize(
    ("text", "X", "features", "notes"),
    [
        ("a,b\n1,2\n3,4e1\n", [[1, 2], [3, 40]], ("a", "b"), []),
        ("1,2\n3,5\n", [[1, 2], [3, 5]], ("x1", "x2"), [NO_HEADER]),
        ("a;b\n1,5;2\n-3;4,25\n", [[1.5, 2], [-3, 4.25]], ("a", "b"), ["Numbers are read with a decimal comma."]),
        ("a;b\n1.5;2\n-3;4.25\n", [[1.5, 2], [-3, 4.25]], ("a", "b"), []),
        ("1,5;2,5\n3,5;4\n", [[1.5, 2.5], [3.5, 4]], ("x1", "x2"), [NO_HEADER, "decimal comma"]),
        ("a\tb\n1\t2\n3\t5\n", [[1, 2], [3, 5]], ("a", "b"), []),
        (
            "a\tb\tc\n1\t\t2\n\t3\t5\n4\t6\t7\n9\t8\t1\n",
            [[4, 6, 7], [9, 8, 1]],
            ("a", "b", "c"),
            ["2 of 4 rows", "of the 5"],
        ),
        ("1,5 2,5\n3,5 4,0\n", [[1.5, 2.5], [3.5, 4]], ("x1", "x2"), [NO_HEADER, "decimal comma"]),
        ("a|b\n1|2\n3|5\n", [[1, 2], [3, 5]], ("a", "b"), []),
        ("a b\n1  2\n 3 5\n", [[1, 2], [3, 5]], ("a", "b"), []),
        ("a\n1\n3\n", [[1], [3]], ("a",), []),
        ("\ufeffa,b\r\n1,2\r\n\r\n3,5\r\n", [[1, 2], [3, 5]], ("a", "b"), []),
        ('"a, in mm", b \n"1", 2\n3,5\n', [[1, 2], [3, 5]], ("a, in mm", "b"), []),
        (
            "a,species,b\n1,red,2\n3,blue,5\n",
            [[1, 2], [3, 5]],
            ("a", "b"),
            ["Column 'species' holds text ('red' in line 2) and was left out."],
        ),
        ("1,red,2\n3,blue,5\n", [[1, 2], [3, 5]], ("x1", "x3"), [NO_HEADER, "Column 'x2' holds text ('red'"]),
        ("red,1\nblue,5\n", [[1], [5]], ("x2",), [NO_HEADER, "Column 'x1' holds text ('red'"]),
        (
            "a,b\n1,2\n,4\n5,NA\n7,inf\n3,5\n",
            [[1, 2], [3, 5]],
            ("a", "b"),
            ["3 of 5 rows have a missing or infinite value (2 of them in column 'b') and were left out.", "of the 6"],
        ),
        (
            "a,b\n1,2\n3\n4,5\n",
            [[1, 2], [4, 5]],
            ("a", "b"),
            ["1 of 3 rows has a missing or infinite value (line 3) and was", "of the 4 lines of the file, 2 hold"],
        ),
        ("?,2\n3,5\n1,6\n", [[3, 5], [1, 6]], ("x1", "x2"), [NO_HEADER, "1 of 3 rows has a missing", "of the 3"]),
        ("a,b,c\n1,,2\n3,NA,5\n", [[1, 2], [3, 5]], ("a", "c"), ["Column 'b' is empty and was left out."]),
        ("a,b\n1,2\n1,5\n", [[1, 2], [1, 5]], ("a", "b"), ["Column 'a' is constant, so it distinguishes no clusters."]),
        (
            "id,a\n1,7\n2,NA\n3,5\n4,6\n",
            [[1, 7], [3, 5], [4, 6]],
            ("id", "a"),
            ["numbers the rows", "1 of 4 rows", "of the 5"],
        ),
        ("id,a\n3,7\n1,9\n2,5\n", [[3, 7], [1, 9], [2, 5]], ("id", "a"), ["Column 'id' numbers the rows"]),
        ("area,1990,1991\n7,1,2\n9,3,5\n", [[7, 1, 2], [9, 3, 5]], ("area", "1990", "1991"), []),
        # no way to tell: the note says what was done
        ("who,1990\nA,1\nB,3\n", [[1990], [1], [3]], ("x2",), [NO_HEADER, "Column 'x1' holds text ('who'"]),
        ("a,b\n1,2\nx,4\n3,5\n9,7\n", [[2], [4], [5], [7]], ("b",), ["('x' in line 3; 3 of its 4 cells are numbers)"]),
        ("a,when\n1,2020-01-31\n3,2020-02-29\n", [[1], [3]], ("a",), ["Column 'when' holds dates"]),
    ],
)
def test_a_table_is_understood(own, text, X, features, notes):
    table = read_table(own(text))
    np.testing.assert_array_equal(table.X, X)
    assert table.X.dtype == np.float64
    assert table.features == features
    said = [str(note) for note in table.notes]
    assert len(said) == len(notes), said
    for note, words in zip(said, notes, strict=True):
        assert words.lower() in note.lower()
        assert note.endswith(".")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("\n \n", ["empty"]),
        ("a,b\n", ["no rows"]),
        ("a,b\nred,blue\ngreen,white\n", ["no column of numbers", "commas", "'red', 'blue'"]),
        ("a,b\n1,\n,2\n", ["no row without a missing value"]),
        ("a,b\n1,2\n1,2,3\n", ["line 3 has 3 cells, and most lines have 2"]),
        ("a,b\n1,2,3\n4,5,6\n", ["line 1 names 2 of 3 columns", "more entries"]),
        ("x\n1,5\n2,5\n", ["line 1 names 1 of 2 columns"]),
        (b"PK\x03\x04\x00\x00", ["zip", "damaged"]),
        (b"a,b\n1,2\n\x00\x01,3\n", ["no text", "line 3"]),
        (b"\xff\xfea", ["no text in UTF-16"]),
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


X = np.array([[1.5, 20.0], [-3.0, 4.25], [0.5, 7.0], [2.25, -1.0]])
PLAIN = "a,b\n" + "".join(f"{x},{y}\n" for x, y in X.tolist())


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    return file.getvalue()


def tarred(*names, mode="w"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(PLAIN)
            archive.addfile(member, io.BytesIO(PLAIN.encode()))
    return file.getvalue()


PACKED = {
    "gzip": gzip.compress(PLAIN.encode()),
    "bzip2": bz2.compress(PLAIN.encode(), 3),
    "xz": lzma.compress(PLAIN.encode()),
    "zip": zipped("folder/", "folder/mine.csv", "__MACOSX/._mine.csv"),
    "tar": tarred("mine.csv"),
}


@pytest.mark.parametrize("name", ["mine.csv", "mine.gz", "mine.zip", "mine.tar"])
@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_file_is_read_whatever_it_is_called(own, packing, name):
    path = own(PACKED[packing], name)
    np.testing.assert_array_equal(read(path, "s").X, X)
    assert [str(note) for note in read_table(path).notes] == [f"The file is packed by {packing} and was unpacked."]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst", ".zip", ".tar"])
def test_a_plain_text_is_read_whatever_it_is_called(own, ending):
    path = own(PLAIN, f"mine.csv{ending}")
    np.testing.assert_array_equal(read(path, "s").X, X)
    assert [str(note) for note in read_table(path).notes] == [
        f"The name ends in {ending}, but the file is not packed and was read as it is."
    ]


def test_packed_twice(own):
    assert [str(note) for note in read_table(own(tarred("mine.csv", mode="w:gz"))).notes] == [
        "The file is packed by gzip and was unpacked.",
        "The file is packed by tar and was unpacked.",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PACKED["gzip"][:-9], ["gzip", "damaged"]),
        (PACKED["bzip2"][:-9], ["bzip2", "damaged"]),
        (PACKED["xz"][:-9], ["xz", "damaged"]),
        (PACKED["zip"][:-9], ["zip", "damaged"]),
        (PACKED["gzip"][:20] + b"xxxx" + PACKED["gzip"][24:], ["gzip", "damaged"]),
        (zipped("one.csv", "two.csv"), ["zip archive of 2 files", "one table"]),
        (zipped(), ["zip archive of 0 files"]),
        (tarred("one.csv", "two.csv"), ["tar archive of 2 files"]),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), ["spreadsheet"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), ["spreadsheet"]),
        (b"\x28\xb5\x2f\xfd" + bytes(20), ["zstd", "zstd -d"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["no text"]),
    ],
)
def test_what_cannot_be_unpacked_is_refused_in_one_sentence(own, refused, data, words):
    with refused("mine.csv", *words):
        read_table(own(data))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(understood, encoding, end):
    text = PLAIN.replace("a,b", "größe,b").replace("\n", end)
    understood(text.encode(encoding), X, features=("größe", "b"), study=True)


def test_letters_of_old_encodings(understood):
    understood(PLAIN.replace("a,b", "größe,b").encode("cp1252"), X, "Windows-1252", features=("größe", "b"), study=True)
    understood(PLAIN.replace("a,b", "рост,b").encode("cp1251") + b"\x1a", X, "Windows-1252", study=True)


def lines(*rows, separator="\t"):
    return "\n".join(separator.join(map(str, row)) for row in rows) + "\n"


@pytest.mark.parametrize("separator", list(SEPARATORS))
@pytest.mark.parametrize(("opened", "closed"), [(3, 9), (3, 4), (3, None), (0, 11)])
def test_no_quotation_mark_swallows_rows(own, separator, opened, closed):
    rows = [[f"item{row}", row * 1.5, row * row] for row in range(12)]
    rows[opened][0] = '"5'
    if closed is not None:
        rows[closed][0] = '3"'
    table = read_table(own(lines(["name", "x", "y"], *rows, separator=separator)))
    np.testing.assert_array_equal(table.X, [row[1:] for row in rows])
    assert table.lines == tuple(range(2, 14))
    assert f"Line {opened + 2} holds a quotation mark that is not closed" in str(table.notes[0])


def test_a_cell_may_go_over_lines(understood):
    text = 'a,remark,b\n1,"two\nlines, and ""more""",2\n3,one,5\n4,"\n\n",6\n"\n",,\n'
    table = understood(text, [[1, 2], [3, 5], [4, 6]], "2 lines (the first is line 8) are empty", "'remark' holds text")
    assert table.lines == (2, 4, 5)


def test_marks_between_thousands_beside_shorter_numbers(understood):
    said = "Commas in column 'a' stand between thousands: '1,165' was read as 1165."
    understood("a\tb\n997\t1\n1,165\t2\n12\t4\n", [[997, 1], [1165, 2], [12, 4]], said, study=True)
    understood('a,b\n"1,165",2\n997,1\n12,4\n', [[1165, 2], [997, 1], [12, 4]], said, study=True)
    understood("a\tb\n1,165.5\t1\n2\t2\n", [[1165.5, 1], [2, 2]], "'1,165.5' was read as 1165.5", study=True)
    understood("a\tb\n1,165\t0.5\n2\t2\n", [[1165, 0.5], [2, 2]], "'1,165' was read as 1165", study=True)
    understood("a\tb\n12,34,567\t0.5\n2\t2\n", [[1234567, 0.5], [2, 2]], "'12,34,567' was read as 1234567", study=True)
    rows = [[f"{n}.{100 + n}", n] for n in range(10, 16)] + [[n, 5] for n in (837, 635, 51)]
    numbers = [[float(f"{n}{100 + n}"), n] for n in range(10, 16)] + [[837, 5], [635, 5], [51, 5]]
    understood(lines(["a", "b"], *rows), numbers, "it was taken for thousands", "Points in column 'a'", study=False)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1.234,56", 1234.56), ("2.043", 2043), ("1 234,5", 1234.5), ("1\u00a0234,5", 1234.5), ("-1\u202f234", -1234)],
)
def test_marks_between_thousands_beside_decimal_commas(understood, cell, value):
    text = lines(["a", "b"], ["838", "31,5"], [cell, "-0,25"], ["12", "\u22121"], separator=";")
    understood(text, [[838, 31.5], [value, -0.25], [12, -1]], "decimal comma", "stand between thousands", study=True)


def test_apostrophes_and_blanks_between_thousands(understood):
    understood("a;b\n1'234.5;2\n7;3\n", [[1234.5, 2], [7, 3]], "Apostrophes", study=True)
    understood("a;b\n1\u2019234.5;2\n7;3\n", [[1234.5, 2], [7, 3]], "Apostrophes", study=True)
    understood("a;b\n12 345 678;2.5\n700;3\n", [[12345678, 2.5], [700, 3]], "Blanks", study=True)


def test_what_can_be_decimals_or_thousands_is_said_or_refused(own, understood, refused):
    both = [[1.125, 2.25], [3.5, 4.75]]
    text = "a\tb\n1,125\t2,250\n3,500\t4,750\n"
    understood(
        text, both, "can be decimal or between thousands; it was taken for decimals", "decimal comma", study=False
    )
    # beside a decimal comma that is none but that
    understood("a\tb\n1,125\t0,250\n3,500\t4,750\n", [[1.125, 0.25], [3.5, 4.75]], "decimal comma", study=True)
    understood("a,b\n1.125,2.250\n3.500,4.750\n", both, study=True)
    with refused("two ways", "'a'", "'1,165'"):
        read_table(own("a\tb\n1,165\t2\n12345\t3\n"))
    with refused("two ways", "'1.165'"):
        read_table(own("a\tb\n1.165\t2,125\n12\t3\n"))


def test_percent_and_currency(understood):
    understood("a,b\n5%,1\n12.5 %,2\n,4\n7%,9\n", [[5, 1], [12.5, 2], [7, 9]], "have '%'", "1 of 4 rows", "Of the 5")
    understood('a,b\n"$1,234.50",1\n-$2.00,2\n', [[1234.5, 1], [-2, 2]], "have '$'", "'1,234.50'", study=True)
    understood("a;b\n1.234,50 €;1\n2,00 €;2\n", [[1234.5, 1], [2, 2]], "have '€'", "comma", "thousands", study=True)
    # a mixture means different things
    understood("a,b\n5%,1\n0.5,2\n", [[1], [2]], "'a' holds text ('5%'")
    understood("a,b\n$5,1\n€5,2\n", [[1], [2]], "'a' holds text ('$5'")


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "index", "rownames", "Index"])
@pytest.mark.parametrize("index", [[0, 1, 2, 3], [3, 0, 2, 1], [1, 5, 9, 70], [4, 3, 2, 1]])
def test_row_names_are_no_feature(own, first, index):
    path = own(lines([first, "x", "y"], *[[n, n * 0.5 % 3, n * n % 7] for n in index], separator=","))
    for table in (read_table(path), read(path, "s")):
        assert table.features == ("x", "y")
        assert str(table.notes[0]).endswith("numbers the rows, so it was left out.")


def test_what_only_seems_to_be_row_names_is_a_feature(understood):
    understood(
        ",a\n1.5,7\n2,2\n3,5\n", [[1.5, 7], [2, 2], [3, 5]], "Column 1 has no name and is called 'x1'", study=True
    )
    understood("index,a\n100.5,7\n99,2\n98.5,5\n", [[100.5, 7], [99, 2], [98.5, 5]], "called as row names", study=True)
    understood("a,index\n7,3\n2,9\n5,4\n", [[7, 3], [2, 9], [5, 4]], "called as row names", study=True)


def test_row_names_of_other_programs(understood):
    # as pandas writes a table whose columns have no names, and one that was put together; as R writes one
    understood(",0,1\n0,7,3\n1,2,4\n2,5,8\n", [[7, 3], [2, 4], [5, 8]], "no name", features=("0", "1"), study=True)
    understood(",0,1\n5,7,3\n9,2,4\n6,5,8\n", [[7, 3], [2, 4], [5, 8]], "no name", features=("0", "1"), study=True)
    understood(",a\n0,7\n1,2\n0,5\n1,3\n", [[7], [2], [5], [3]], "no name", features=("a",), study=True)
    understood('"a" "b"\n"1" 7 3\n"2" 2 4\n"3" 5 8\n', [[7, 3], [2, 4], [5, 8]], "no name", features=("a", "b"))


@pytest.mark.parametrize(
    "names", [["1990", "1991", "1992"], ["2010", "2000", "1990"], ["0", "1", "2"], ["1", "2", "3"], ["5", "20", "50"]]
)
@pytest.mark.parametrize("labelled", [False, True])
def test_a_header_of_numbers(understood, names, labelled):
    body = [[12.5, 9.25, 14.75], [8.5, 7.5, 3.25], [2.5, 2.25, 9.75], [1.5, 0.25, 7.5]]
    label = [["place"], ["A"], ["B"], ["C"], ["D"]] if labelled else [[]] * 5
    text = lines(*[[*left, *row] for left, row in zip(label, [names, *body], strict=True)], separator=",")
    notes = ["taken for names", *["'place' holds text"] * labelled]
    understood(text, body, *notes, features=tuple(names), study=False)


def test_a_header_of_wavelengths_and_patterns_that_ascend(understood):
    rng = np.random.default_rng(1)
    body = rng.normal(size=(12, 9)).round(3)
    understood(lines(range(400, 490, 10), *body.tolist()), body, "taken for names", study=False)
    growing = np.cumsum(rng.integers(1, 99, size=(8, 4)), axis=1)
    understood(lines([1990, 1995, 2000, 2005], *growing.tolist()), growing, "taken for names", study=False)
    one = lines(["place", 1990], ["A", 1.5], ["B", 2.5], ["C", 0.5])
    understood(one, [[1.5], [2.5], [0.5]], "taken for names", "'place' holds text", features=("1990",), study=False)
    ascending = np.sort(body, axis=1)
    understood(lines(*ascending.tolist()), ascending, NO_HEADER, study=False)
    years = [[1990, 1995], [1991, 1994], [1989, 2001], [1995, 1999]]
    understood(lines(*years), years, NO_HEADER, study=False)


def test_whole_numbers_beyond_floats_are_differences(understood):
    stamps = [1556559573141592653 + 3 * n * n for n in range(6)]
    text = lines(["t", "y"], *[[t, n % 4] for n, t in enumerate(stamps)])
    expected = [[3 * n * n, n % 4] for n in range(6)]
    understood(text, expected, f"differences from the least, {stamps[0]}, were taken", study=True)
    fractions = lines(["t", "y"], *[[f"1556559573.1415926{n}", n % 2] for n in (10, 12, 15)])
    table = understood(fractions, read_table_of(fractions), "differences from the least")
    np.testing.assert_allclose(table.X[:, 0], [0, 2e-9, 5e-9], rtol=1e-12)
    # even, so no float is rounded
    exact = [[2.0**54, 1], [2.0**54 + 4, 2]]
    understood(lines(["t", "y"], [2**54, 1], [2**54 + 4, 2]), exact, study=True)


def read_table_of(text):
    """Differences of the first column as decimals give them."""
    from decimal import Decimal

    rows = [line.split("\t") for line in text.splitlines()[1:]]
    least = min(Decimal(row[0]) for row in rows)
    return [[float(Decimal(row[0]) - least), float(row[1])] for row in rows]


def test_more_digits_than_differences_keep(understood):
    stamps = [0, 2**60, 2**60 + 1]
    text = lines(["t", "y"], *[[t, y] for t, y in zip(stamps, (1, 5, 3), strict=True)])
    table = understood(text, [[0, 1], [2.0**60, 5], [2.0**60, 3]], "3 different ones became 2", study=False)
    assert len(np.unique(table.X[:, 0])) == 2


@pytest.mark.parametrize(
    "label", ["Total", "TOTAL:", "Grand total", "Sum", "Mean", "average", "Summe", "Gesamt", "Total (n=4)", "Moyenne"]
)
def test_a_line_that_sums_up_is_no_pattern(understood, label):
    body = [[1, 5], [2, 7], [9, 3], [4, 4]]
    for left in ([], ["A"]):
        rows = [[*left, *row] for row in [("x", "y"), *body]]
        last = [label, 16] if not left else [label, 16, 19]
        notes = [f"Line 6 sums up the table ({label!r})", *["holds text"] * len(left), "Of the 6 lines of the file, 4"]
        understood(lines(*rows, last), body, *notes, study=False)


def test_what_is_around_a_table(understood):
    body = [[1, 5], [2, 7], [9, 3], [4, 4]]
    table = lines(["x", "y"], *body, separator=",")
    understood(f"Heights\n\n{table}", body, "Line 1 is above the header", "Of the 7 lines", study=True)
    understood(f"{table}Source: my own\n", body, "Line 6 is below the table", "Of the 6 lines", study=False)
    understood(
        f"{table}mean,4\nstd,3\nmax,9\n",
        body,
        "Line 6 sums up the table ('mean')",
        "Line 7 sums up the table ('std')",
        "Line 8 sums up the table ('max')",
        "Of the 8 lines",
        study=False,
    )
    understood(f"# by me\n# at noon\n{table}# end\n", body, "3 lines (the first is line 1) begin with", study=True)
    understood(f"# x,y\n{lines(*body, separator=',')}", body, features=("x", "y"), study=True)
    understood(f"%x,y\n{lines(*body, separator=',')}", body, features=("x", "y"), study=True)
    understood(f"{table},\n\n,\n", body, "2 lines (the first is line 6) are empty but for separators", study=True)
    understood(
        table.replace("y\n", "y\nmm,kg\n"), body, "Line 2 is below the header and holds 'mm'", "Of the", study=True
    )
    understood(table + table, body + body, "Line 6 repeats the header", "Of the 10 lines", study=True)
    understood(table.replace("\n", ",\n"), body, "Column 'x3' is empty", study=True)
    understood(table.replace("\n", ",\n").replace("y,", "y"), body, "Column 'x3' is empty", study=True)
    understood(table.replace("x,", "y,"), body, "column 2 is called 'y (2)'", features=("y", "y (2)"), study=True)
    understood(f"sep=,\n{table}", body, study=True)


def test_a_last_line_of_another_kind(understood):
    body = [[1, 5], [2, 7], [9, 3], [4, 4]]
    text = lines(["x", "y"], *body, ["all in all", 19])
    understood(text, body, "Line 6 is the last and holds 'all in all'", "Of the 6 lines", study=False)


def test_names_of_rows(understood):
    text = lines(["", "x", "y"], ["Ann", 1, 5], ["Ben", 2, 7], separator=",")
    understood(text, [[1, 5], [2, 7]], "The first column has no name and names the rows", study=True)
    text = lines(["name", "x", "y"], ["Ann", 1, 5], ["Ben", 2, 7], separator=",")
    understood(text, [[1, 5], [2, 7]], "'name' holds text", study=False)


def test_a_line_that_is_lost_is_noticed(own, refused, monkeypatch):
    def careless(records, *rest):
        return layout.arrange(records[:2] + records[3:], *rest)

    monkeypatch.setattr(csv, "arrange", careless)
    with refused("line 3 was not understood"):
        read_table(own("a,b\n1,2\n3,4\n5,6\n"))


def test_people_may_be_called_max(understood):
    text = lines(["name", "x"], ["Ann", 5], ["Ben", 7], ["Max", 3])
    understood(text, [[5], [7], [3]], "'name' holds text")
    text = lines(["name", "x"], ["Ann", 5], ["Total", 5], ["Ben", 7], ["Cid", 3])
    understood(text, [[5], [5], [7], [3]], "Line 3 holds 'Total': take it out", "'name' holds text")


def test_excels_line_that_names_the_separator(understood):
    rows = lines(["x", "y"], ["1,5", "2"], ["-0,005", "4"], separator=";")
    for first in ("sep=;", '"sep=;"', "SEP=;", "sep=;;"):
        understood(f"{first}\n{rows}", [[1.5, 2], [-0.005, 4]], "decimal comma", features=("x", "y"), study=True)


@pytest.mark.parametrize("code", [-999, 9999, -3.4028235e38, 1e30, -99, 99.9, -99999.99])
def test_a_number_that_stands_for_a_missing_value_is_hinted_at(own, code):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 2)).round(2)
    X[4, 1] = X[9, 1] = code
    path = own(lines(["x", "y"], *X.tolist()))
    np.testing.assert_array_equal(read(path, "s").X, X)
    (note,) = read_table(path).notes
    assert str(note).startswith(f"Column 'y' holds {code:.8g} (line 6), ")
    assert str(note).endswith("if it stands for a missing value, leave its cells empty.")


def test_numbers_as_they_should_be_are_no_codes(own):
    rng = np.random.default_rng(3)
    natural = np.stack([np.append(rng.integers(0, 1000, 49), 999), np.logspace(-170, 0, 50)], axis=1)
    assert read_table(own(lines(["x", "y"], *natural.tolist()))).notes == ()


def test_numbers_that_no_float_holds(own, refused):
    huge = "1" + "0" * 400
    table = read_table(own(f"a,b\n1,2\n{huge},3\n4,5\n-1e999,7\n"))
    np.testing.assert_array_equal(table.X, [[1, 2], [4, 5]])
    assert "2 of 4 rows have a missing or infinite value" in str(table.notes[0])
    with refused("'s'", "2 of 4 rows"):
        read(own(f"a,b\n1,2\n{huge},3\n4,5\n-1e999,7\n"), "s")


@pytest.mark.parametrize(("exponent", "size"), [(160, "large"), (-170, "small")])
def test_numbers_that_no_float_holds_the_square_of(own, refused, exponent, size):
    path = own(f"a,b\n1e{exponent},2e{exponent}\n3e{exponent},5e{exponent}\n")
    with refused("mine.csv", f"too {size}", "standardize"):
        load_table(path, (2,), "none")
    # in standard deviations they are as good as any
    assert np.abs(load_table(path, (2,)).X).max() < 10


FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(
    X=arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=FINITE),
    separator=st.sampled_from(list(SEPARATORS)),
    header=st.booleans(),
    comma=st.booleans(),
)
def test_whatever_is_written_is_read(tmp_path_factory, X, separator, header, comma):
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    columns = [f"name{place}" for place in range(X.shape[1])]
    # a decimal comma between commas cannot be told from two numbers, nor in a single column from two columns
    decimal = "," if comma and separator != "," and X.shape[1] > 1 else "."
    pd.DataFrame(X, columns=columns).to_csv(path, sep=separator, index=False, header=header, decimal=decimal)
    table = read_table(path)
    np.testing.assert_array_equal(table.X, X)
    assert header == (table.features == tuple(columns))


CELLS = st.text(st.sampled_from('ab1.,;"# -\t%$'), max_size=5)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=8), mark=st.sampled_from(",;\t"))
def test_each_line_is_a_pattern_or_left_out_or_the_file_refused(tmp_path_factory, rows, mark):
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    path.write_text("\n".join(mark.join(row) for row in rows) + "\n")
    try:
        table = read_table(path)
    except InputError as problem:
        message = str(problem)
    else:
        message = f"{path}."
        assert np.isfinite(table.X).all()
        assert len(table.X) == len(table.lines) == len(set(table.lines))
        assert all(1 <= line <= len(rows) for line in table.lines)
    assert str(path) in message
    assert message.endswith(".")
    assert "was not understood" not in message


def test_a_table_of_ones_own_is_a_data_set(own):
    path = own("a,b,name\n1,10,x\n2,10,y\n2,10,z\n6,40,x\n")
    dataset = load_table(path, (2, 3))
    np.testing.assert_allclose(dataset.X.std(axis=0), 1)
    np.testing.assert_allclose(dataset.X.mean(axis=0), 0, atol=1e-15)
    assert (dataset.name, dataset.features, dataset.clusters) == ("mine", ("a", "b"), (2, 3))
    assert (dataset.source, dataset.scaling, dataset.kind) == ("csv:mine.csv", "standardize", "real")
    assert dataset.notes == ("Column 'name' holds text ('x' in line 2) and was left out.",)
    np.testing.assert_array_equal(load_table(path, (2,), "none").X, [[1, 10], [2, 10], [2, 10], [6, 40]])


# ---- what is not text, columns by name, matrices


def test_an_array_of_numpys_is_read_with_all_digits(own, refused):
    def saved(array):
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    X = np.random.default_rng(0).normal(size=(9, 3))
    X[4, 1] = np.nan
    for data in (saved(X), gzip.compress(saved(X))):
        table = read_table(own(data, "mine.npy"))
        np.testing.assert_array_equal(table.X, np.delete(X, 4, axis=0))
        assert table.features == ("x1", "x2", "x3")
        assert "is an array of NumPy's, read as a text" in " ".join(map(str, table.notes))
    np.testing.assert_array_equal(read_table(own(saved(np.arange(5, dtype=np.uint8)))).X, np.arange(5.0)[:, None])
    for array, word in ((np.zeros((2, 2, 2)), "shape (2, 2, 2)"), (np.array(["a"]), "type <U1"), (1j * X, "complex")):
        with refused("a matrix of numbers", word):
            read_table(own(saved(array)))
    with refused("damaged or with objects"):
        read_table(own(saved(X)[:-9]))


def test_a_parquet_file_is_read_where_it_can_be_and_refused_with_a_remedy_where_not(own, refused, monkeypatch):
    path = own(b"PAR1" + bytes(20), "mine.parquet")

    def absent(*_):
        raise ImportError

    monkeypatch.setattr(pd, "read_parquet", absent)
    with refused("Parquet", "pyarrow", "CSV"):
        read_table(path)
    monkeypatch.setattr(pd, "read_parquet", lambda file: pd.DataFrame({"a": [1.5, None, 3], "who": ["x", "y", "z"]}))
    table = read_table(path)
    np.testing.assert_array_equal(table.X, [[1.5], [3]])
    said = " ".join(map(str, table.notes))
    assert all(words in said for words in ("a Parquet file", "'who' holds text", "1 of 3 rows"))

    def broken(*_):
        raise OSError("whatever")

    monkeypatch.setattr(pd, "read_parquet", broken)
    with refused("Parquet", "damaged"):
        read_table(path)


def test_columns_by_name_are_read_in_the_order_given_and_others_cost_no_row(own, refused):
    path = own("who,a,b,index\nx,1,NA,0\ny,2,5,1\nz,3,7,2\n")
    table = read_table(path, ("index", "a"))
    np.testing.assert_array_equal(table.X, [[0, 1], [1, 2], [2, 3]])
    assert table.features == ("index", "a")
    assert table.notes == ()
    assert table.names == ("x", "y", "z")
    with refused("no column 'c'", "'who', 'a', 'b', 'index'"):
        read_table(path, ("a", "c"))
    with refused("column 'who' does not hold numbers"):
        read_table(path, ("who",))


def test_rows_are_called_by_a_first_column_of_text_or_by_their_lines(own):
    assert load_table(own("who,a\nx,1\ny,2\n"), ()).names == ("'x'", "'y'")
    assert load_table(own("who,a\nx,1\nx,2\n"), ()).names == ("line 2", "line 3")
    assert load_table(own("a\n1\n\n2\n"), ()).names == ("line 2", "line 4")
    assert subsample(load_table(own("a\n1\n2\n4\n"), ()), 2, 1).names != ()


def test_a_matrix_of_dissimilarities_has_the_names_of_its_header(own, refused):
    D = load_dissimilarities(own("town,A,B\nA,0,2\nB,2,0\n"))
    np.testing.assert_array_equal(D.X, [[0, 2], [2, 0]])
    assert D.names == ("'A'", "'B'")
    assert load_dissimilarities(own("0;2,5\n2,5;0\n")).names == ("line 1", "line 2")
    with refused("3 rows of 2 numbers", "square"):
        load_dissimilarities(own("a,b\n1,2\n3,4\n5,6\n"))
    with refused("1 row of 2 numbers", "1 of 2 rows has a missing or infinite value"):
        load_dissimilarities(own("a,b\n0,2\n,0\n"))
