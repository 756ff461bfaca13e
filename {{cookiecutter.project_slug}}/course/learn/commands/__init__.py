"""What a learner types: a module for each command of `uv run learn`."""
