"""Data sets by name: the registry is a table, each provider a file of this folder."""

from kmeans_convergence.data.registry import Dataset, Description, describe, files, load, read, read_registry

__all__ = ["Dataset", "Description", "describe", "files", "load", "read", "read_registry"]
