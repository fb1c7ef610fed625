"""A date as a person reads it: when, where, what became of it, how sure it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from catalogue.entries import CalendarEvent, Occurrence
from catalogue.hours import PARIS, zone_of
from catalogue.needs import EventKind, EventStatus, Role
from handlers import words
from handlers.cards import calls, contact_lines, distance_words, first_sentence, map_choice
from handlers.dialogue import Card, Choice
from handlers.locale import gettext as _

ONE_EVENING = timedelta(hours=14)  # what ends sooner than this is one day's, even past midnight

_KEY = re.compile(r"([1-9]\d{0,14})-(\d{1,11})", re.ASCII)


def key_of(occurrence: Occurrence) -> str:
    """What a button says of a date: the event's number, and when it was to begin, in unix seconds."""
    return f"{occurrence.event.id}-{int(occurrence.original_at.timestamp())}"


def read_key(key: str) -> tuple[int, datetime] | None:
    """The event's number and the instant (UTC) that a button names; None for what is no key."""
    found = _KEY.fullmatch(key)
    return (int(found[1]), datetime.fromtimestamp(int(found[2]), UTC)) if found else None


def is_over(occurrence: Occurrence, now: datetime) -> bool:
    """Whether it has ended; when no end is known, whether it has begun, or its day is over."""
    when = _when(occurrence, now)
    return when.last < when.here.date() if when.all_day else (when.ends or when.starts) <= when.here


def day_of(occurrence: Occurrence) -> date:
    """The day it begins, at its place."""
    return _when(occurrence, occurrence.starts_at).starts.date()


@dataclass(frozen=True, slots=True)
class _When:
    """A date by the clock of the place."""

    here: datetime  # now
    starts: datetime
    ends: datetime | None
    last: date
    all_day: bool


def _when(occurrence: Occurrence, now: datetime) -> _When:
    zone = zone_of(occurrence.event.departement)
    # A whole day is one of the calendar, wherever it is: it was read from midnight to midnight in Paris.
    read_in = PARIS if occurrence.all_day else zone
    starts = occurrence.starts_at.astimezone(read_in)
    ends = occurrence.ends_at.astimezone(read_in) if occurrence.ends_at else None
    last = starts.date()
    if ends and (occurrence.all_day or ends - starts > ONE_EVENING):
        last = max(last, (ends - timedelta(seconds=1)).date())
    return _When(now.astimezone(zone), starts, ends, last, occurrence.all_day)


def in_words(occurrence: Occurrence, now: datetime) -> str:
    """When it takes place, by the clock of the place: "samedi 24 octobre de 14 h à 17 h, dans 3 jours"."""
    when = _when(occurrence, now)
    today = when.here.date()
    if when.last > when.starts.date():
        first = _bound(when, when.starts.date(), when.starts)
        said = _("du {first} au {last}").format(first=first, last=_bound(when, when.last, when.ends))
    else:
        said = f"{words.named_day(when.starts.date(), today)} {_hours(when)}"
    return said + _how_far(when, today, is_over(occurrence, now))


def day_in_words(occurrence: Occurrence, now: datetime) -> str:
    """The day and the hour it begins, and nothing more: "samedi 31 octobre à 14 h"."""
    when = _when(occurrence, now)
    day = words.full_day(when.starts.date(), when.here.date())
    return day if when.all_day else f"{day} {_('à {hour}').format(hour=words.clock(when.starts))}"


def _bound(when: _When, day: date, instant: datetime | None) -> str:
    said = words.full_day(day, when.here.date())
    return said if when.all_day or instant is None else f"{said} {_('à {hour}').format(hour=_clock(instant))}"


def _clock(instant: datetime) -> str:
    return words.clock(instant) if instant.hour or instant.minute else _("minuit")


def _hours(when: _When) -> str:
    if when.all_day:
        return _("toute la journée")
    start = words.clock(when.starts)
    if when.ends is None or when.ends <= when.starts:
        return _("à {hour}").format(hour=start)
    return _("de {start} à {end}").format(start=start, end=_clock(when.ends))


