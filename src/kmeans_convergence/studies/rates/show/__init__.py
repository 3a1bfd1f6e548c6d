"""Figures, tables and numbers of rates, noise and acceleration."""
