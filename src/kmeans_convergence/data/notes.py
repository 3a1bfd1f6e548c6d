"""What was found in a file, and what was done about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One thing to know about a file.

    Attributes
    ----------
    found : str
        A clause: what is in the file, and where.
    done : str
        How the clause goes on: what was done about it.
    doubtful : bool
        Whether something was left out, or was understood as somebody else might not understand it: good enough for a
        quick look, not for the study.
    """

    found: str
    done: str = ""
    doubtful: bool = False

    def __str__(self) -> str:
        return f"{self.found[0].upper()}{self.found[1:]}{self.done}."


def some(things: list[int], what: str = "line") -> str:
    """Name one or many places: "line 7", "3 lines (the first is line 7)"."""
    return f"{what} {things[0]}" if len(things) == 1 else f"{len(things)} {what}s (the first is {what} {things[0]})"
