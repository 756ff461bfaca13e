"""How far a patient's diabetes will progress in a year, with an interval, from ten measurements."""
