"""Figures, tables and numbers about mixtures."""
