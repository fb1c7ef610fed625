"""A calendar as text (RFC 5545): its events told apart, with only the lines that are wanted of each.

They are told apart before they are read, so that a damaged one only loses itself. Who organises, who comes and their
addresses are never kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from io import BytesIO, TextIOWrapper

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from catalogue.exchange.unread import DEEPEST, MOST_CHARACTERS
from catalogue.recurrence import OUR_STATUS, zone

MOST_EVENTS = 30_000
MOST_LINES = 3_000  # of an event
MOST_CLOCKS = 50  # time zones of a document

_ONE_BY_ONE = ("RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "EXRULE")
WHEN = frozenset(("UID", "SEQUENCE", "DTSTART", "DTEND", "DURATION", *_ONE_BY_ONE))
# What tells when, and what may differ from a date to another: all that is kept of a calendar in our database.
KEPT = WHEN | {"STATUS", OUR_STATUS, "SUMMARY", "LOCATION"}
_ALSO_READ = ("DESCRIPTION", "GEO", "CATEGORIES", "URL", "LAST-MODIFIED")
_OF_EVENTS = KEPT | set(_ALSO_READ)
_OF_CLOCKS = frozenset(
    ("TZID", "X-LIC-LOCATION", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "DTSTART", "RRULE", "RDATE", "BEGIN", "END")
)
_PARAMETERS = ("TZID", "VALUE", "RANGE")
_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//La Bonne Porte//FR\r\n"

_PARAMETER = r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*)){0,50})'
_EACH_PARAMETER = re.compile(_PARAMETER)
_LINE = re.compile(rf"([A-Za-z0-9-]+)((?:{_PARAMETER}){{0,50}}):(?P<value>.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9-]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


@dataclass(slots=True)
class Line:
    """A property: its name, its parameters that matter, its value as it is written."""

    name: str
    parameters: dict[str, str]
    value: str

    def __str__(self) -> str:
        return "".join([self.name, *(f";{name}={value}" for name, value in self.parameters.items()), ":", self.value])


@dataclass(slots=True)
class Block:
    """The lines of an event or of a time zone. `damaged` names one that cannot be read."""

    rank: int
    lines: list[Line] = field(default_factory=list)
    damaged: str | None = None

    def values(self, name: str) -> list[str]:
        return [line.value.strip() for line in self.lines if line.name == name]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")

    def is_single(self) -> bool:
        """Whether it takes place once, at an hour that is told once, of a time zone that is known or not told."""
        told = [line.parameters["TZID"] for line in self.lines if "TZID" in line.parameters]
        usual = all(line.parameters.get("VALUE", "DATE") in ("DATE", "DATE-TIME") for line in self.lines)
        once = all(len(self.values(name)) <= 1 for name in WHEN) and self.value("DTSTART") != ""
        return usual and once and all(map(zone, told)) and not any(line.name in _ONE_BY_ONE for line in self.lines)


@dataclass(slots=True)
class Parts:
    """What a document holds."""

    is_calendar: bool = False
    is_whole: bool = False
    cancelled: bool = False  # METHOD:CANCEL
    here: str = ""  # X-WR-TIMEZONE
    events: list[Block] = field(default_factory=list)
    clocks: dict[str, Block] = field(default_factory=dict)  # by TZID

    def text(self, events: list[Block], names: frozenset[str] = KEPT) -> str:
        """A calendar of these events, with the time zones they need that have no known name."""
        zones = {line.parameters["TZID"] for event in events for line in event.lines if "TZID" in line.parameters}
        here = f"X-WR-TIMEZONE:{self.here}\r\n" if zone(self.here) else ""
        clocks = (_written("VTIMEZONE", self.clocks[name].lines) for name in sorted(zones & self.clocks.keys()))
        kept = (_written("VEVENT", [line for line in event.lines if line.name in names]) for event in events)
        return f"{_HEAD}{here}{''.join(clocks)}{''.join(kept)}END:VCALENDAR\r\n"


def unescaped(value: str) -> str:
    """The text that a value stands for."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _written(name: str, lines: list[Line]) -> str:
    return f"BEGIN:{name}\r\n" + "".join(f"{line}\r\n" for line in lines) + f"END:{name}\r\n"


