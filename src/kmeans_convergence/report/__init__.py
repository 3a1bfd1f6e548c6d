"""How things look: figures, LaTeX, tables of notebooks. It knows no study."""
