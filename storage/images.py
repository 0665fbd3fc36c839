"""The image store: a folder of files named by their SHA-256. What is in it never changes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

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


class ImageStore:
    """Files under ``root``, each at the place its hash gives: the same image is kept once."""

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

    def put(self, data: bytes) -> StoredImage:
        """Keep an image. Whole or not at all, also when the process is killed meanwhile.

        Raises:
            RefusedError: it is empty or larger than the store takes.
            OSError: the disk is full or read-only.
        """
        self._check_size(len(data), "The image")
        sha256 = hashlib.sha256(data).hexdigest()
        stored = StoredImage(_place(sha256), sha256, len(data))
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

    def read(self, reference: ImageReference) -> bytes:
        """The bytes that a reference means.

        Raises:
            RefusedError: the path leaves the store, nothing is there, it is empty or too large, or
                its hash is not the reference's.
            OSError: the disk does not answer now; it may later.
        """
        data = self._read_kept(reference)
        if data is None:
            path = self.resolve(reference.path)
            self._check_size(path.stat().st_size, f"The image {reference.path!r}")
            data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != reference.sha256:
            raise RefusedError(
                FailureReason.HASH_MISMATCH,
                f"The image {reference.path!r} hashes to {found[:12]}… where its reference says"
                f" {reference.sha256[:12]!r}…: it is not the image that was sent. Send it again.",
            )
        return data

    def _read_kept(self, reference: ImageReference) -> bytes | None:
        """What is at the very place where :meth:`put` keeps it; ``None``: look more closely.

        A fifth of the time that resolving a path takes. Such a place is inside the store, and what
        lies there counts only if it hashes to its name, wherever a folder may lead.
        """
        sha256 = reference.sha256
        if not _SHA256.fullmatch(sha256) or reference.path != _place(sha256):
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
        if not path or "\0" in path or "\\" in path or Path(path).is_absolute():
            raise _path_refused(path)
        try:
            resolved = (self.root / path).resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError) as error:
            if ".." in Path(path).parts:
                raise _path_refused(path) from error
            raise RefusedError(
                FailureReason.IMAGE_MISSING,
                f"The image {path[:200]!r} is not in the image store. It was deleted, or"
                " producer and worker use different stores: compare VIGIE_STORAGE__IMAGES.",
            ) from error
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENAMETOOLONG}:
                raise  # the disk's trouble, or a right that is missing: no fault of the path
            raise _path_refused(path) from error
        except (RuntimeError, ValueError) as error:
            # A loop of links before Python 3.13; no valid text.
            raise _path_refused(path) from error
        if not resolved.is_relative_to(self._resolved):
            raise _path_refused(path)
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
        if not _SHA256.fullmatch(sha256):
            return None
        path = self.root / _place(sha256)
        return path if os.path.isfile(path) else None  # noqa: PTH113 - pathlib's raises

    def _check_size(self, size: int, what: str) -> None:
        if size == 0:
            raise RefusedError(
                FailureReason.IMAGE_EMPTY, f"{what} has 0 bytes. Send it again when it is complete."
            )
        if size > self.max_bytes:
            raise RefusedError(
                FailureReason.IMAGE_TOO_LARGE,
                f"{what} has {size:,} bytes; the limit is {self.max_bytes:,}. Send it smaller, or"
                " raise VIGIE_STORAGE__MAX_IMAGE_BYTES.",
            )


def _place(sha256: str) -> str:
    # 256 folders keep each below a few thousand files at a million images.
    return f"{sha256[:2]}/{sha256}"


def _path_refused(path: str) -> RefusedError:
    return RefusedError(
        FailureReason.PATH_REFUSED,
        f"The path {path[:200]!r} does not stay inside the image store. A reference holds a path"
        " relative to the store's root, without '..', links to outside or backslashes.",
    )
