"""Background tasks: accepted, kept in a repository, run, and finished once."""
