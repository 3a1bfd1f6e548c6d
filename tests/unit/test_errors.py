"""Failures of the machine are told in one sentence, others are not taken for them."""

import errno

import pytest

from kmeans_convergence.errors import InputError, explain


def chained():
    try:
        raise MemoryError
    except MemoryError as problem:
        error = RuntimeError("compilation failed")
        error.__cause__ = problem
        return error


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (InputError("K is 0: at least 1 is allowed."), "K is 0"),
        (MemoryError(), "memory"),
        (ImportError("libtiff.so: failed to map segment from shared object"), "memory"),
        (RuntimeError("can't start new thread"), "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (chained(), "memory"),
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), "a.csv cannot be read or written (No space left"),
        (OSError("not a gzipped file"), "(not a gzipped file)"),
        (ModuleNotFoundError("No module named 'rich'", name="rich"), "rich is not installed"),
    ],
)
def test_one_sentence(problem, words):
    said = explain(problem)
    assert words in said
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize("problem", [ImportError("No module named 'x'"), RuntimeError("wrong"), ValueError("wrong")])
def test_a_fault_of_ours_is_none_of_the_users(problem):
    assert explain(problem) is None
