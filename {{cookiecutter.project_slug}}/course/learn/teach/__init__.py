"""What an instructor types: `uv run learn teach`."""
