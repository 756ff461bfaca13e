"""Takes any unfinished task, and so what others are running. Rejected by: not-again."""

DUE = "SELECT seq FROM tasks WHERE finished_at IS NULL AND due_at <= {now}"
