"""Which signals stop a process; tests/test_start.py sends them to real ones."""

import signal

from app.kit.signals import stop_signals


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        assert signal.SIGHUP in set(stop_signals())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
        assert list(stop_signals()) == [signal.SIGTERM, signal.SIGINT]
    finally:
        signal.signal(signal.SIGHUP, before)
