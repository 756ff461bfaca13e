"""What notices that somebody blocks the event loop, and says who: docs/blocked-loop.md."""
