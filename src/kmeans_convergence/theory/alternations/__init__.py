"""Alternations over hidden choices: a step that finds the best choices, and one that minimises the cost given them."""
