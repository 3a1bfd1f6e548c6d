"""Compiled passes over the patterns."""
