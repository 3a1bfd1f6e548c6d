"""Which runs make the comparison."""
