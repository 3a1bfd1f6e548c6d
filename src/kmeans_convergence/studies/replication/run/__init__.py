"""Which runs make the experiment."""
