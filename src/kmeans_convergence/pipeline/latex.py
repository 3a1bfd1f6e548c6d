"""Typesetting with pdflatex and BibTeX, whole or not at all, the same bytes each time."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kmeans_convergence.atomic import replacing

# Neither times nor paths get into the PDF; the date of the source is fixed.
ENVIRONMENT = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "TZ": "UTC"}
# Lists of folders that a user may have set for other documents; without an empty entry they hide LaTeX's own files.
SEARCHED = ("TEXINPUTS", "BIBINPUTS", "BSTINPUTS", "TEXFORMATS", "TEXFONTS", "TEXMFOUTPUT")
# How lines of BibTeX begin that tell of no error.
BIBTEX_SAYS = (
    "This is BibTeX",
    "The top-level auxiliary",
    "A level-",
    "The style file",
    "Database file",
    "Warning",
    "--",
)


def typeset(source: Path, pdf: Path) -> None:
    """Typeset a LaTeX file in its own folder, with the bibliographies beside it, and put the PDF at `pdf`.

    Raises
    ------
    RuntimeError
        With the first error of LaTeX or BibTeX, or what is undefined or larger than its place.
    """
    folder = source.parent.resolve()
    environment = {name: value for name, value in os.environ.items() if name not in SEARCHED} | ENVIRONMENT
    with tempfile.TemporaryDirectory() as scratch:
        engine = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={scratch}"]

        def run(*command: str, cwd: Path = folder) -> None:
            done = subprocess.run(
                command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", errors="replace"
            )
            if done.returncode:
                raise RuntimeError(f"{command[0]} failed on {source}: {first_error(done.stdout)}")

        run(*engine, source.name)
        # BibTeX writes where it runs and reads there, too: a list of folders would part names with a colon in them
        for bibliography in folder.glob("*.bib"):
            shutil.copy(bibliography, scratch)
        run("bibtex", source.stem, cwd=Path(scratch))
        for _ in range(3):
            run(*engine, source.name)
        log = (Path(scratch) / f"{source.stem}.log").read_text(encoding="utf-8", errors="replace")
        complaints = [
            line
            for line in log.splitlines()
            if line.startswith("Overfull") or "undefined" in line or "Float too large" in line
        ]
        if complaints:
            raise RuntimeError(f"{source} was typeset with complaints: {'; '.join(complaints[:3])}")
        with replacing(pdf) as partial:
            shutil.copyfile(Path(scratch) / f"{source.stem}.pdf", partial)


def first_error(said: str) -> str:
    """Return the first error in what pdflatex or BibTeX said.

    pdflatex marks an error by an exclamation mark, and its place by "l." and a number; the first line of BibTeX's that
    is neither a greeting nor a warning is its first error.
    """
    lines = [line for line in said.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        if line.startswith("!"):
            where = (later for later in lines[place:] if later.startswith("l."))
            return " ".join([line, *list(where)[:1]])
    errors = [line for line in lines if not line.startswith(BIBTEX_SAYS)]
    return (errors or lines or ["it said nothing"])[0]
