"""The image store: images named by their SHA-256. What is in it never changes.

It is a folder, or by URL a bucket of an object store (`storage.bucket`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schemas.errors import ConfigurationError, RefusedError
from schemas.events import FailureReason, ImageReference

_SHA256 = re.compile(r"[0-9a-f]{64}")

_PLAIN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""No link, and no waiting for somebody to write into a pipe."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Where the store keeps an image, relative to its root, and what it must hash to."""

    path: str
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, data: bytes, max_bytes: int) -> StoredImage:
        """Where an image belongs.

        Raises:
            RefusedError: it is empty or larger than ``max_bytes``.
        """
        check_size(len(data), max_bytes, "The image")
        sha256 = hashlib.sha256(data).hexdigest()
        return cls(_place(sha256), sha256, len(data))


class Images(Protocol):
    """What every image store does: `ImageStore` in a folder, `ImageBucket` behind a URL."""

    max_bytes: int

    @property
    def where(self) -> str:
        """Folder or URL, as messages name it."""

    @property
    def read_ahead(self) -> int:
        """Images that should be on their way for each thread that judges; 0 where none waits."""

    def put(self, data: bytes) -> StoredImage:
        """Keep an image. Whole or not at all, also when the process is killed meanwhile.

        Raises:
            RefusedError: it is empty or larger than the store takes.
            OSError: the store takes nothing now; `write_trouble` says it in a sentence.
        """

    def write_trouble(self, error: OSError) -> str:
        """What a person is told when `put` raised this error."""

    def read(self, reference: ImageReference) -> bytes:
        """The bytes that a reference means.

        Raises:
            RefusedError: the path leaves the store, nothing is there, it is empty or too large, or
                its hash is not the reference's.
            OSError: the store does not answer now; it may later.
        """

    def holds(self, reference: ImageReference) -> bool:
        """Whether something lies where `read` would look.

        Raises:
            OSError: the store does not answer now.
        """

    def load(self, sha256: str) -> bytes | None:
        """The image with this hash, or ``None``; any text that is no hash is simply not found.

        Raises:
            OSError: the store does not answer now.
        """


def open_images(place: Path | str, max_bytes: int) -> Images:
    """The image store at a place.

    Args:
        place: a folder, or a URL such as ``s3://bucket/prefix``.
        max_bytes: of the largest image taken.

    Raises:
        ConfigurationError: it cannot be used as it is; the sentence says why.
    """
    if "://" not in str(place):
        return ImageStore(Path(place), max_bytes)
    try:
        # An extra: whoever keeps images in a folder neither installs nor loads it.
        from storage.bucket import ImageBucket  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"An image store by URL needs the package {error.name}, which is not installed: run"
            " `pip install 'vigie[objects]'`, or set VIGIE_STORAGE__IMAGES to a folder."
        ) from error
    return ImageBucket(str(place), max_bytes)


