"""Alternation or gradient? k-means and its relatives, one loop, many optimizers.

The package is layered, and data flows one way::

    data -> starts -> problems x optimizers -> experiments -> analysis -> reporting

Everything is batched over runs: prototypes have the shape ``(R, K, d)`` for R runs, K prototypes
and d features, so that one pass over the data serves all runs.
"""

__version__ = "0.1.0"
