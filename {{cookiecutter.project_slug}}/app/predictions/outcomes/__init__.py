"""What turned out to be true of predictions."""