class ImageStore:
    """Files under ``root``, each at the place its hash gives: the same image is kept once."""

    read_ahead = 0
    """A disk answers sooner than another thread would."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root
        self.max_bytes = max_bytes
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The image store {root} cannot be made: {error.strerror}. Give this user the"
                " right to write there, or set VIGIE_STORAGE__IMAGES to another folder."
            ) from error
        self._resolved = root.resolve()

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    def put(self, data: bytes) -> StoredImage:
        """Keep an image: see `Images`.

        Raises:
            RefusedError: it is empty or larger than the store takes.
            OSError: the disk is full or read-only.
        """
        stored = StoredImage.of(data, self.max_bytes)
        target = self.root / stored.path
        if target.exists():
            return stored
        target.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as part:
            try:
                part.write(data)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).replace(target)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
        return stored

    def write_trouble(self, error: OSError) -> str:
        """See `Images`."""
        try:
            room = f" ({shutil.disk_usage(self.root).free / 2**20:.1f} MiB free)"
        except OSError:
            room = ""
        return (
            f"The image store {self.root} cannot be written: {error.strerror}{room}. Free disk"
            " space or give this user the right to write there."
        )

    def read(self, reference: ImageReference) -> bytes:
        """The bytes that a reference means: see `Images`."""
        data = self._read_kept(reference)
        if data is None:
            path = self.resolve(reference.path)
            check_size(path.stat().st_size, self.max_bytes, f"The image {reference.path!r}")
            data = path.read_bytes()
        check_hash(data, reference)
        return data

    def holds(self, reference: ImageReference) -> bool:
        """Whether a file lies where a reference says: see `Images`."""
        try:
            self.resolve(reference.path)
        except RefusedError:
            return False
        return True

    def load(self, sha256: str) -> bytes | None:
        """The image with this hash, or ``None``: see `Images`."""
        path = self.find(sha256)
        return path.read_bytes() if path else None

    def _read_kept(self, reference: ImageReference) -> bytes | None:
        """What is at the very place where :meth:`put` keeps it; ``None``: look more closely.

        A fifth of the time that resolving a path takes. Such a place is inside the store, and what
        lies there counts only if it hashes to its name, wherever a folder may lead.
        """
        if reference.path != place_of(reference.sha256):
            return None
        try:
            file = os.open(f"{self._resolved}/{reference.path}", _PLAIN)
        except OSError:
            return None
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= self.max_bytes:
                return None
            data = os.read(file, found.st_size)
        finally:
            os.close(file)
        return data if len(data) == found.st_size else None

    def resolve(self, path: str) -> Path:
        """The file that a reference's path means, surely inside the store.

        Raises:
            RefusedError: the path is absolute, leaves the store (also by a link), or leads nowhere.
            OSError: the disk does not answer, or this user may not look there.
        """
        check_path(path)
        try:
            resolved = (self.root / path).resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            if ".." in Path(path).parts:
                raise path_refused(path) from error
            raise image_missing(path) from error
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENAMETOOLONG}:
                raise  # the disk's trouble, or a right that is missing: no fault of the path
            raise path_refused(path) from error
        except (RuntimeError, ValueError) as error:
            # A loop of links before Python 3.13; no valid text.
            raise path_refused(path) from error
        if not resolved.is_relative_to(self._resolved):
            raise path_refused(path)
        if not resolved.is_file():
            raise RefusedError(
                FailureReason.IMAGE_UNREADABLE,
                f"{path[:200]!r} in the image store is a folder or a device, not a file."
                " A reference names one image file.",
            )
        return resolved

    def find(self, sha256: str) -> Path | None:
        """The file with this hash, or ``None``; any text that is no hash is simply not found.

        Nor is what this user may not see.
        """
        place = place_of(sha256)
        if place is None:
            return None
        path = self.root / place
        return path if os.path.isfile(path) else None  # noqa: PTH113 - pathlib's raises


def check_size(size: int, max_bytes: int, what: str) -> None:
    """Refuse what is empty or larger than a store takes."""
    if size == 0:
        raise RefusedError(
            FailureReason.IMAGE_EMPTY, f"{what} has 0 bytes. Send it again when it is complete."
        )
    if size > max_bytes:
        raise RefusedError(
            FailureReason.IMAGE_TOO_LARGE,
            f"{what} has {size:,} bytes; the limit is {max_bytes:,}. Send it smaller, or"
            " raise VIGIE_STORAGE__MAX_IMAGE_BYTES.",
        )


def check_hash(data: bytes, reference: ImageReference) -> None:
    """Refuse what is not the image that was sent."""
    found = hashlib.sha256(data).hexdigest()
    if found != reference.sha256:
        raise RefusedError(
            FailureReason.HASH_MISMATCH,
            f"The image {reference.path!r} hashes to {found[:12]}… where its reference says"
            f" {reference.sha256[:12]!r}…: it is not the image that was sent. Send it again.",
        )


def check_path(path: str) -> None:
    """Refuse a path whose very text cannot mean something inside a store."""
    if not path or "\0" in path or "\\" in path or Path(path).is_absolute():
        raise path_refused(path)


def _place(sha256: str) -> str:
    # 256 folders keep each below a few thousand files at a million images.
    return f"{sha256[:2]}/{sha256}"


def place_of(sha256: str) -> str | None:
    """Where the image with this hash lies in a store; ``None`` for any text that is no hash."""
    return _place(sha256) if _SHA256.fullmatch(sha256) else None


def path_refused(path: str) -> RefusedError:
    """What a path gets that does not stay inside the store."""
    return RefusedError(
        FailureReason.PATH_REFUSED,
        f"The path {path[:200]!r} does not stay inside the image store. A reference holds a path"
        " relative to the store's root, without '..', links to outside or backslashes.",
    )


def image_missing(path: str) -> RefusedError:
    """What a path gets where nothing is."""
    return RefusedError(
        FailureReason.IMAGE_MISSING,
        f"The image {path[:200]!r} is not in the image store. It was deleted, or"
        " producer and worker use different stores: compare VIGIE_STORAGE__IMAGES.",
    )
