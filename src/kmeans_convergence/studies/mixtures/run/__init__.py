"""What is computed about mixtures."""
