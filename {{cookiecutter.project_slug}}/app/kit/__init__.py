"""Tools that know nothing of this service: they take values. Read these last."""
