"""Alternations over other hard choices on data: paths through states, regressions and subspaces."""
