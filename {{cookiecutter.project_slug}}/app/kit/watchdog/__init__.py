"""Notices code that blocks the event loop, and reports it: docs/blocked-loop.md."""
