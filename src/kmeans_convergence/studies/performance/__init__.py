"""The performance supplement: wall-clock time, memory, and other libraries. No other part of the package imports it."""
