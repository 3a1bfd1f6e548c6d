"""What the maps say."""
