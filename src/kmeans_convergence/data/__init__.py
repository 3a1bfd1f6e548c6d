"""Data sets by name: the registry is a table, each provider a file of this folder."""

from kmeans_convergence.data.dataset import Dataset, check_dataset, subsample
from kmeans_convergence.data.registry import Description, describe, files, load, read, read_registry

__all__ = [
    "Dataset",
    "Description",
    "check_dataset",
    "describe",
    "files",
    "load",
    "read",
    "read_registry",
    "subsample",
]
