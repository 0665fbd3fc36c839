"""A page in a real browser, and what is published on it."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from confluent_kafka import Producer
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request

from model.driver.labels import BEHAVIOURS
from schemas.events import Outcome, Prediction
from storage.images import ImageStore
from tests.dashboard.kit import noise_jpeg, prediction, seen
from tests.dashboard.running import PageProcess, start_producer, write
from transport.clients import Cluster
from transport.settings import TopicSettings
from transport.topics import JobTopics, ensure_topics
from vigie.bench.stream import Stream, store_images

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Open = Callable[..., Page]
"""`open_page(link, language="en", width=1440, *, strict=True)`."""

OWN = re.compile(r"(blob:)?((http|ws)://127\.0\.0\.1:\d+)")

MOST_CARDS = 240
"""As `assets/20-model.js` has it: more are never on a page."""

_numbers = itertools.count(1)


class Pages:
    """Pages of one browser, each used by one test after the other.

    A new page costs Chromium two seconds of a core: it starts a process and compiles all scripts.
    One that goes on in its process needs a third of that. Each has a profile of its own.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[str, list[Page]] = defaultdict(list)
        self._used: dict[Page, tuple[str, str]] = {}
        self._strict: set[Page] = set()
        self._complaints: list[str] = []

    def open(
        self, link: str, language: str = "en", width: int = 1440, *, strict: bool = True
    ) -> Page:
        """A page that knows nothing of the ones before; a strict one may not complain."""
        page = self._idle[language].pop() if self._idle[language] else self._make(language)
        self._used[page] = (language, link)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(resting_place(link))
        page.mouse.move(0, 0)
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        if strict:
            self._strict.add(page)
        page.goto(link)
        return page

    def leave(self) -> list[str]:
        """End the work of all pages; gives what strict ones complained of."""
        for page, (language, link) in self._used.items():
            try:
                page.evaluate("0")  # its answer comes after what the page has said until now
                self._strict.discard(page)
                rest(page, resting_place(link))
            except Error:  # the test has closed it, or its server has ended
                page.context.close()
            else:
                self._idle[language].append(page)
        self._used.clear()
        self._strict.clear()
        complaints, self._complaints = self._complaints, []
        return complaints

    def close(self) -> None:
        """Let go of all pages."""
        for page in itertools.chain(*self._idle.values()):
            page.context.close()
        self._idle.clear()

    def _make(self, language: str) -> Page:
        context = self._browser.new_context(locale=language, timezone_id="Europe/Paris")
        page = context.new_page()
        page.on("request", self._asked)  # a route would switch the browser's cache off
        page.on("pageerror", lambda error: self._complain(page, str(error)))
        page.on("console", partial(self._said, page))
        page.on("dialog", partial(self._opened, page))
        return page

    def _complain(self, page: Page, complaint: str) -> None:
        if page in self._strict:
            self._complaints.append(complaint)

    def _asked(self, request: Request) -> None:
        if not OWN.match(request.url):
            self._complaints.append(f"asked for {request.url}")

    def _said(self, page: Page, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._complain(page, message.text)

    def _opened(self, page: Page, dialog: Dialog) -> None:
        self._complain(page, f"dialog {dialog.message}")
        dialog.dismiss()


def resting_place(link: str) -> str:
    """An address of the same server without a script: the page keeps its process there."""
    found = OWN.match(link)
    assert found, link
    return f"{found[0]}/healthz"


def rest(page: Page, where: str) -> None:
    """Undo what a test did to its page, and end the page's own work."""
    page.unroute_all(behavior="ignoreErrors")
    page.context.clear_permissions()
    page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
    page.goto(where)


@dataclass
class Feed:
    """One job with its page, and what is published on it."""

    cluster: Cluster
    job: str
    store: ImageStore
    page: PageProcess | None = None
    sha256: str = field(default="", init=False)

    def __post_init__(self) -> None:
        ensure_topics(self.cluster.admin(), JobTopics(self.job), TopicSettings())
        self.sha256 = self.store.put(noise_jpeg()).sha256

    @cached_property
    def _producer(self) -> Producer:
        """One for all: a producer needs a tenth of a second to begin."""
        return start_producer(self.cluster, f"test-feed-{self.job}")

    def publish(self, *outcomes: Outcome, source: str = "cabin-01", name: str = "a.jpg") -> None:
        write(self._producer, self.job, [self._made(one, source, name) for one in outcomes])

    def _made(self, outcome: Outcome, source: str, name: str) -> Prediction:
        n = next(_numbers)
        at = datetime.now(UTC) + timedelta(microseconds=n)
        return prediction(n, outcome, source=source, name=name, sha256=self.sha256, at=at)


def card_ids(page: Page) -> list[str]:
    return page.locator("#feed .card").evaluate_all("cards => cards.map(c => c.dataset.id)")


def alternating(count: int) -> list[Outcome]:
    """Events of which each is a group of its own: no two neighbours show the same."""
    return [seen(n % 10) for n in range(count)]


def read_on(page: Page, *, down: bool) -> list[str]:
    """Scrolls to the end of what there is; the ids of the cards met, newest first, each once."""
    met: list[str] = []
    while True:
        ended = not page.evaluate("down => vigie.model[down ? 'older' : 'newer']", down)
        # At once, in the page: nodes are used again for other cards.
        ids = page.evaluate("vigie.feed.nodes().map(node => node.dataset.id)")
        assert len(ids) <= MOST_CARDS
        fresh = [one for one in ids if one not in met]
        met = met + fresh if down else fresh + met
        if ended and not fresh:
            return met
        page.evaluate("down => scrollTo(0, down ? document.body.scrollHeight : 0)", down)
        page.wait_for_timeout(60)  # a frame in which the page asks for the next cards


def open_stream(feed: Feed) -> Stream:
    """Events for a steady flow, each a card of its own, over some images."""
    quiet = Cluster(feed.cluster.bootstrap_servers, {"log_level": "0"})
    images = store_images(feed.store, [noise_jpeg(seed=n) for n in range(8)])
    return Stream(quiet, JobTopics(feed.job), BEHAVIOURS, images)
