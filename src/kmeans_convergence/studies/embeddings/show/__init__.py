"""Figures, tables and numbers of the maps."""
