"""What a form sends, read with suspicion: an act to hand to the conversation, or a refusal in plain words."""

import math
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from catalogue.needs import Need
from handlers.dialogue import Event, Gesture
from handlers.locale import gettext as _

MOST_BYTES = 64 * 1024
MOST_FIELDS = 20
MOST_CHARACTERS = 4000
MOST_BUTTON_BYTES = 64

_ONCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
_INSEE = re.compile(r"\d[\dAB]\d{3}")
_NUMBER = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")

Fields = dict[str, str]


class Refused(Exception):
    """A request that cannot be handled, with the status and the words of its answer."""

    def __init__(self, status: HTTPStatus, words: str, *, reload: bool = False) -> None:
        super().__init__(status.phrase)
        self.status, self.words, self.reload = status, words, reload


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did on the page: `start` is the payload of the start to run first, None when there is none."""

    event: Event
    once: str
    start: str | None
    seen: str


def payload_of(lieu: str, besoin: str, fiche: str, agenda: str) -> str:
    """The start a printed link asks for: an entry by its number, or else what is a commune's code, a need or the
    agenda.
    """
    if _NUMBER.fullmatch(fiche):
        return f"f{fiche}"
    parts = (lieu if _INSEE.fullmatch(lieu) else "", "agenda" if agenda else besoin if Need.of(besoin) else "")
    return "_".join(filter(None, parts))


async def read_fields(request: Request) -> Fields:
    """The fields of a form. Raises Refused when it is too large, or is not one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _("Je n'ai pas pu lire votre message."))
    body = b"".join([chunk async for chunk in chunks(request, MOST_BYTES, too_long())])
    try:
        # What was typed may hold anything, but a form is made of ASCII: the rest is %-encoded UTF-8.
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, _("Je n'ai pas pu lire votre message.")) from None
    return dict(pairs)


async def chunks(request: Request, most: int, too_large: Refused) -> AsyncGenerator[bytes, None]:
    """The body of a request as it comes, and not one byte more than so many. Raises what is given for that."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > most:
        raise too_large
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > most:
            raise too_large
        yield chunk


def too_long() -> Refused:
    """What is said of words that are too many."""
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("C'est trop long pour moi. Dites-le en quelques mots."))


def read_act(fields: Fields, received: Event | None = None) -> Act:
    """What the fields of a form say, or what came with them. Raises Refused when something is missing or cannot be."""
    once, start = fields.get("once", ""), fields.get("start")
    if not _ONCE.fullmatch(once) or (start is not None and not _PAYLOAD.fullmatch(start)):
        raise out_of_date(HTTPStatus.BAD_REQUEST)
    return Act(received or _event(fields), once, start, fields.get("seen", ""))


def out_of_date(status: HTTPStatus) -> Refused:
    """A page that is not, or no more, where the conversation is."""
    return Refused(status, _("Cette page n'est plus à jour. Rechargez-la, puis recommencez."), reload=True)


def _event(fields: Fields) -> Event:
    if "tap" in fields:
        return _tapped(fields["tap"])
    if "latitude" in fields or "longitude" in fields:
        return _shared(fields.get("latitude", ""), fields.get("longitude", ""))
    return _said(fields.get("text", ""))


def _tapped(data: str) -> Event:
    if not data or len(data.encode()) > MOST_BUTTON_BYTES or _CONTROLS.search(data):
        raise Refused(HTTPStatus.BAD_REQUEST, _("Je ne connais pas ce bouton. Touchez-en un autre."))
    return Event(Gesture.TAPPED, data)


def _shared(latitude: str, longitude: str) -> Event:
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        north = east = math.nan
    if not (abs(north) <= 90 and abs(east) <= 180):  # false for nan too
        words = _("Je n'ai pas pu lire cette position. Écrivez le nom de votre commune.")
        raise Refused(HTTPStatus.BAD_REQUEST, words)
    return Event(Gesture.SHARED, latitude=north, longitude=east)


def _said(text: str) -> Event:
    if len(text) > MOST_CHARACTERS:
        raise Refused(HTTPStatus.BAD_REQUEST, _("C'est trop long pour moi. Dites-le en quelques mots."))
    words = _CONTROLS.sub(" ", text).strip()
    if not words:
        raise Refused(HTTPStatus.BAD_REQUEST, _("Votre message est vide. Écrivez quelques mots, puis envoyez."))
    return Event(Gesture.SAID, words)
