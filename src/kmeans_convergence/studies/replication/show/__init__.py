"""Figures, tables and numbers of the replication."""
