"""Patterns that need not fit into memory: fixed blocks of rows, which are read and worked on wherever there is room.

A source is cut into the same blocks whoever works on them, and what is found for them is added in their order: so one
process, several threads and a cluster get the same bits.
"""

from kmeans_convergence.data.blocks.block import Block, Blocks, Summary
from kmeans_convergence.data.blocks.executors import Cluster, Executor, Serial, Threads
from kmeans_convergence.data.blocks.sources import open_blocks

__all__ = ["Block", "Blocks", "Cluster", "Executor", "Serial", "Summary", "Threads", "open_blocks"]
