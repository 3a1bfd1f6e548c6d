"""The numbers of the reply to the referee are those of the default study, whose results must be there.

It is no test of the results: a study with other settings has other numbers, and no fault. After a change of the default
study they are written anew by

    python -c "from pathlib import Path; from kmeans_convergence.report.reply import fill; \\
        reply = Path('paper/reply.md'); reply.write_text(fill(reply.read_text(), Path()))"
"""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from kmeans_convergence.data.registry import read_registry
from kmeans_convergence.pipeline.configuration import compared
from kmeans_convergence.report.reply import fill


def test_the_reply_tells_what_was_found():
    default = yaml.safe_load(Path("config/config.yaml").read_text())["comparison"]
    if not Path("results/comparison/datasets.csv").exists():
        pytest.skip("there are no results")
    datasets = pd.read_csv("results/comparison/datasets.csv")
    if list(datasets["name"]) != compared(default, read_registry(Path("config/datasets.tsv"))):
        pytest.skip("the reply belongs to the default configuration")
    reply = Path("paper/reply.md").read_text()
    assert fill(reply, Path()) == reply
