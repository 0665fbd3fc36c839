"""The HTTP side: what is served, under which headers, and what is not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from httpx import Response
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.app import Site, create_app
from dashboard.feed.hub import Hub
from dashboard.feed.items import Place, read_item
from dashboard.feed.messages import ByteCache
from dashboard.feed.pictures import Pictures
from dashboard.settings import DashboardSettings
from model.driver.labels import BEHAVIOURS
from schemas.codec import encode_prediction
from storage.images import ImageStore
from tests.dashboard.kit import Kept, noise_jpeg, prediction, seen

ORIGIN = "http://127.0.0.1:8050"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path, 20_000_000)


PLACE = Place(0, 3)
MESSAGE = encode_prediction(prediction(3, seen(3)))


@pytest.fixture
def client(store: ImageStore) -> TestClient:
    hub = Hub(100)
    hub.open("log")
    hub.add([read_item(PLACE, 1000, MESSAGE)])
    hub.complete()
    left = Place(0, 1)  # the hub's window: the topic still has it
    messages = Kept({PLACE: MESSAGE, left: encode_prediction(prediction(1, seen(1)))})
    pictures = Pictures(store, messages, 1 << 20)
    site = Site(hub, messages, pictures, BEHAVIOURS, DashboardSettings(), "cameras")
    return TestClient(create_app(site), base_url=ORIGIN)


def get(client: TestClient, path: str) -> Response:
    return client.get(path)


@pytest.mark.parametrize("path", ["/", "/statistics", "/api/none", "/assets/logo.svg", "/healthz"])
def test_every_answer_carries_the_policy(client: TestClient, path: str) -> None:
    headers = get(client, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'sha256-" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/api/none",
        "/api/events/9-9",
        "/api/events/..%2f..",
        "/media/x.jpg",
        f"/media/{'a' * 64}.jpg",
        "/media/..%2f..%2fetc%2fpasswd.jpg",
        "/heat/0-3-00000000-3.png",
        "/heat/x.png",
        "/heat/0-3.png",
    ],
)
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize(("name", "box"), [("{}.small.jpg", (480, 360)), ("{}.jpg", (1280, 960))])
def test_an_image_is_served_smaller_and_for_ever(
    client: TestClient, store: ImageStore, name: str, box: tuple[int, int]
) -> None:
    sha256 = store.put(noise_jpeg(1600, 1200)).sha256
    answer = get(client, "/media/" + name.format(sha256))
    assert Image.open(io.BytesIO(answer.content)).size == box
    assert "immutable" in answer.headers["cache-control"]


def test_what_a_camera_wrote_beside_the_pixels_is_not_served(
    client: TestClient, store: ImageStore
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    buffer = io.BytesIO()
    Image.open(io.BytesIO(noise_jpeg())).save(buffer, "JPEG", exif=exif)
    sha256 = store.put(buffer.getvalue()).sha256
    assert b"taken at home" in buffer.getvalue()
    assert b"taken at home" not in get(client, f"/media/{sha256}.jpg").content


def test_a_file_that_is_no_image_is_not_served(client: TestClient, store: ImageStore) -> None:
    sha256 = store.put(b"<script>alert(1)</script>").sha256
    assert get(client, f"/media/{sha256}.jpg").status_code == 404


def test_each_of_ten_heat_maps_is_a_small_transparent_picture(client: TestClient) -> None:
    classes = get(client, "/api/events/0-3").json()["classes"]
    for row in classes:
        picture = Image.open(io.BytesIO(get(client, f"/heat/{row['heat']}.png").content))
        assert picture.mode == "RGBA"
        assert picture.width <= 200


def test_the_feed_answers_over_http_as_over_the_socket(client: TestClient) -> None:
    answer = get(client, "/api/feed?cursor=&query=&paused=false").json()
    assert [card["id"] for card in answer["batch"]["cards"]] == ["0-3"]
    assert answer["pulse"]["state"] == "up"
    again = get(client, f"/api/feed?cursor={answer['batch']['cursor']}").json()
    assert again["batch"]["cards"] == []


def test_a_page_of_the_feed_answers_over_http(client: TestClient) -> None:
    newest = get(client, "/api/events").json()
    assert [card["id"] for card in newest["cards"]] == ["0-3"]
    assert (newest["older"], newest["newer"]) == (False, False)
    assert get(client, "/api/events?before=1000-0-3").json()["newer"]
    assert get(client, "/api/events?group=0-3").json()["cards"][0]["group"]["n"] == 1


@pytest.mark.parametrize(
    "query", ["before=x", "before=1-2", "after=9-9-9-9", "group=x", "at=1e300", "at=nan"]
)
def test_a_page_asked_for_in_nonsense_is_answered(client: TestClient, query: str) -> None:
    assert get(client, f"/api/events?{query}").status_code == 200


def test_an_event_that_left_the_window_is_told_from_the_topic(client: TestClient) -> None:
    found = get(client, "/api/events/0-1").json()
    assert found["card"]["label"] == "text-right"
    assert found["card"]["group"]["id"] == "0-1"


def test_health_tells_state_and_newest_event(client: TestClient) -> None:
    assert get(client, "/healthz").json()["events"] == 1


def test_a_page_asked_for_under_a_foreign_name_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example:8050"}).status_code == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_a_socket_from_another_site_is_refused(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/_dash-ws-callback", headers={"origin": origin}),
    ):
        pass


@pytest.mark.parametrize("host", ["localhost:8050", "127.0.0.1", "[::1]:8050"])
def test_loopback_answers_to_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_loopback_answers_to_no_other_name(client: TestClient) -> None:
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400


def test_the_picture_cache_stays_within_its_bytes() -> None:
    cache = ByteCache(100)
    made = [cache.get(str(n), lambda: b"x" * 30) for n in range(50)]
    assert len(made) == 50
    assert cache._size <= 100
