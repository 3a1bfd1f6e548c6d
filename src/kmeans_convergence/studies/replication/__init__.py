"""Section 5 of the paper: the experiment on Iris, the verdict on each statement, and the puzzle of the final costs."""
