"""The command as a process: interrupted, without memory, without places to write to, with streams that fail."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).parents[2] / "src"
COMMAND = (sys.executable, "-m", "kmeans_convergence")
COMPARE = ("compare", "my.csv", "--clusters", "3", "--starts", "10", "--output", "out")
FILES = {
    "answer.html",
    "answer.txt",
    "comparison.csv",
    "comparison.json",
    "comparison.pdf",
    "comparison.svg",
    "runs.csv.gz",
}

# The command with two optimizers and few passes: what is tried here is everything else.
QUICK = """
import signal, sys
# a shell that starts the tests in the background lets them ignore it
signal.signal(signal.SIGINT, signal.default_int_handler)
from kmeans_convergence import cli, __main__
from kmeans_convergence.studies.comparison.run import task
task.CONTENDERS = {key: task.CONTENDERS[key] for key in ("batch_kmeans", "online_kmeans")}
cli.PASSES, cli.REPEATS = {"kmeans": 3}, 50
{more}
sys.exit(__main__.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def _table(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    np.savetxt("my.csv", np.random.default_rng(0).normal(size=(60, 2)), delimiter=",", header="a,b", comments="")


def quick(*arguments, more="", **options):
    command = [sys.executable, "-c", QUICK.replace("{more}", more), *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, timeout=120, **options)


def is_one_sentence(text):
    return text.count("\n") == 1 and text.endswith(".\n") and "Traceback" not in text


def left():
    return {file.name for file in Path().iterdir()} - {"my.csv"}


def test_an_output_that_is_full_loses_no_results():
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with open("/dev/full", "w") as full:
        run = quick(*COMPARE, stdout=full)
        helped = subprocess.run([*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 2
    assert is_one_sentence(run.stderr), run.stderr
    assert "could not be printed (No space left on device): it is in out" in run.stderr
    assert {file.name for file in Path("out").iterdir()} == FILES
    assert helped.returncode == 2
    assert is_one_sentence(helped.stderr)


def test_an_output_that_nobody_reads_loses_no_results():
    reader, writer = os.pipe()
    os.close(reader)
    run = quick(*COMPARE, stdout=writer)
    os.close(writer)
    assert run.returncode == 2
    assert is_one_sentence(run.stderr), run.stderr
    assert {file.name for file in Path("out").iterdir()} == FILES


def test_without_an_output_and_without_errors(tmp_path):
    (tmp_path / "quick.py").write_text(QUICK.replace("{more}", ""))
    for closed, status in ((">&-", 2), ("2>&-", 0)):
        shutil.rmtree("out", ignore_errors=True)
        script = f"{sys.executable} quick.py {' '.join(COMPARE)} {closed}"
        run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert run.returncode == status
        assert "Traceback" not in run.stderr + run.stdout
        assert {file.name for file in Path("out").iterdir()} == FILES


@pytest.mark.parametrize(
    ("when", "number", "status"),
    [
        ("importing", signal.SIGINT, 130),
        ("importing", signal.SIGTERM, 143),
        ("comparing", signal.SIGINT, 130),
        ("writing", signal.SIGINT, 130),
        ("writing", signal.SIGTERM, 143),
    ],
)
def test_a_run_that_is_stopped_leaves_a_word_at_most(when, number, status):
    stop = f"import os; os.kill(os.getpid(), {int(number)})"
    if when == "importing":
        # the place of a library that is loaded on the way
        Path("rich.py").write_text(f"{stop}\nraise SystemError('not stopped')\n")
        more = "import sys; [sys.modules.pop(name) for name in list(sys.modules) if 'rich' in name or 'cli' in name]"
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {more}\n" + BARE, *COMPARE]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        Path("rich.py").unlink()
        shutil.rmtree("__pycache__", ignore_errors=True)
    else:
        place = "compare_on" if when == "comparing" else "write"
        run = quick(*COMPARE, more=f"def stop(*_): {stop}; raise SystemError\ncli.{place} = stop", stdout=-1)
    assert run.returncode == status, run.stderr
    assert run.stdout == ""
    assert run.stderr == ("Interrupted.\n" if number == signal.SIGINT else "")
    assert left() == set()


BARE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from kmeans_convergence.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_interruption_that_a_destructor_meets_is_not_lost():
    more = """
import os, signal, time
class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
def stop(*_):
    Last()
    time.sleep(3)
    raise SystemError
cli.compare_on = stop
"""
    run = quick(*COMPARE, more=more, stdout=-1)
    assert run.returncode == 130
    assert run.stderr == "Interrupted.\n"


@pytest.mark.parametrize("megabytes", [300, 600, 900])
def test_without_memory(megabytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20,) * 2)

    run = subprocess.run([*COMMAND, *COMPARE], capture_output=True, text=True, check=False, preexec_fn=limit)
    assert run.returncode == 2
    assert is_one_sentence(run.stderr), run.stderr
    assert "memory" in run.stderr
    assert left() == set()


KERNEL = """
import numpy as np
from kmeans_convergence.problems.kmeans.engine import exchange_kernels
print(exchange_kernels.__file__)
X = np.array([[0.0], [1.0], [10.0], [11.0]])
w, owners = exchange_kernels.sweep(X, np.array([[[0.0], [1.0]]]), np.array([[0, 1, 1, 1]], dtype=np.int32))
print(w.ravel().tolist())
"""


def test_kernels_without_a_place_for_machine_code(tmp_path):
    """As on a machine that shares the project read-only; a file where a folder must be stops the administrator, too."""
    copy = tmp_path / "src"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(place for place in copy.rglob("*") if place.is_dir())]:
        (folder / "__pycache__").touch()
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache", "PYTHONPATH": str(copy)}
    nowhere["PYTHONDONTWRITEBYTECODE"] = "1"
    run = subprocess.run(
        [sys.executable, "-c", KERNEL], env=os.environ | nowhere, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    place, answer = run.stdout.splitlines()
    assert place.startswith(str(copy))
    assert answer == "[0.5, 10.5]"
    assert not [*copy.rglob("*.nbi"), *copy.rglob("*.nbc")]
