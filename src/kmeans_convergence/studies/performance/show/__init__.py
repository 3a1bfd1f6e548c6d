"""Figures, tables and numbers of the supplement."""
