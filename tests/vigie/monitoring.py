"""What `docs/monitoring` ships: the panels of the dashboard and the alert rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

MONITORING = Path(__file__).resolve().parents[2] / "docs" / "monitoring"


def panels() -> list[dict[str, Any]]:
    found = json.loads((MONITORING / "grafana.json").read_text("utf-8"))["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]
