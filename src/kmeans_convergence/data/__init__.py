"""Data sets by name: the registry is a table, each provider a file of this folder."""

from kmeans_convergence.data.registry import Dataset, load, read_registry

__all__ = ["Dataset", "load", "read_registry"]
