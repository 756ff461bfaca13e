"""Background tasks: accepted, stored, run, and finished once."""
