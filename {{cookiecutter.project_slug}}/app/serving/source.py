"""`MODEL_SOURCE`: models that are downloaded once, before the start; and the archive they come in.

The archive, a .tar.gz, has one version of each model, the one that was served when it was packed:

    <name>/<version>/card.json, …
"""

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError
from urllib.request import urlopen

import structlog

from app.kit.start import StartError
from app.serving.artefact import current_version, replace_file, serve_version
from app.serving.settings import ModelSettings

FETCHED_FILE = ".source"  # the hash of the archive that was unpacked last
SILENT_SECONDS = 30
CHUNK_BYTES = 2**20

logger = structlog.get_logger()


def fetch_models(settings: ModelSettings) -> None:
    """Unpack the archive that `MODEL_SOURCE` names, unless it was the last one, and serve it."""
    if settings.model_source is None:
        return
    folder = settings.models_dir
    address, _, digest = settings.model_source.get_secret_value().partition("#sha256=")
    shown = address.split("?")[0]  # a signature may follow
    fetched = folder / FETCHED_FILE
    if fetched.is_file() and fetched.read_text() == digest:
        return
    logger.info("models_downloading", source=shown)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".source-", dir=folder) as draft:
            archive, unpacked = Path(draft, "archive"), Path(draft, "models")
            found = download(address, archive)
            if found != digest:
                raise StartError(
                    f"MODEL_SOURCE: the SHA-256 of {shown} is {found}, not {digest}. Nothing was "
                    "changed. Set what this prints: python -m app.models pack models.tar.gz"
                )
            with tarfile.open(archive, "r:gz") as tar:
                tar.extractall(unpacked, filter="data")
            install(unpacked, folder)
        replace_file(fetched, digest.encode())
    except (OSError, HTTPException, EOFError, tarfile.TarError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise StartError(f"MODEL_SOURCE: {shown} cannot be used: {error}") from None


def download(address: str, path: Path) -> str:
    """Write what is at an address to a file, and return its SHA-256."""
    digest = hashlib.sha256()
    # only what the settings allow: HTTPS, or this machine
    with urlopen(address, timeout=SILENT_SECONDS) as answer, path.open("wb") as file:  # noqa: S310
        while chunk := answer.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def install(unpacked: Path, folder: Path) -> None:
    """Move versions to where they belong, and serve them; another process may be doing the same."""
    for version in sorted(unpacked.glob("*/*/")):
        place = folder / version.parent.name / version.name
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            shutil.move(version, place)
        serve_version(place.parent, place.name)


def pack_models(folder: Path, names: Iterable[str], path: Path) -> str:
    """Write an archive of the versions that are served; return its SHA-256.

    Its bytes depend on nothing else: they are the same wherever and whenever it is written.
    """
    content = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=content, mode="wb", filename="", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in names:
            version = folder / name / current_version(folder / name)
            for file in sorted(version.rglob("*")):
                if file.is_file() and file.suffix != ".draft":
                    with file.open("rb") as opened:
                        add(tar, file.relative_to(folder).as_posix(), opened)
    replace_file(path, content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def add(tar: tarfile.TarFile, name: str, file: BinaryIO) -> None:
    """Add a file to an archive, without its owner, its mode and its time."""
    member = tarfile.TarInfo(name)
    member.size = file.seek(0, io.SEEK_END)
    file.seek(0)
    tar.addfile(member, file)
