"""From a learner's app to a verdict: a real server, a model to hold, and what the checks saw."""
