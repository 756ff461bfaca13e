"""Takes whatever is not finished, and so what others run. Rejected by: not-again."""

DUE = "SELECT seq FROM tasks WHERE finished_at IS NULL AND due_at <= {now}"
