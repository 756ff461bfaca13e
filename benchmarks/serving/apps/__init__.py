"""The same model in each alternative; these modules run in the alternative's own environment."""
