"""Forgets that a task may be there for later. Rejected by: retry."""

DUE = "SELECT seq FROM tasks WHERE state = 'queued'"
