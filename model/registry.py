"""The versions of a model on disk: one folder each, named by the content of its weights.

A root is a job's folder of versions, such as ``model/driver`` of the package or of the home folder.
``ROOT/<first 12 hex digits of the weights' SHA-256>/`` holds weights, manifest, labels and card;
the file ``ROOT/current`` names the version that serves where nobody asks for another.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from model.labels import read_labels
from model.manifest import (
    MANIFEST_FILE,
    VERSION_DIGITS,
    Manifest,
    is_version,
    read_manifest,
    read_weights,
)
from schemas.errors import ConfigurationError

CURRENT_FILE = "current"
# Four digits are enough to type; fewer would soon mean two versions.
LEAST_DIGITS = 4
_ASKED = re.compile(rf"(?:[a-z]+-)?[0-9a-f]{{{LEAST_DIGITS},{VERSION_DIGITS}}}")
LISTED = "`vigie models` lists the versions there are."


@dataclass(frozen=True, slots=True)
class Version:
    """One folder of weights.

    Attributes:
        folder: holds weights, manifest and labels.
        root: the root it was found in; ``None``: a person named the folder.
    """

    folder: Path
    root: Path | None = None

    @property
    def name(self) -> str:
        """What a person sees of it: the digits of a version, or the folder's name."""
        return self.folder.name

    def check(self) -> Manifest:
        """The manifest, after everything beside it was read and found whole.

        Raises:
            ConfigurationError: the version is damaged, for the reason it names.
        """
        # NumPy takes 0.1 s to import, which those who only look for a version do not pay.
        from model.novelty import read_gate  # noqa: PLC0415

        manifest = read_manifest(self.folder)
        read_weights(self.folder, manifest)
        read_labels(self.folder)
        read_gate(self.folder, manifest.novelty)
        return manifest


def packaged_root(job: str) -> Path:
    """The root of the versions that ship."""
    return Path(__file__).parent / job


def shipped(job: str) -> Version:
    """The version of a job that serves by default.

    Raises:
        ConfigurationError: it is not there.
    """
    return find(None, [packaged_root(job)])


def versions(roots: Sequence[Path]) -> list[Version]:
    """Every version in ``roots``, root by root, whole or damaged; a root need not exist."""
    return [
        Version(folder, root)
        for root in roots
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if is_version(folder.name) and folder.is_dir()
    ]


def find(model: str | None, roots: Sequence[Path]) -> Version:
    """The version that a person means; its files are not read.

    Args:
        model: a version (``4d24d91649ee``, ``driver-4d24d91649ee``, or the first digits of one),
            a folder, or nothing for the current version of the first root that names one. Of two
            folders with one version, that in the earlier root counts.
        roots: where versions lie.

    Raises:
        ConfigurationError: there is no such version or folder, or the digits mean several.
    """
    if not model:
        return _current(roots)
    asked = model.partition("-")[2] or model
    known = versions(roots) if _ASKED.fullmatch(model) else []
    meant = [one for one in known if one.name.startswith(asked) and _is_of(one, model)]
    if len({one.name for one in meant}) > 1:
        raise ConfigurationError(
            f"{model!r} means {' and '.join(sorted({one.name for one in meant}))}: write more"
            " digits."
        )
    if meant:
        return meant[0]
    folder = Path(model)
    if folder.is_dir():
        return Version(folder.absolute())
    if folder.is_file():
        raise ConfigurationError(f"{folder} is a file: name the folder that holds it.")
    raise ConfigurationError(f"There is no model version and no folder {model!r}: {LISTED}")


def install(folder: Path, root: Path) -> Version:
    """Copy a trained model into ``root``, under the name that its weights give it.

    The version appears whole or not at all. Where it is there already, its files are replaced one
    by one, the manifest last: that mends a damaged version, and renews what is said about weights.

    Args:
        folder: holds weights, manifest and labels; every plain file in it goes along.
        root: is made where it is missing.

    Raises:
        ConfigurationError: the model in ``folder`` is damaged.
        OSError: ``root`` cannot be written.
    """
    manifest = Version(folder).check()
    target = root / manifest.sha256[:VERSION_DIGITS]
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=root) as scratch:
        whole = Path(scratch) / target.name
        whole.mkdir()
        for file in folder.iterdir():
            if file.is_file():
                shutil.copyfile(file, whole / file.name)
        if target.exists():
            for file in sorted(whole.iterdir(), key=lambda one: one.name == MANIFEST_FILE):
                file.replace(target / file.name)
        else:
            whole.rename(target)
    return Version(target, root)


def _is_of(version: Version, model: str) -> bool:
    """Whether the job that ``model`` may begin with is the version's."""
    job = model.rpartition("-")[0]
    return not job or (version.root is not None and version.root.name == job)


def _current(roots: Sequence[Path]) -> Version:
    path = next((root / CURRENT_FILE for root in roots if (root / CURRENT_FILE).is_file()), None)
    if path is None:
        raise ConfigurationError(
            f"No file {CURRENT_FILE} in {', '.join(map(str, roots))} says which model serves:"
            " install the package again, or name a model by VIGIE_INFERENCE__MODEL."
        )
    name = path.read_text("utf-8", errors="replace").strip()
    for one in versions(roots):
        if one.name == name:
            return one
    raise ConfigurationError(
        f"{path} says that {name!r} serves, but there is no such version: restore its folder, or"
        f" name another by VIGIE_INFERENCE__MODEL. {LISTED}"
    )
