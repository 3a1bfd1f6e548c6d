"""What these tests share: the same examples each time, and how a refusal must read."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from kmeans_convergence.errors import InputError

settings.register_profile("fixed", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def root():
    """The folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture
def refused():
    """Expect an InputError whose message is one sentence with these words in it."""

    @contextmanager
    def check(*words):
        with pytest.raises(InputError) as caught:
            yield
        message = str(caught.value)
        assert re.fullmatch(r"[^\n]*[^.\n]\.", message), message
        assert not re.search(r"[.!?:]\s+[A-Z][a-z]+ ", message), message
        for word in words:
            assert word in message, message

    return check
