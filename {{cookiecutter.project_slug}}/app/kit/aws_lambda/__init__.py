"""HTTP requests as AWS Lambda hands them over, and what is different there."""
