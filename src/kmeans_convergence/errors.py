"""The one exception that means "the user can mend this", and the sentence for each failure that the user can mend."""

from __future__ import annotations

import errno

# What libraries say, each in its own way, when memory ends while they are loaded or start their threads.
MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "unable to allocate",
    "bad_alloc",
)


class InputError(ValueError):
    """Input that cannot be used: the message is one sentence that says what, where and what is allowed."""


def explain(problem: BaseException) -> str | None:
    """Return one sentence about a failure that the user can mend, None for any other."""
    if isinstance(problem, InputError):
        return str(problem)
    if _lacks_memory(problem):
        return "There is not enough memory: a small table needs 1 GB, a larger one more."
    if isinstance(problem, ModuleNotFoundError) and problem.name and not problem.name.startswith("kmeans_convergence"):
        return f"The package {problem.name} is not installed: the command takes an install of kmeans-convergence[cli]."
    if isinstance(problem, OSError):
        return f"{problem.filename or 'A file'} cannot be read or written ({problem.strerror or problem})."
    return None


def _lacks_memory(problem: BaseException | None) -> bool:
    """Return whether memory ended, also where a library has made another exception of it."""
    while problem is not None:
        if isinstance(problem, MemoryError) or getattr(problem, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(problem, ImportError | RuntimeError) and any(word in str(problem).lower() for word in MEMORY):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def shown(value: object) -> str:
    """Return a value as it stands in a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:50]} ... ({len(text)} characters)"
