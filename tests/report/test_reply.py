"""The reply to the referee: every point is answered, and its numbers are computed again."""

import re

import pandas as pd
import pytest

from kmeans_convergence.report.reply import fill, marks

POINTS, ERRORS, SENTENCES = 12, 24, 9


@pytest.fixture(name="reply")
def read_reply(root):
    return (root / "paper/reply.md").read_text()


def sections(reply):
    """Return the text below each heading."""
    parts = re.split(r"(?m)^## (.+)$", reply)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_point_and_every_row_is_answered(reply):
    found = sections(reply)
    points = {int(title.split(".")[0]): text for title, text in found.items() if title[0].isdigit()}
    assert sorted(points) == list(range(1, POINTS + 1))
    for text in points.values():
        assert "**Asked.**" in text
        assert "**Done.**" in text
    for title, rows in (("Errors and contradictions", ERRORS), ("Sentences", SENTENCES)):
        lines = re.findall(r"(?m)^\| (\d+) \|.*\| (.+) \|$", found[title])
        assert [int(number) for number, _ in lines] == list(range(1, rows + 1))
        assert all(len(answer) > 10 for _, answer in lines)
    for title in ("Page by page", "The headline figure", "A registered confirmation", "What could not be had"):
        assert found[title].strip()
    assert "TODO" not in reply


def test_every_mark_has_its_end(reply):
    assert len(marks(reply)) == reply.count("<!---->") > 50


@pytest.fixture(name="folder")
def some_results(tmp_path):
    table = pd.DataFrame(
        {
            "method": ["a", "b"],
            "ratio": [1.5749, 0.25],
            "ratio_low": [1.4, -0.04],
            "ratio_high": [1.71, 0.3],
            "effect": [-12.345, -0.001],
            "low": [-20.0, -1.0],
            "high": [1000.0, 1.0],
            "verdict": ["holds", "fails"],
        }
    )
    table.to_csv(tmp_path / "one.csv", index=False)
    table.to_csv(tmp_path / "two.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("mark", "shown", "filled"),
    [
        ("one.csv; method=a; ratio", "9.99 [0.0, 0]", "1.57 [1.4, 2]"),
        ("one.csv; method=b; ratio", "9.9 [0.0, 9.9]", "0.2 [0.0, 0.3]"),
        ("one.csv; method=a; effect", "1.0 [2, 3]", "\N{MINUS SIGN}12.3 [\N{MINUS SIGN}20, 1,000]"),
        ("one.csv; method=b; effect", "1.0", "0.0"),
        ("one.csv; method=b; percent ratio", "9 %", "25 %"),
        ("one.csv; ; mean ratio", "1.00", "0.91"),
        ("one.csv; ; max high", "0", "1,000"),
        ("*.csv; method=a; count", "7", "2"),
        ("*.csv; method=c; count", "7", "0"),
        ("*.csv; ; different method", "7", "2"),
        ("one.csv; method=b; verdict", "*holds*", "*fails*"),
    ],
)
def test_a_number_is_computed_again(folder, mark, shown, filled):
    text = f"It is <!--{mark}-->{shown}<!---->, they say."
    assert fill(text, folder) == f"It is <!--{mark}-->{filled}<!---->, they say."


@pytest.mark.parametrize(
    "mark",
    [
        "none.csv; ; count",
        "one.csv; method=c; mean ratio",
        "one.csv; ; ratio",
        "one.csv; method=a; width",
        "one.csv; a=b; count",
    ],
)
def test_a_mark_without_a_value_is_named(folder, mark):
    with pytest.raises(ValueError, match="has no value"):
        fill(f"<!--{mark}-->1.0<!---->", folder)
