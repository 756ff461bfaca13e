"""The terminal: what is printed on it, and what comes from it. Knows nothing of chapters."""
