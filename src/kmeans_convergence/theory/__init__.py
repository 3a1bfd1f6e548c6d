"""The paper's equations in plain NumPy, and its derivations checked by machine."""
