"""Lloyd's algorithm is a Newton step: the checks are in `theory`."""
