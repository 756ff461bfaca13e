"""What training and serving must see alike in a text: its letters, alone and in twos and threes."""

LONGEST = 3  # characters


def grams(text: str) -> list[str]:
    """Return each run of one to three characters, across words; begin and end count as spaces."""
    line = f" {' '.join(text.lower().split())} "
    return [
        line[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(line) - length + 1)
    ]
