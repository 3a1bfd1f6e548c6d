"""Execution of a notebook into a page that is the same each time."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from kmeans_convergence.atomic import replacing
from kmeans_convergence.report.knobs import PAGE_VARIABLE

# The folder of the package.
SOURCE = Path(__file__).parents[2]


def execute(notebook: Path, html: Path) -> None:
    """Run a notebook in its own folder and write it with its outputs as one HTML file.

    The notebook itself is left as it is. Where it has sliders, the page has what they start with.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        When a cell fails.
    """
    document = nbformat.read(notebook, as_version=4)
    NotebookClient(
        document,
        resources={"metadata": {"path": str(notebook.parent)}},
        record_timing=False,
        timeout=600,
        # the kernel's notices about its sockets are not for the person who waits
        extra_arguments=["--log-level=ERROR"],
        # the kernel imports what is imported here, seen from its folder: a path with a colon would be two
    ).execute(env=os.environ | {PAGE_VARIABLE: "", "PYTHONPATH": os.path.relpath(SOURCE, notebook.parent)})
    # the patch level of the interpreter is no result
    document.metadata.get("language_info", {}).pop("version", None)
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(document, {"metadata": {"name": notebook.stem}})
    with replacing(html) as partial:
        partial.write_text(page, encoding="utf-8")
