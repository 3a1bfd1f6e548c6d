"""How many passes over the patterns are worth making."""