def _how_far(when: _When, today: date, over: bool) -> str:
    """How many days away; that it has begun, or is over."""
    begun = when.starts.date() <= today if when.all_day else when.starts <= when.here
    if over:
        return _(", c'est passé")
    if begun and not (when.all_day and when.last == today):
        return _(", c'est commencé")
    days = (when.starts.date() - today).days
    return "" if days < 2 else f", {words.in_days(days)}"


def place_words(event: CalendarEvent) -> str:
    """Where it is, as far as it is known: "Maison des voisins, 3 rue des Roses, 92000 Nanterre"."""
    town = " ".join(filter(None, (event.code_postal, event.commune)))
    return ", ".join(filter(None, (event.lieu, event.adresse, town)))


def where_words(occurrence: Occurrence, origin: str = "") -> str:
    """The place, and how far it is from `origin` ("du centre"): a distance only to a point that is true."""
    event = occurrence.event
    known, postal = event.lieu or event.adresse, place_words(event)
    if occurrence.km is not None and event.exact and origin:
        said = distance_words(occurrence.km, origin)
        return words.capital(_("{where} : {address}").format(where=said, address=postal) if postal else said)
    if not event.commune or (event.exact and known):
        return postal or _("Lieu non précisé.")
    said = words.at(event.commune)
    return words.capital(_("{where} : {address}").format(where=said, address=postal) if known else said)


def status_words(occurrence: Occurrence, now: datetime) -> str:
    """What became of it; "" when it takes place as it was announced."""
    match occurrence.status:
        case EventStatus.CANCELLED:
            return _("Annulé. N'y allez pas.")
        case EventStatus.FULL:
            return _("Complet : il n'y a plus de place.")
        case EventStatus.MOVED if occurrence.original_at != occurrence.starts_at:
            return _("Déplacé : c'était {before}.").format(
                before=instant_words(occurrence.original_at, occurrence, now)
            )
        case EventStatus.MOVED:
            return _("Déplacé : vérifiez le lieu avant d'y aller.")
    return ""


def instant_words(instant: datetime, occurrence: Occurrence, now: datetime) -> str:
    """Another instant of the same date, by the clock of the place: "vendredi 23 octobre à 18 h"."""
    zone = zone_of(occurrence.event.departement)
    here = instant.astimezone(PARIS if occurrence.all_day else zone)
    day = words.full_day(here.date(), now.astimezone(zone).date())
    return day if occurrence.all_day else f"{day} {_('à {hour}').format(hour=words.clock(here))}"


def sureness(occurrence: Occurrence) -> str:
    """Who said that it will take place, or else whom to ask before going."""
    event = occurrence.event
    if occurrence.status is EventStatus.CANCELLED:
        return ""
    if event.vanished_at:
        return _("Son organisateur ne l'annonce plus : {advice}").format(advice=_ask_first(event))
    if occurrence.confirmed_at:
        return _confirmed(occurrence.confirmed_role)
    return _("Pas confirmé : {advice}").format(advice=_ask_first(event))


def _confirmed(role: Role | None) -> str:
    if role is Role.CORRESPONDANT:
        return _("Confirmé par un correspondant du guide.")
    return _("Confirmé par l'équipe du guide.") if role is Role.COORDINATEUR else _("Confirmé par l'organisateur.")


def _ask_first(event: CalendarEvent) -> str:
    if event.telephone:
        return _("appelez avant, au {telephone}.").format(telephone=event.telephone)
    if event.commune:
        return _("demandez avant à la mairie {of_commune}.").format(of_commune=words.of(event.commune))
    return _("vérifiez avant d'y aller.")


def title_of(occurrence: Occurrence) -> str:
    """Its name; that it is cancelled comes first."""
    if occurrence.status is EventStatus.CANCELLED:
        return _("Annulé : {name}").format(name=occurrence.event.nom)
    return occurrence.event.nom


