"""Which runs make an experiment."""
