"""Begins with the newest task. Rejected by: in-order."""

CLAIM_DUE = CLAIM % f"{DUE} AND {OURS} ORDER BY due_at DESC, seq DESC LIMIT :limit"
