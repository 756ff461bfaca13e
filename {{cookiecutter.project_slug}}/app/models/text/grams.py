"""What training and serving both see in a text: its characters, alone, in twos and in threes."""

LONGEST = 3  # characters


def grams(text: str) -> list[str]:
    """Return each run of one to three characters, across words; both ends count as spaces."""
    line = f" {' '.join(text.lower().split())} "
    return [
        line[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(line) - length + 1)
    ]
