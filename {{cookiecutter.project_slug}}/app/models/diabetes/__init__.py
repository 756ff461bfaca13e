"""How far a patient's diabetes will have got in a year, with an interval, from ten measurements."""
