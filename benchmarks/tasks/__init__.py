"""What a background task costs and survives, beside what people install instead."""
