"""What is computed about the breakdown: one module for each question, and what they share in `samples`."""
