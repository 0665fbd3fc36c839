"""``/api/replays`` and the heat maps of replayed events."""

from __future__ import annotations

from fastapi import FastAPI, Response
from starlette.responses import JSONResponse

from dashboard.feed.items import Place
from dashboard.guard import Refusal
from dashboard.replays.desk import HEAT_FOLDER, Question, ReplayDesk
from dashboard.web import NOT_KEPT, picture
from schemas.errors import VigieError

LONGEST = 200
"""Characters of a run's id or a verdict's word, with room to spare."""


def add_replay_routes(server: FastAPI, desk: ReplayDesk) -> None:
    """Only looks: nothing can be replayed or changed from a page."""

    @server.get("/api/replays")
    def look(run: str = "", was: str = "", now: str = "", before: str = "") -> Response:
        asked = Question(run[:LONGEST], was[:LONGEST], now[:LONGEST], Place.parse(before))
        try:
            found = desk.look(asked)
        except VigieError as error:
            raise Refusal(503, error.code, str(error)) from error
        return JSONResponse(found, headers=NOT_KEPT)

    @server.get(f"/heat/{HEAT_FOLDER}{{name}}.png")
    def heat(name: str) -> Response:
        return picture(desk.heat(name), "image/png")
