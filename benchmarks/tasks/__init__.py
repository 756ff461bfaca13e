"""What a background task costs and survives, next to what people install instead."""
