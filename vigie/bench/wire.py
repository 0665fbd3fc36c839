"""What travels between the page and its server: Dash's WebSocket messages, as a browser has them.

All tabs of a browser share one socket, which belongs to a SharedWorker: Playwright shows it no
page's events, so it is watched through the browser's own DevTools protocol.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@dataclass(frozen=True, slots=True)
class Update:
    """What one page was told at once.

    Attributes:
        at: seconds on the steady clock of whoever received it.
        page: Dash's name of the page.
        size: bytes of its JSON, before the socket's compression.
    """

    at: float
    page: str
    size: int


def messages_in(text: str) -> list[dict[str, Any]]:
    """The messages of one frame: Dash sends what is due within 5 ms as a list."""
    said = json.loads(text)
    return said if isinstance(said, list) else [said]


def updates_in(text: str, at: float) -> list[Update]:
    """What a frame tells the pages: one update for each that it has something for."""
    sizes: Counter[str] = Counter()
    for message in messages_in(text):
        if message.get("type") == "set_props":
            sizes[message["rendererId"]] += len(json.dumps(message, separators=(",", ":")))
    return [Update(at, page, size) for page, size in sizes.items()]


def most_per_second(updates: Iterable[Update]) -> int:
    """The most updates that any page got within any whole second of the clock."""
    seconds = Counter((update.page, int(update.at)) for update in updates)
    return max(seconds.values(), default=0)


class Wire:
    """Keeps every update that the pages of a browser receive; make it before the first page."""

    def __init__(self, browser: Browser) -> None:
        self.updates: list[Update] = []
        self._session = browser.new_browser_cdp_session()
        self._session.on("Target.targetCreated", self._attach)
        self._session.on("Target.attachedToTarget", self._listen)
        self._session.on("Target.receivedMessageFromTarget", self._hear)
        self._session.send("Target.setDiscoverTargets", {"discover": True})

    def _attach(self, event: Mapping[str, Any]) -> None:
        target = event["targetInfo"]
        if target["type"] == "shared_worker":
            asked = {"targetId": target["targetId"], "flatten": False}
            self._session.send("Target.attachToTarget", asked)

    def _listen(self, event: Mapping[str, Any]) -> None:
        if event["targetInfo"]["type"] == "shared_worker":
            enable = json.dumps({"id": 1, "method": "Network.enable"})
            asked = {"sessionId": event["sessionId"], "message": enable}
            self._session.send("Target.sendMessageToTarget", asked)

    def _hear(self, event: Mapping[str, Any]) -> None:
        said = json.loads(event["message"])
        if said.get("method") == "Network.webSocketFrameReceived":
            received = said["params"]
            text = received["response"]["payloadData"]
            self.updates += updates_in(text, received["timestamp"])
