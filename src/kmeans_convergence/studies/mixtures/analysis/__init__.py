"""What is said about mixtures."""
