"""A learner's project, the attempts at its chapters, and the record that is kept of them."""
