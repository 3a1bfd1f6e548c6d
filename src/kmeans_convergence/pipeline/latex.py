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


def typeset(source: Path, pdf: Path) -> None:
    """Typeset a LaTeX file in its own folder and put the PDF at `pdf`.

    Raises
    ------
    RuntimeError
        With the first error of LaTeX, or what is undefined or larger than its place.
    """
    folder = source.parent.resolve()
    # BibTeX writes only where it runs, and finds the bibliography by this list; the empty end stands for its own
    environment = os.environ | ENVIRONMENT | {"BIBINPUTS": f"{folder}{os.pathsep}"}
    with tempfile.TemporaryDirectory() as scratch:
        engine = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={scratch}"]

        def run(*command: str, cwd: Path = folder) -> None:
            done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, errors="replace")
            if done.returncode:
                lines = done.stdout.splitlines()
                errors = [line for line in lines if line.startswith("!") or "error" in line.lower()]
                raise RuntimeError(f"{command[0]} failed on {source}: {(errors or lines[-1:])[0]}")

        run(*engine, source.name)
        run("bibtex", source.stem, cwd=Path(scratch))
        for _ in range(3):
            run(*engine, source.name)
        log = (Path(scratch) / f"{source.stem}.log").read_text(errors="replace")
        complaints = [
            line
            for line in log.splitlines()
            if line.startswith("Overfull") or "undefined" in line or "Float too large" in line
        ]
        if complaints:
            raise RuntimeError(f"{source} was typeset with complaints: {'; '.join(complaints[:3])}")
        with replacing(pdf) as partial:
            shutil.copyfile(Path(scratch) / f"{source.stem}.pdf", partial)