def parts_of(content: bytes) -> Parts:
    """The parts of a calendar. Never raises: what is no calendar has none."""
    parts = Parts()
    inside: list[str] = []
    block: Block | None = None
    for said in _unfolded(content):
        name = _name_of(said)
        if name == "BEGIN":
            inside.append(said.partition(":")[2].strip().upper())
            if len(inside) == 2 and inside[1] in ("VEVENT", "VTIMEZONE"):
                block = Block(len(parts.events) + 1)
        if len(inside) == 1:
            _read_head(parts, inside[0], name, said)
        elif block and inside[1:2] == ["VTIMEZONE"]:
            _add(block, _OF_CLOCKS, name, said, whole=len(inside) == 2)
        elif block and len(inside) == 2:
            _add(block, _OF_EVENTS, name, said)
        if name == "END" and inside:
            if len(inside) == 2 and block:
                _close(parts, inside[1], block)
                block = None
            inside.pop()
            parts.is_whole = not inside
        if len(parts.events) >= MOST_EVENTS or len(inside) > DEEPEST:
            break
    _name_clocks(parts)
    return parts


def _unfolded(content: bytes) -> Iterator[str]:
    """The lines, those that were cut in several put together again; what is too long for a line is cut short."""
    whole: list[str] = []
    length = 0
    document = TextIOWrapper(BytesIO(content), encoding=_encoding(content), errors="replace", newline=None)
    for line in iter(lambda: document.readline(MOST_CHARACTERS), ""):
        said = line.rstrip("\n")
        if whole and not said.startswith((" ", "\t")):
            yield _CONTROL.sub(" ", "".join(whole))
            whole, length = [], 0
        length += len(said)
        if length <= MOST_CHARACTERS:
            whole.append(said[1:] if whole else said)
    yield _CONTROL.sub(" ", "".join(whole))


def _encoding(content: bytes) -> str:
    document = TextIOWrapper(BytesIO(content), encoding="utf-8")
    try:
        while document.read(MOST_CHARACTERS):
            pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _name_of(said: str) -> str:
    found = _NAME.match(said)
    return found[0].upper() if found else ""


def _read_head(parts: Parts, root: str, name: str, said: str) -> None:
    parts.is_calendar = parts.is_calendar or root == "VCALENDAR"
    value = said.rpartition(":")[2].strip()
    if name == "METHOD":
        parts.cancelled = value.upper() == "CANCEL"
    elif name == "X-WR-TIMEZONE":
        parts.here = value


def _add(block: Block, wanted: frozenset[str], name: str, said: str, whole: bool = True) -> None:
    """Add a line if it is wanted; `whole` is false inside of a part of the block, whose ends are then kept too."""
    if name not in wanted or (whole and name in ("BEGIN", "END")):
        return
    found = _LINE.fullmatch(said) if len(block.lines) < MOST_LINES else None
    if not found:
        block.damaged = name if name in KEPT else block.damaged
        return
    value = found["value"]
    if _says_nothing(name, value.strip()):
        return
    parameters = {key.upper(): value for key, value in _EACH_PARAMETER.findall(found[2])}
    kept = {key: parameters[key] for key in _PARAMETERS if key in parameters}
    if "TZID" in kept:
        kept["TZID"] = _quoted(zone_name(kept["TZID"]))
    block.lines.append(Line(name, kept, value))


def _says_nothing(name: str, value: str) -> bool:
    return (name == "RRULE" and not value) or (name == "SEQUENCE" and not (value.isdecimal() and len(value) < 10))


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search("[:;,]", name) else name


@lru_cache(1024)
def zone_name(said: str) -> str:
    """The IANA name of a time zone, however it is told: by Windows, by an address that ends with it; else as it is."""
    name = said.strip().strip('"').strip("/")
    ends = name.split("/")[-3:]
    for known in (name, WINDOWS_TO_OLSON.get(name, ""), *("/".join(ends[start:]) for start in range(len(ends)))):
        if "/" in known and zone(known):
            return known
    return "UTC" if name.upper() in ("UTC", "GMT", "Z") else name


def _close(parts: Parts, kind: str, block: Block) -> None:
    if kind == "VTIMEZONE" and len(parts.clocks) < MOST_CLOCKS:
        parts.clocks.setdefault(_quoted(zone_name(block.value("TZID"))), block)
    elif kind == "VEVENT":
        parts.events.append(block)


def _name_clocks(parts: Parts) -> None:
    """Time zones by what they are: icalendar knows them all by name, and two documents may give one name to two."""
    names: dict[str, str] = {}
    for told, clock in list(parts.clocks.items()):
        located = zone_name(clock.value("X-LIC-LOCATION"))
        digest = sha256("".join(map(str, clock.lines)).encode(errors="replace")).hexdigest()[:16]
        names[told] = told if zone(told) else located if zone(located) else f"bonneporte-{digest}"
        del parts.clocks[told]
        if not zone(names[told]):
            parts.clocks[names[told]] = clock
            clock.lines = [Line("TZID", {}, names[told]), *(line for line in clock.lines if line.name != "TZID")]
    for event in parts.events:
        for line in event.lines:
            if "TZID" in line.parameters:
                line.parameters["TZID"] = names.get(line.parameters["TZID"], line.parameters["TZID"])
