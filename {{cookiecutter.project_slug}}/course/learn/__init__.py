"""The course: its chapters, what grades them, and the command `learn`."""
