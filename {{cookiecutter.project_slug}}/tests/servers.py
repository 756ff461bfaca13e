"""Redis, Postgres and PgBouncer for the tests, which may stop, freeze and restart them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conftest import free_port

START_SECONDS = 30


def program(name: str, *folders: str) -> str:
    """Return the path of a server program; if it is missing, fail instead of skipping."""
    path = os.pathsep.join([os.environ["PATH"], *folders])
    return shutil.which(name, path=path) or pytest.fail(
        f"{name} is not installed here (apt-get install redis-server postgresql pgbouncer)",
        pytrace=False,
    )


def wait_for_port(port: int) -> None:
    """Return once something listens on the port."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                pytest.fail(f"Nothing listens on port {port}")
            time.sleep(0.05)
        else:
            return


class Redis:
    """A Redis that stores nothing on disk: a restart loses everything."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Start it, and return once it answers."""
        command = [program("redis-server"), *self._listen(), "--save", ""]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder), "--logfile", "redis.log"]
        )
        wait_for_port(self.port)

    def _listen(self) -> list[str]:
        return ["--port", str(self.port)]

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    close = stop

    def tell(self, command: str) -> bytes:
        """Send it one command, and return how it answers."""
        return self._send(f"{command}\r\n")

    def push(self, name: str, text: str) -> None:
        """Put a text into a list, as it is."""
        words = "".join(f"${len(word)}\r\n{word}\r\n" for word in ("LPUSH", name, text))
        self._send(f"*3\r\n{words}")

    def _send(self, text: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(text.encode("ascii"))
            return connection.recv(4096)

    def freeze(self) -> None:
        """Keep it from answering; its peers notice nothing else."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)


class SecureRedis(Redis):
    """A Redis that speaks TLS alone, with a certificate that it has signed itself."""

    def __init__(self, folder: Path) -> None:
        self.certificate = make_certificate(folder)
        super().__init__(folder)
        self.url = f"rediss://127.0.0.1:{self.port}/0"

    def _listen(self) -> list[str]:
        files = {"cert": self.certificate, "key": self.certificate, "ca-cert": self.certificate}
        options = [word for n, path in files.items() for word in (f"--tls-{n}-file", str(path))]
        return ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *options]


def make_certificate(folder: Path) -> Path:
    """Make a certificate for this machine, signed by itself; return the file of it and its key."""
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    for option, path in (("-keyout", "key"), ("-out", "certificate")):
        command += [option, str(folder / path)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    both = "".join((folder / name).read_text() for name in ("certificate", "key"))
    (folder / "both.pem").write_text(both)
    return folder / "both.pem"


class Postgres:
    """A Postgres cluster with one database."""

    def __init__(self, _: Path) -> None:
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._bin = Path(program("initdb", *map(str, Path("/").glob("usr/lib/postgresql/*/bin"))))
        # not in a folder of pytest's, which only its owner may enter: Postgres never runs as root
        self._home = tempfile.TemporaryDirectory(prefix="postgres-")
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._home.name, self._user)
        self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and return once it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-w", "-l", f"{self._home.name}/log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would; what was committed is still there after a start."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of it without closing a connection: the server falls silent."""
        parent = int(Path(self._home.name, "data", "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        processes = [parent, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        self._home.cleanup()

    def _run(self, name: str, *options: str) -> None:
        subprocess.run(
            [str(self._bin.with_name(name)), "-D", f"{self._home.name}/data", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._home.name,
            user=self._user,
        )


BOUNCER = """
[databases]
postgres = host=127.0.0.1 port={port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""


class PgBouncer:
    """A PgBouncer whose clients share two sessions, each for one transaction at a time."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        settings = folder / "pgbouncer.ini"
        settings.write_text(BOUNCER.format(port=server.port, own=port) + self._unprepared())
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # it is never root
        self._process = subprocess.Popen([self._program(), *user, str(settings)])
        wait_for_port(port)

    def _program(self) -> str:
        return program("pgbouncer", "/usr/sbin")

    def _unprepared(self) -> str:
        """Return what keeps it from giving each client its own prepared statements."""
        printed = subprocess.check_output([self._program(), "--version"], text=True)
        version = re.search(r"(\d+)\.(\d+)", printed)
        new = version is not None and tuple(map(int, version.groups())) >= (1, 21)
        return "max_prepared_statements = 0\n" if new else ""  # an older one never does

    def close(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


ServerT = TypeVar("ServerT", Redis, SecureRedis, Postgres)


@contextmanager
def running(server: type[ServerT], folder: Path) -> Iterator[ServerT]:
    """Run a server, and remove it at the end."""
    started = server(folder)
    try:
        yield started
    finally:
        started.close()
