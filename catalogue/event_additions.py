"""Events that people who look after the guide announce: theirs to say, known already, put in the agenda."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rapidfuzz.fuzz import token_set_ratio
from sqlalchemy import ColumnElement, Connection, select, update

from catalogue import events, roles
from catalogue.entries import CalendarEvent, Initiative, Occurrence
from catalogue.hours import PARIS, zone_of
from catalogue.initiatives import initiatives_by_id
from catalogue.names import find_by_words
from catalogue.needs import EventKind, EventStatus, Need
from catalogue.places import Place
from catalogue.recurrence import Date, Unreadable, dates_of
from catalogue.roles import Who
from catalogue.spelling import fold
from catalogue.tables import events as events_table

Content = Mapping[str, Any]

SOURCE = "correspondants"
FURTHEST = timedelta(days=730)
AN_HOUR = timedelta(hours=1)
SHOWN = 3  # dates that are read back, entries that are proposed, events that may be the same
AROUND_KM, BESIDE_KM = 20.0, 8.0  # of the middle of a commune: its entries, its events
CALLED_SO = 0.6  # of a name, a slip or a plural apart: the person then chooses
NEAR_DATES, SAME_HOUR = timedelta(days=1), timedelta(hours=3)
ALIKE = 80.0  # of 100: the words of one title are nearly all in the other
_MOST_COMMUNES, _MOST_CALLED, _MOST_DATES = 20, 20, 600
_COLUMNS = (
    *("nom", "kind", "needs", "description", "initiative_id", "lieu", "adresse", "commune", "code_postal"),
    *("code_insee", "departement", "latitude", "longitude", "exact", "telephone", "courriel", "site_web"),
)


@dataclass(frozen=True, slots=True)
class EventAdditions:
    """Answers `handlers.adding_event.EventAdditions` from the database."""

    connection: Connection
    who: Who
    now: datetime

    def may(self, initiative_id: int | None, code_insee: str, departement: str) -> bool:
        """Whether it is this person's to announce an event of an entry (None: of none) in a commune."""
        where = {"initiative_id": initiative_id, "code_insee": code_insee, "departement": departement}
        return _may(self.connection, self.who, where)

    def called(self, words: str, around: Sequence[Place]) -> list[Initiative]:
        """At most three entries of that name that are this person's to speak of, in some communes or anywhere."""
        known = [(one.latitude, one.longitude) for one in around if one.latitude and one.longitude]
        points: list[tuple[float, float] | None] = [*known[:_MOST_COMMUNES]] or [None]
        ids = [id_ for point in points for id_ in self._called(words, point)]
        held = roles.held_by(self.connection, self.who)
        found = initiatives_by_id(self.connection, list(dict.fromkeys(ids)))
        return [entry for entry in found if any(roles.covers_entry(mandate, entry) for mandate in held)][:SHOWN]

    def _called(self, words: str, point: tuple[float, float] | None) -> list[int]:
        found = find_by_words(self.connection, words, point, _MOST_CALLED, AROUND_KM if point else None)
        return [match.id for match in found if match.score >= CALLED_SO]

    def dates(self, content: Content) -> list[Occurrence]:
        """The first dates to come of a new event, as they will be; [] when they are over. The event's id is 0."""
        found = _to_come(calendar_of(content), self.now)[:SHOWN]
        event = _event(content)
        return [
            Occurrence(event, one.original_at, one.starts_at, one.ends_at, one.all_day, one.status, None)
            for one in found
        ]

    def alike(self, content: Content) -> list[Occurrence]:
        """At most three known dates that may be those of a new event, of other events each; likeliest first.

        An event of the same entry at the same hour; one of the same commune within a day, of a like title.
        """
        found: dict[int, tuple[float, Occurrence]] = {}
        for new in self.dates(content):
            for known in self._about(new):
                score = _likeness(new, known)
                if score > found.get(known.event.id, (0.0,))[0]:
                    found[known.event.id] = score, known
        best = sorted(found.values(), key=lambda one: (-one[0], one[1].starts_at))
        return [known for _score, known in best[:SHOWN]]

    def _about(self, new: Occurrence) -> list[Occurrence]:
        """The known dates within a day of a new one, in its commune or nearly."""
        event = new.event
        if event.latitude is None or event.longitude is None:
            return []
        point, since, until = (event.latitude, event.longitude), new.starts_at - NEAR_DATES, new.starts_at + NEAR_DATES
        return events.near(self.connection, point, since, until, None, BESIDE_KM, _MOST_DATES)

    def added(self, token: str) -> int | None:
        """The event that was made of a token, unless it was taken back."""
        stands = (events_table.c.vanished_at.is_(None), *_of_token(token))
        return self.connection.scalar(select(events_table.c.id).where(*stands))

    def to_take_back(self, token: str) -> CalendarEvent | None:
        """The event of a token, announced within the hour and this person's to answer for; None for any other."""
        lately = (events_table.c.learnt_at > self.now - AN_HOUR, events_table.c.vanished_at.is_(None))
        row = self.connection.execute(select(events_table).where(*lately, *_of_token(token))).mappings().one_or_none()
        event = _event(dict(row)) if row else None
        return event if event and roles.may_settle(self.connection, self.who, event) else None

    def first_date(self, event_id: int) -> Occurrence | None:
        """The next date of an event that the agenda shows; None while it is further away."""
        found = events.dates_between(self.connection, event_id, self.now, self.now + FURTHEST)
        return next(iter(found), None)


