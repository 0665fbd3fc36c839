"""A picture given to the page while the image store has no room."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.testclient import TestClient

from dashboard import guard
from dashboard.trial.upload import Uploads, add_upload_routes
from storage.images import ImageStore
from tests.dashboard.kit import noise_jpeg
from tests.dashboard.test_upload import MAX_BYTES, ORIGIN, Publisher
from tests.disks import small_disk


def test_an_upload_is_answered_with_507_until_there_is_room(tmp_path: Path) -> None:
    server = FastAPI()
    guard.answer_refusals(server)
    with (
        small_disk(tmp_path, 1) as disk,
        TestClient(server, base_url=ORIGIN, headers={"origin": ORIGIN}) as client,
    ):
        publisher = Publisher(ImageStore(disk.path / "images", MAX_BYTES))
        add_upload_routes(server, Uploads(publisher.publish, MAX_BYTES), lambda _: None)
        disk.fill()
        refused = client.post("/api/upload", content=noise_jpeg())
        assert (refused.status_code, refused.json()["code"]) == (507, "store_failed")
        assert "No space left on device (0.0 MiB free). Free disk space" in refused.json()["error"]
        assert (publisher.sent, [*publisher.store.root.rglob("*/*")]) == ([], [])
        disk.make_room()
        assert client.post("/api/upload", content=noise_jpeg()).status_code == 201
