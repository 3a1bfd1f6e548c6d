"""How well predictions agree with what was measured."""
