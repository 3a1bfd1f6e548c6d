"""Which runs measure rates, noise and acceleration."""
