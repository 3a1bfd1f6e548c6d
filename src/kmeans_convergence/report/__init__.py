"""Figures, tables and numbers of the report. Nothing imports this package but scripts and notebooks."""
