"""Looks up what is due, but records nothing. Rejected by: taken-up."""

CLAIM_DUE = """
    SELECT id, kind, payload, attempts + 1, 1 FROM tasks
    WHERE state = 'queued' AND due_at <= {now} ORDER BY due_at, seq LIMIT :limit
"""
