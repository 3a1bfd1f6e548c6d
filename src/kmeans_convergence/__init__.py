"""Alternation or gradient? k-means and its relatives, one loop, many optimizers.

Data flows one way::

    data -> starts -> problem x optimizer -> trace -> analysis -> show -> report

Each section of the report is a folder of `studies`, whose `run` says what is computed, `analysis` what it says, and
`show` what is made of it for the report.

Everything is batched over runs: prototypes have the shape ``(R, K, d)`` for R runs, K prototypes
and d features, so that one pass over the data serves all runs.
"""

__version__ = "0.1.0"
