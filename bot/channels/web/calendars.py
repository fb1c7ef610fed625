"""Calendars over HTTP: one date to put in one's own agenda, and what happens in a territory to subscribe to.

They are public, the same for everybody, and set no cookie.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.runner import Runner
from catalogue import events
from catalogue.database import reading
from catalogue.exchange.selection import Territory, territory_of
from catalogue.needs import Need
from catalogue.places import PlaceIndex
from catalogue.spelling import fold
from handlers.dates import read_key
from handlers.locale import gettext as _

CACHED = "public, max-age=900"  # seconds: a cancellation must not wait for long


class NoCalendar(HTTPException):
    """There is no calendar at this address; `words` say why, to a person."""

    def __init__(self, words: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND)
        self.words = words


@dataclass(frozen=True, slots=True)
class Calendars:
    """What the addresses of calendars answer."""

    runner: Runner

    async def one_date(self, request: Request) -> Response:
        """/rendez-vous/<event>.ics?date=<unix seconds>: when it was to begin, which is what tells dates apart."""
        number = request.path_params["number"]
        content = await run_in_threadpool(self._one_date, f"{number}-{request.query_params.get('date', '')}")
        response = _answer(request, content)
        response.headers["Content-Disposition"] = f'attachment; filename="rendez-vous-{number}.ics"'
        return response

    async def territory(self, request: Request) -> Response:
        """/agenda/<territory>.ics?besoin=<slug>: the events to come of a commune, a department or a region."""
        asked, slug = request.path_params["territory"], request.query_params.get("besoin", "")
        territory, need = territory_of_code(asked, self.runner.index), Need.of(slug)
        if territory is None or (slug and need is None):
            raise NoCalendar(_("Je ne connais pas ce territoire ou ce besoin. Vérifiez l'adresse de ce calendrier."))
        return _answer(request, await run_in_threadpool(self._territory, territory, need))

    def _one_date(self, key: str) -> bytes:
        from catalogue.exchange.calendars_out import calendar_of_one  # slow to load: icalendar

        read = read_key(key)
        with reading(self.runner.engine) as connection:
            occurrence = events.occurrence(connection, *read) if read else None
        if occurrence is None:
            raise NoCalendar(_("Ce rendez-vous n'est plus dans le guide. Il a peut-être été retiré."))
        return calendar_of_one(occurrence, _this_hour())

    def _territory(self, territory: Territory, need: Need | None) -> bytes:
        from catalogue.exchange.calendars_out import calendar_of

        now = _this_hour()
        with reading(self.runner.engine) as connection:
            rows = events.in_area(connection, territory, need, now)
        name = _("Rendez-vous : {place}").format(place=territory.nom)
        return calendar_of(rows, " · ".join(filter(None, (name, need and _(need.label)))), now)


def territory_of_code(asked: str, index: PlaceIndex) -> Territory | None:
    """A commune by its INSEE code, or a department or a region by its number or its name; None for anything else."""
    place = index.get(asked.upper())
    if place:
        return territory_of(place)
    codes = index.territory(fold(asked))
    if not codes:
        return None
    inside = (place for called in index.names.values() for place in called)
    nom = next(place.departement_nom for place in inside if place.departement in codes) if len(codes) == 1 else asked
    return Territory(nom, codes)


def _this_hour() -> datetime:
    """Calendars say when they were written: within the hour, the same calendar is the same bytes."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def _answer(request: Request, content: bytes) -> Response:
    """The calendar, or that the copy one has is still good."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": CACHED, "ETag": etag}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type="text/calendar", headers=headers)
