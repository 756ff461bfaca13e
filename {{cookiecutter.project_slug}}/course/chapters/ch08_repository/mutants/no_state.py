"""Asks only whether a task is due, and so takes what others are running. Rejected by: not-again."""

DUE = "SELECT seq FROM tasks WHERE due_at <= {now}"
