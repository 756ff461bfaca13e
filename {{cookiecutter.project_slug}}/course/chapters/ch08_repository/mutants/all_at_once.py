"""Takes everything that is due, for one free place. Rejected by: in-order."""

CLAIM_DUE = CLAIM % f"{DUE} AND {OURS} ORDER BY due_at, seq"
