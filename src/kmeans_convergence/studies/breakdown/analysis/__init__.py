"""What the experiments on the breakdown say."""
