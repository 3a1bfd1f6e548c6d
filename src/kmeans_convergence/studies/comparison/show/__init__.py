"""Figures, tables and numbers of the comparison."""
