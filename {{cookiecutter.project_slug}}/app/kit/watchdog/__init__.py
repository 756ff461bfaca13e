"""What notices code that blocks the event loop, and reports it: docs/blocked-loop.md."""
