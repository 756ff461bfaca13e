"""The lab: `uv run lab` measures what each kind of handler can do, and draws it on one page.

Read `plan.py` (what is measured, and what theory says), `locustfile.py` (the users), `load.py` and
`server.py` (the two processes of a run), `figures.py` (from answers to rates), `page.py` and
`plots.py`.
"""
