"""The command line as a whole: help everywhere, one sentence per error, stable exit codes."""

import json
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from schemas.errors import EXIT_CONFIGURATION, EXIT_USAGE
from tests.vigie.cli import ROOT, environment, vigie
from vigie.app import app

COMMANDS = [
    *("up", "send", "watch", "camera", "simulate", "infer", "web", "predict", "evaluate", "train"),
    *("statistics", "archive", "forget", "chaos"),
    *("replay", "verify", "bench", "settings", "broker", "dead-letters"),
    *("broker start", "broker stop", "broker status", "broker prepare"),
    *("dead-letters list", "dead-letters replay"),
]
NO_BROKER = [
    ("verify", "driver"),
    ("replay", "driver", "--model", "driver-000000000000"),
    ("dead-letters", "list", "driver"),
    ("dead-letters", "replay", "driver"),
    ("send", "."),
    ("watch", "."),
    ("infer", "driver"),
    ("statistics", "driver"),
    ("archive", "driver"),
    ("web",),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = CliRunner().invoke(app, [*command.split(), "--help"])

    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_names_every_command():
    listed = CliRunner().invoke(app, ["--help"]).output

    assert [name for name in COMMANDS if " " not in name and name not in listed] == []


def test_help_imports_nothing_heavy():
    """What makes ``vigie --help`` quick: 0.3 s, of which Typer takes a third."""
    code = (
        "import sys, vigie.app; heavy = {'numpy', 'cv2', 'dash', 'confluent_kafka', 'structlog',"
        "'pydantic_settings'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )

    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert finished.stderr == ""


def test_help_comes_quickly(tmp_path):
    def seconds() -> float:
        """Of processor time: what the command costs, whatever else the machine does."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert vigie(tmp_path, "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # 0.3 s on a quiet machine; the best of some, as a busy one makes caches cold.
    assert min(seconds() for _ in range(3)) < 0.8


@pytest.mark.parametrize("words", NO_BROKER, ids=" ".join)
def test_without_a_broker_one_sentence_says_the_way_out(words, tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8\xff")

    finished = vigie(tmp_path, *words)

    sentence = finished.stderr.strip().splitlines()[-1]
    assert finished.returncode == EXIT_CONFIGURATION
    assert sentence.startswith("vigie: No Kafka")
    assert "vigie broker start" in sentence
    assert "Traceback" not in finished.stderr


def test_with_json_an_error_is_one_object_on_stdout(tmp_path):
    finished = vigie(tmp_path, "verify", "driver", "--json")

    assert json.loads(finished.stdout)["code"] == "configuration"
    assert finished.returncode == EXIT_CONFIGURATION


def test_an_unknown_job_is_a_usage_error(tmp_path):
    finished = vigie(tmp_path, "infer", "pilot")

    assert finished.returncode == EXIT_USAGE
    assert "'pilot'" in finished.stderr


def test_a_wrong_setting_ends_a_command_with_code_4(tmp_path):
    finished = vigie(tmp_path, "broker", "status", VIGIE_DASHBOARD__PORT="99999")

    assert finished.returncode == EXIT_CONFIGURATION
    assert finished.stderr.count("\n") == 1


def test_an_unexpected_error_is_a_line_and_a_file(tmp_path):
    code = (
        "import sys, vigie.__main__ as door, vigie.app; sys.argv = ['vigie'];"
        "vigie.app.app = lambda: 1 / 0; door.main()"
    )

    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    [kept] = (tmp_path / "logs").glob("crash-*.log")
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert str(kept) in finished.stderr
    assert "ZeroDivisionError" in kept.read_text()


def test_broker_status_has_bootstrap_servers(tmp_path):
    found = json.loads(vigie(tmp_path, "broker", "status", "--json").stdout)

    assert (found["running"], found["bootstrap_servers"]) == (False, None)


def test_settings_are_printed_as_markdown_and_as_json(tmp_path):
    rows = json.loads(vigie(tmp_path, "settings", "--json").stdout)
    table = vigie(tmp_path, "settings").stdout

    assert [row for row in rows if row["environment"] not in table] == []
