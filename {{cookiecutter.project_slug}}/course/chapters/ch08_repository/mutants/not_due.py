"""Forgets that a task may not be due yet. Rejected by: retry."""

DUE = "SELECT seq FROM tasks WHERE state = 'queued'"
