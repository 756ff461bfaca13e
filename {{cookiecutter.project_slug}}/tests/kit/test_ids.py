"""Ids that nobody else's seed repeats."""

import random
from contextvars import copy_context

from app.kit.ids import new_id
from app.kit.logs import begin_request


def test_a_seed_of_somebody_elses_repeats_no_id() -> None:
    found = []
    for _ in range(2):
        random.seed(0)
        found += [new_id().hex, copy_context().run(begin_request, None)]
    assert len({*found}) == 4
