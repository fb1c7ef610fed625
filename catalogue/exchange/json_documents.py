"""Reading a JSON document (a list, or an object of named lists), JSON Lines, or the features of a GeoJSON one."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, Any

import ijson  # type: ignore[import-untyped]

from catalogue.exchange.reading import Record
from catalogue.exchange.unread import (
    DEEPEST,
    MOST_CHARACTERS,
    TOO_LONG,
    UNREADABLE_CHARACTERS,
    CannotRead,
    Found,
    Unread,
    is_storable,
)

_NO_LIST = "Ce document JSON ne contient aucune liste."
_DAMAGED_JSON = "Ce document n'est pas du JSON, ou il est abîmé ou coupé."
_LEVELS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
_LONGEST_ESCAPE = rb"\ud83d\ude00"
_STEP = 64
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(?P<alone>u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)
_Event = tuple[str, Any]
_Events = Iterator[_Event]


def json_records(path: Path) -> Iterator[Found]:
    """The objects of a list, or of the lists of an object. Raises CannotRead, maybe after some of them."""
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) != BOM_UTF8:
            file.seek(0)
        events = _events(file)
        first, _ = next(events)
        if first == "start_array":
            yield from _listed("", events)
        else:
            yield from _named_lists(events)
        next(events, None)  # nothing, or it is said to be damaged


def has_json_lines(path: Path, start: bytes) -> bool:
    """Whether each line is an object of its own; `start` is the beginning of the document."""
    first, _, rest = start.partition(b"\n")
    in_lines = first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")
    return in_lines or path.suffix.lower() in (".jsonl", ".ndjson")


def json_line_records(path: Path) -> Iterator[Found]:
    """The objects of JSON Lines, one a line. Raises CannotRead for a line too long."""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MOST_CHARACTERS + 1), b""), 1):
            if len(line) > MOST_CHARACTERS:
                raise CannotRead(f"La ligne {number} {TOO_LONG}.")
            said = line.removeprefix(BOM_UTF8).strip()
            yield _json_line(number, said) if said else None


class JsonSource:
    r"""What ijson reads. So much at most between two events, for it keeps a string or a number whole.

    It reads half of a character (\ud800) as "?", or as another character: \uffff is given instead, which is no
    character and cannot be stored either.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.since_event = 0

    def read(self, size: int) -> bytes:
        data = bytearray(self._file.read(size))
        while b"\\" in data[1 - len(_LONGEST_ESCAPE) :] and len(data) <= MOST_CHARACTERS:
            if not (more := self._file.read(_STEP)):  # until no escape can be cut in two
                break
            data += more
        self.since_event += len(data)
        if self.since_event > MOST_CHARACTERS + size:
            raise CannotRead(f"Un élément de ce document JSON {TOO_LONG}.")
        if b"\\ud" in data or b"\\uD" in data:
            return _ESCAPES.sub(lambda found: rb"\uffff" if found["alone"] else found[0], data)
        return bytes(data)


def _events(file: IO[bytes]) -> _Events:
    source = JsonSource(file)
    try:
        for event in ijson.basic_parse(source, use_float=True):
            source.since_event = 0
            yield event
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise CannotRead(_DAMAGED_JSON) from error


def _named_lists(events: _Events) -> Iterator[Found]:
    lists = 0
    for event, key in events:
        if event == "end_map":
            break
        first = next(events)
        if first[0] == "start_array":
            lists += 1
            yield from _listed("" if key == "features" else key, events)
        else:
            _built(first, events)
        yield None
    if not lists:
        raise CannotRead(_NO_LIST)


def _listed(part: str, events: _Events) -> Iterator[Found]:
    of_objects = not part  # a list with a name may hold something else: a bounding box, the sources…
    for rank, first in enumerate(events, 1):
        if first[0] == "end_array":
            return
        of_objects = of_objects or first[0] == "start_map"
        built = _built(first, events)
        yield _json_record(part, rank, *built) if of_objects else None


def _built(first: _Event, events: _Events) -> tuple[Any, str | None]:
    """The value that begins with an event, or why it is refused; its events are taken to the last either way."""
    builder, depth, size, reason = ijson.ObjectBuilder(), 0, 0, None
    for event, value in chain((first,), events):
        depth += _LEVELS.get(event, 0)
        size += 1 + (len(value) if isinstance(value, str) else 0)
        if size > MOST_CHARACTERS:
            raise CannotRead(f"Un élément de ce document JSON {TOO_LONG}.")
        if depth > DEEPEST:
            reason = f"plus de {DEEPEST} niveaux imbriqués"
        elif isinstance(value, str) and not is_storable(value):
            reason = UNREADABLE_CHARACTERS
        if not reason:
            builder.event(event, value)
        if not depth:
            break
    return builder.value, reason


def _json_record(part: str, line: int, value: Any, reason: str | None) -> Found:
    if reason:
        return Unread(part, line, reason)
    if not isinstance(value, dict):
        return Unread(part, line, "ce n'est pas un objet JSON")
    return Record(part, line, _of_feature(value) if value.get("type") == "Feature" else value)


def _json_line(number: int, said: bytes) -> Found:
    events = _events(BytesIO(said))
    try:
        built = _built(next(events), events)
        next(events, None)
    except CannotRead:
        return Unread("", number, "ce n'est pas du JSON")
    return _json_record("", number, *built)


def _of_feature(feature: dict[str, Any]) -> dict[str, Any]:
    """The properties of a GeoJSON feature, its identifier, and the centre of what it draws."""
    properties = feature.get("properties")
    fields = dict(properties) if isinstance(properties, dict) else {}
    if fields.get("id") is None and "id" in feature:
        fields["id"] = feature["id"]
    if drawn := list(_positions(feature.get("geometry"))):
        for name, degrees in zip(("longitude", "latitude"), zip(*drawn, strict=True), strict=True):
            fields[name] = min(degrees) / 2 + max(degrees) / 2 if len(set(degrees)) > 1 else degrees[0]
    return fields


def _positions(drawn: Any) -> Iterator[tuple[float, float]]:
    """Every longitude and latitude of a geometry or of its coordinates (RFC 7946)."""
    if isinstance(drawn, dict):
        yield from _positions([drawn.get("coordinates"), drawn.get("geometries")])
    elif isinstance(drawn, list):
        if len(drawn) > 1 and all(type(number) in (int, float) for number in drawn[:2]):
            yield drawn[0], drawn[1]
        else:
            for inside in drawn:
                yield from _positions(inside)