def _likeness(new: Occurrence, known: Occurrence) -> float:
    """From 0, another event, to 200: how likely two dates are of the same one."""
    away = abs(new.starts_at - known.starts_at)
    words = token_set_ratio(fold(new.event.nom), fold(known.event.nom))
    ours = new.event.initiative_id is not None and new.event.initiative_id == known.event.initiative_id
    there = ours or new.event.code_insee == known.event.code_insee
    if ours and away <= SAME_HOUR:
        return 100.0 + words
    return words if there and away <= NEAR_DATES and words >= ALIKE else 0.0


def add(connection: Connection, who: Who, content: Content, now: datetime) -> int | None:
    """Puts a new event in the agenda, once; returns its id. `now` is UTC.

    None, and nothing is written, when that is not theirs to do, or when all its dates are over.
    """
    found = EventAdditions(connection, who, now)
    if not _may(connection, who, content) or not found.dates(content):
        return None
    if known := found.added(content["jeton"]):
        return known
    said = {
        **{name: content.get(name) for name in _COLUMNS},
        "source": SOURCE,
        "source_id": content["jeton"],
        "lien_source": None,
        "status": EventStatus.PLANNED.value,
        "ical": calendar_of(content),
        "date_maj": now.astimezone(PARIS).date(),
    }
    events.save_events(connection, [said], now)
    return found.added(content["jeton"])


def take_back(connection: Connection, who: Who, token: str, now: datetime) -> bool:
    """Takes a new event out of the agenda, within the hour; whoever asked for a reminder is told, as for any other.

    False, and nothing is written, when that is not, or no longer, theirs to do. `now` is UTC.
    """
    if not EventAdditions(connection, who, now).to_take_back(token):
        return False
    gone = {"status": EventStatus.CANCELLED.value, "vanished_at": now.astimezone(PARIS).date()}
    connection.execute(update(events_table).where(*_of_token(token)).values(gone))
    return True


def _of_token(token: str) -> tuple[ColumnElement[bool], ...]:
    return events_table.c.source == SOURCE, events_table.c.source_id == token


def _may(connection: Connection, who: Who, content: Content) -> bool:
    """Whether somebody answers for the entry, when there is one, and for what happens in the commune."""
    initiative_id = content.get("initiative_id")
    if initiative_id is not None:
        entry = next(iter(initiatives_by_id(connection, [initiative_id])), None)
        if entry is None or roles.answers_for(connection, who, entry) is None:
            return False
    return roles.may_settle(connection, who, _event(content)) is not None


def _event(content: Content) -> CalendarEvent:
    """An event that is in no agenda yet, of what is known of it."""
    known: Content = {"nom": "", "kind": EventKind.AUTRE, "needs": (), "description": "", "exact": False, **content}
    values: dict[str, Any] = {name: known.get(name) for name in CalendarEvent.__dataclass_fields__}
    values |= {"id": 0, "kind": EventKind(known["kind"]), "needs": tuple(map(Need, known["needs"]))}
    return CalendarEvent(**values)


# ---- its calendar --------------------------------------------------------------------------------


def calendar_of(content: Content) -> str:
    """The dates of a new event as a calendar (RFC 5545), by the clock of its place.

    `content["quand"]`: "starts", days and hours as "2026-12-12T14:00"; "ends", an hour, "" when it is not said;
    "rule", how it recurs from the first, "" when it does not; "until", the last day it may, "" when it is not said.
    """
    from icalendar import Calendar, Event, vRecur

    quand, zone = content["quand"], zone_of(content.get("departement"))
    starts = [datetime.fromisoformat(said).replace(tzinfo=zone) for said in quand["starts"]]
    event = Event()
    event.add("uid", content.get("jeton", ""))
    event.add("summary", content.get("nom", ""))
    event.add("dtstart", starts[0])
    if quand["ends"]:
        event.add("dtend", _end(starts[0], time.fromisoformat(quand["ends"])))
    if quand["rule"]:
        event.add("rrule", vRecur.from_ical(quand["rule"] + _until(quand["until"], zone)))
    elif starts[1:]:
        event.add("rdate", starts[1:])
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//La Bonne Porte//FR")
    calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _end(starts: datetime, at: time) -> datetime:
    """At that hour, or on the next day when it is earlier."""
    ends = datetime.combine(starts.date(), at, starts.tzinfo)
    return ends if ends > starts else ends + timedelta(days=1)


def _until(day: str, zone: ZoneInfo) -> str:
    if not day:
        return ""
    last = datetime.combine(date.fromisoformat(day), time(23, 59, 59), zone)
    return f";UNTIL={last.astimezone(ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def _to_come(ical: str, now: datetime) -> list[Date]:
    """Those that begin later; [] for what no calendar can tell."""
    try:
        return [one for one in dates_of(ical, now, now + FURTHEST) if one.starts_at > now]
    except Unreadable:
        return []
