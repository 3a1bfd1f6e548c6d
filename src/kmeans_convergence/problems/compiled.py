"""How kernels are compiled: machine code is kept for the next process where that can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache


class _Cache(FunctionCache):
    """Goes without where nothing can be written any more, as on a full disk."""

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep the machine code, or stop trying."""
        try:
            super().save_overload(signature, data)  # type: ignore[no-untyped-call]
        except OSError:
            self.disable()  # type: ignore[no-untyped-call]


def compiled(allocates: bool = True, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return numba's decorator `njit` with these options and a cache.

    A kernel that allocates no array should say so: then no references to arrays are counted in it, which takes longer
    than a distance of a few features whenever a row is sliced.

    Numba keeps machine code beside the source, or in the user's folder for caches. Where it can write to neither, as
    on a machine that shares the project read-only, a kernel is compiled in each process that calls it.
    """

    def decorate(kernel: Callable[..., Any]) -> Any:
        dispatcher = njit(**(options | {"_nrt": allocates}))(kernel)
        try:
            cache = _Cache(kernel)  # type: ignore[no-untyped-call]
        except RuntimeError:  # there is no folder
            return dispatcher
        # what `cache=True` does, with another class
        dispatcher._cache = cache
        return dispatcher

    return decorate
