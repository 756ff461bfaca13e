"""What the template and its projects cost, and how to measure it again: see README.md."""
