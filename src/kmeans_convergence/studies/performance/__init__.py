"""The performance supplement: wall-clock time, memory, and other libraries. No other study imports it."""
