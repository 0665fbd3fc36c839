"""The registry that only answers: what tools ask to decode our messages."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas.codec import packaged_schemas
from transport.broker.registry import Registry, make_server

AVRO = Path(__file__).parents[2] / "schemas" / "avro"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    server = make_server(Registry(AVRO), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}") as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_packaged_id_has_its_schema(client: httpx.Client) -> None:
    answers = {
        schema.schema_id: client.get(f"/schemas/ids/{schema.schema_id}?fetchMaxId=false").json()
        for schema in packaged_schemas()
    }

    assert answers == {schema.schema_id: {"schema": schema.text} for schema in packaged_schemas()}


def test_the_latest_version_of_each_subject_is_found(client: httpx.Client) -> None:
    latest = {
        subject: client.get(f"/subjects/{subject}/versions/latest").json()["id"]
        for subject in client.get("/subjects").json()
    }

    assert latest == {schema.subject: schema.schema_id for schema in packaged_schemas()}


@pytest.mark.parametrize(
    "path",
    ["/schemas/ids/7", "/subjects/nobody/versions", "/subjects/prediction/versions/99", "/", "/x"],
)
def test_what_is_not_known_is_a_404_that_clients_understand(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["error_code"]) == (404, 40403)


def test_nothing_can_be_registered(client: httpx.Client) -> None:
    answer = client.post("/subjects/prediction/versions", content=json.dumps({"schema": "{}"}))

    assert answer.status_code == 501
