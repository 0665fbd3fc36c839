"""What the layout promises: arrows point down, files stay short, serving needs no TensorFlow."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "schemas": set(),
    "transport": {"schemas"},
    "storage": {"schemas"},
    "model": {"schemas"},
    "producers": {"schemas", "transport", "storage"},
    "consumers": {"schemas", "transport", "storage", "model"},
    "dashboard": {"schemas", "transport", "storage", "model", "producers"},
    "vigie": {
        "schemas",
        "transport",
        "storage",
        "model",
        "producers",
        "consumers",
        "dashboard",
    },
}
TRAINING = {f"model.driver.{name}" for name in ("export", "fit", "folds", "network", "train")}
TOP_LEVEL = {
    *MAY_IMPORT,
    *("tests", "docs", ".ci", ".github"),
    *("README.md", "LICENSE", "SECURITY.md", "Makefile", "Dockerfile", "docker-compose.yml"),
    "docker-compose.cluster.yml",
    *("pyproject.toml", "requirements.txt", "requirements-dev.txt", "main.py", ".gitignore"),
    ".dockerignore",
    ".gitattributes",
}
LONGEST_FILE = 500
EXTRAS = ("train", "bench", "postgres", "objects")


def modules() -> list[Path]:
    return [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def imports_at_start(tree: ast.Module) -> Iterator[str]:
    """Those that run when the module is imported: not in functions, not for type checkers."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from imports(node)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows_only_point_down(package):
    offences = [
        f"{name_of(path)} imports {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in imports(ast.parse(path.read_text("utf-8")))
        if (top := name.partition(".")[0]) in MAY_IMPORT
        and top not in MAY_IMPORT[package] | {package}
    ]

    assert offences == []


def test_no_file_is_too_long():
    sources = [*modules(), *(ROOT / "tests").rglob("*.py")]

    assert {
        name_of(path): lines
        for path in sources
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    } == {}


def test_the_top_level_has_nothing_but_what_the_layout_names():
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout: what is kept in it cannot be told")

    assert {line.partition("/")[0] for line in listed.stdout.splitlines()} - TOP_LEVEL == set()


def test_only_training_imports_tensorflow():
    offences = [
        name_of(path)
        for path in modules()
        if name_of(path) not in TRAINING
        and any(
            name.partition(".")[0] in {"tensorflow", "keras"}
            for name in imports(ast.parse(path.read_text("utf-8")))
        )
    ]

    assert offences == []


def test_what_serves_never_reaches_tensorflow():
    serving = [
        "vigie.app",
        "vigie.up",
        "vigie.predict",
        "vigie.bench.run",
        "consumers.inference.service",
        "consumers.inference.verify",
        "consumers.statistics.service",
        "consumers.archive.service",
        "dashboard.serve",
        "producers.folder",
        "producers.simulator",
        "producers.camera",
    ]
    code = (
        f"import sys, {', '.join(serving)};"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_every_import_is_declared_and_every_dependency_used():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {plain(line) for line in project["dependencies"]}
    extras = project["optional-dependencies"]
    optional = {plain(line) for extra in EXTRAS for line in extras[extra]}
    distributions = packages_distributions()
    used = {
        plain(distributions[top][0])
        for path in modules()
        for name in imports(ast.parse(path.read_text("utf-8")))
        if (top := name.partition(".")[0]) in distributions and top not in MAY_IMPORT
    }

    assert (used - declared - optional, declared - used) == (set(), set())


def plain(requirement: str) -> str:
    """A distribution's name as package indexes compare it."""
    for sign in "<>=~![; ":
        requirement = requirement.partition(sign)[0]
    return requirement.lower().replace("_", "-").replace(".", "-")


def test_locks_name_no_host_and_the_larger_holds_the_smaller():
    serving, testing = (
        (ROOT / name).read_text("utf-8") for name in ("requirements.txt", "requirements-dev.txt")
    )
    pinned = [{line for line in lock.splitlines() if "==" in line} for lock in (serving, testing)]

    assert "://" not in serving + testing
    assert pinned[0] <= pinned[1]
    assert all(line.endswith("\\") for line in pinned[1])  # its hashes follow
    assert "tensorflow" not in serving


def test_every_test_folder_is_among_those_that_run():
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    paths = configured["tool"]["pytest"]["ini_options"]["testpaths"]
    present = {f"tests/{path.parts[-1]}" for path in (ROOT / "tests").iterdir() if path.is_dir()}
    present = {name for name in present if any((ROOT / name).rglob("test_*.py"))}

    assert present - set(paths) == set()
