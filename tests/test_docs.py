"""What the documents say is so: settings, commands and links are those that exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vigie import metrics
from vigie.app import app
from vigie.settings import markdown_table, settings_table

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = (
    *("schemas", "transport", "storage", "model", "producers", "consumers", "dashboard", "vigie"),
)
SOURCES = [
    *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))),
    *(ROOT / name for name in ("Makefile", "docker-compose.yml", ".ci/run", "main.py")),
]
BEGIN, END = "<!-- settings: written by `vigie settings` -->", "<!-- end of settings -->"
METRICS = "<!-- metrics: written by `vigie metrics` -->", "<!-- end of metrics -->"


def named(paths: list[Path]) -> list[Path]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def code_of(text: str) -> list[str]:
    """Fenced blocks and what stands between backticks."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()] + re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    )


def test_the_settings_table_is_complete():
    text = (ROOT / "README.md").read_text("utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0].strip()

    assert written.splitlines() == markdown_table(settings_table()).splitlines()


def test_the_metrics_table_is_complete():
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    written = text.partition(METRICS[0])[2].partition(METRICS[1])[0].strip()

    assert written.splitlines() == metrics.markdown_table(metrics.metrics_table()).splitlines()


def test_every_setting_that_is_named_exists():
    known = {row.environment for row in settings_table()}
    offences = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in [*DOCUMENTS, *SOURCES]
        for name in re.findall(r"(?<![A-Z_])VIGIE_[A-Z][A-Z0-9_]*[A-Z0-9]", path.read_text("utf-8"))
        if name not in known
    }

    assert offences == set()


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_every_command_that_is_named_exists(document):
    lines = code_of(document.read_text("utf-8"))
    called = {
        tuple(word for word in found.split() if re.fullmatch(r"[a-z-]+", word))
        for line in lines
        for found in re.findall(r"(?:^|\s|/)vigie ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", line)
    }

    assert [words for words in sorted(called) if not is_command(words)] == []


def is_command(words: tuple[str, ...]) -> bool:
    """Whether the words begin with a command; a group of commands needs its second word."""
    group = words[0] in {"broker", "dead-letters"}
    command = [*words[:2]] if group and len(words) > 1 else [words[0]]
    return CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


@pytest.mark.parametrize("document", named(DOCUMENTS))
def test_every_link_to_a_file_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", document.read_text("utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("target", ["help", "env", "run", "test", "prove", "lint", "lock"])
def test_make_helps_with_every_target(target):
    assert re.search(rf"^{target}:.*  ## ", (ROOT / "Makefile").read_text("utf-8"), re.M)
