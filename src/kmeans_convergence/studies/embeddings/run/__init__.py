"""What is computed about maps."""