def kind_words(event: CalendarEvent) -> str:
    """What is done there, unless its name or its description begins with it, or nobody knows."""
    kind = _(event.kind.label)
    said = any(text.lower().startswith(kind.lower()) for text in (event.nom, event.description))
    return "" if event.kind is EventKind.AUTRE or said else kind


def _when_line(occurrence: Occurrence, now: datetime) -> str:
    if occurrence.status is EventStatus.CANCELLED:  # no "dans 3 jours": there is nothing to wait for
        return _("C'était prévu {when}.").format(when=day_in_words(occurrence, now))
    return words.capital(in_words(occurrence, now))


def listed_card(occurrence: Occurrence, now: datetime, origin: str, then: str, choices: tuple[Choice, ...]) -> Card:
    """The card of a list; `then` says the dates that follow, "" when there is none."""
    event = occurrence.event
    about = ". ".join(filter(None, (kind_words(event), first_sentence(event.description))))
    lines = (
        _when_line(occurrence, now),
        status_words(occurrence, now),
        then,
        where_words(occurrence, origin),
        about,
    )
    return Card(title_of(occurrence), tuple(filter(None, lines)), sureness(occurrence), choices)


def date_card(occurrence: Occurrence, now: datetime, told_later: bool) -> Card:
    """A date by itself: `told_later` offers to remind of it, else to put it in one's own agenda."""
    return listed_card(occurrence, now, "", "", date_choices(occurrence, now, told_later))


def whole_date(occurrence: Occurrence, now: datetime) -> Card:
    """All that is known of a date, with how to reach who organises it."""
    event = occurrence.event
    lines = (
        _when_line(occurrence, now),
        status_words(occurrence, now),
        where_words(occurrence),
        kind_words(event),
        event.description,
        *contact_lines(event),
    )
    choices = () if occurrence.status is EventStatus.CANCELLED else way_there(event)
    return Card(title_of(occurrence), tuple(filter(None, lines)), sureness(occurrence), (*choices, *calls(event)))


def date_choices(occurrence: Occurrence, now: datetime, told_later: bool) -> tuple[Choice, ...]:
    """The buttons of a date: what is cancelled or over is nothing to be reminded of, nor to go to."""
    details = Choice(_("Détails"), f"rdv:{key_of(occurrence)}")
    if occurrence.status is EventStatus.CANCELLED or is_over(occurrence, now):
        return (details,)
    return (details, keeping_choice(occurrence, told_later), *way_there(occurrence.event))


def keeping_choice(occurrence: Occurrence, told_later: bool) -> Choice:
    """How not to forget it: a reminder, or one's own agenda where nothing can be written later."""
    if told_later:
        return Choice(_("Me le rappeler"), f"rappeler:{key_of(occurrence)}")
    seconds = int(occurrence.original_at.timestamp())
    return Choice(_("Ajouter à mon agenda"), url=f"/rendez-vous/{occurrence.event.id}.ics?date={seconds}")


def way_there(event: CalendarEvent) -> tuple[Choice, ...]:
    """A map, when it is known well enough where it is."""
    exact = event.exact and event.latitude is not None and event.longitude is not None
    postal = ", ".join(filter(None, (event.adresse, " ".join(filter(None, (event.code_postal, event.commune))))))
    return map_choice((event.latitude or 0.0, event.longitude or 0.0) if exact else None, postal)


def by_event(occurrences: Sequence[Occurrence]) -> list[list[Occurrence]]:
    """The dates of each event together, in the order of their first."""
    groups: dict[int, list[Occurrence]] = {}
    for occurrence in occurrences:
        groups.setdefault(occurrence.event.id, []).append(occurrence)
    return list(groups.values())


def then_words(dates: Sequence[Occurrence], now: datetime) -> str:
    """The date that follows the first; "" when there is none."""
    return _("Puis {when}.").format(when=day_in_words(dates[1], now)) if len(dates) > 1 else ""
