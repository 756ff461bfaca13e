"""What a course is made of: chapters, other versions of symbols, and what a learner is given."""
