"""Sliders of the notebooks, and what a page shows in their place."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

# Set while a notebook is made into a page, which nobody can answer.
PAGE_VARIABLE = "KMEANS_CONVERGENCE_PAGE"


def turn(draw: Callable[..., Any], **knobs: Any) -> Any:
    """Return, for a notebook to show, what `draw` returns, under a control for each of its arguments.

    On a page it is what `draw` returns without arguments, and nothing else: widgets need a running kernel, the network
    and identifiers that differ each time.

    Parameters
    ----------
    draw : callable
        Its default arguments are where the controls start.
    **knobs
        For each argument a pair (smallest, largest), which makes a slider, a list to choose from, or a widget.
    """
    if PAGE_VARIABLE in os.environ:
        return draw()
    from ipywidgets import interactive  # only a notebook that is open needs it

    panel = interactive(draw, {"auto_display": True}, **knobs)
    for control in panel.kwargs_widgets:
        control.style.description_width = "initial"
        # draw where a slider stops, not all the way there
        if control.has_trait("continuous_update"):
            control.continuous_update = False
    return panel
