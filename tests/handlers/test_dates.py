"""A date is said as one says it, by the clock of its place, with what became of it and how sure it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.entries import Occurrence
from catalogue.needs import EventKind, EventStatus, Status
from handlers.dates import date_card, in_words, is_over, key_of, read_key, sureness, whole_date
from handlers.dialogue import Choice, Reply
from handlers.told import change_reply, digest_reply, reminder_reply, watch_reply
from tests.handlers.memory import TUESDAY, happening, initiative

PARIS = ZoneInfo("Europe/Paris")
SATURDAY = datetime(2026, 11, 28, 14, tzinfo=PARIS)


def labels(reply: Reply) -> list[str]:
    return [choice.label for row in reply.choices for choice in row]


def every_choice(reply: Reply) -> list[Choice]:
    return [c for row in reply.choices for c in row] + [c for card in reply.cards for c in card.choices]


@pytest.mark.parametrize(
    ("starts_at", "hours", "said"),
    [
        (SATURDAY, None, "samedi 28 novembre à 14 h, dans 4 jours"),
        (SATURDAY, 3, "samedi 28 novembre de 14 h à 17 h, dans 4 jours"),
        (SATURDAY, 10, "samedi 28 novembre de 14 h à minuit, dans 4 jours"),
        (SATURDAY, 12, "samedi 28 novembre de 14 h à 2 h, dans 4 jours"),
        (SATURDAY, 28, "du samedi 28 novembre à 14 h au dimanche 29 novembre à 18 h, dans 4 jours"),
        (TUESDAY + timedelta(hours=4), 2, "aujourd'hui de 14 h à 16 h"),
        (TUESDAY + timedelta(hours=24), None, "demain à 10 h"),
        (TUESDAY - timedelta(hours=1), 3, "aujourd'hui de 9 h à 12 h, c'est commencé"),
        (TUESDAY - timedelta(days=1), 3, "lundi 23 novembre de 10 h à 13 h, c'est passé"),
        (datetime(2027, 1, 9, 9, 30, tzinfo=PARIS), None, "samedi 9 janvier 2027 à 9 h 30, dans 6 semaines"),
    ],
)
def test_when_is_said_in_words(starts_at: datetime, hours: float | None, said: str) -> None:
    assert in_words(happening(1, starts_at, hours), TUESDAY) == said


def whole_days(first: datetime, days: int, **known: object) -> Occurrence:
    return happening(1, first, 24 * days, all_day=True, **known)


@pytest.mark.parametrize(
    ("first", "days", "said"),
    [
        (SATURDAY, 1, "samedi 28 novembre toute la journée, dans 4 jours"),
        (SATURDAY, 2, "du samedi 28 novembre au dimanche 29 novembre, dans 4 jours"),
        (TUESDAY, 1, "aujourd'hui toute la journée"),
        (TUESDAY - timedelta(days=1), 3, "du lundi 23 novembre au mercredi 25 novembre, c'est commencé"),
    ],
)
def test_what_lasts_all_day_has_no_hours(first: datetime, days: int, said: str) -> None:
    assert in_words(whole_days(first.replace(hour=0), days), TUESDAY) == said


def test_overseas_the_hours_are_those_of_the_place() -> None:
    evening = happening(1, datetime(2026, 11, 24, 14, tzinfo=UTC), 2, event_departement="974")
    assert in_words(evening, TUESDAY) == "aujourd'hui de 18 h à 20 h"
    night_in_paris = datetime(2026, 11, 24, 2, tzinfo=PARIS)
    assert in_words(happening(1, SATURDAY, None, event_departement="971"), night_in_paris).endswith("dans 5 jours")


def test_a_whole_day_is_the_same_day_overseas() -> None:
    day = whole_days(SATURDAY.replace(hour=0), 1, event_departement="971")
    assert in_words(day, TUESDAY).startswith("samedi 28 novembre toute la journée")


@pytest.mark.parametrize("change", [datetime(2026, 10, 24, 14, tzinfo=PARIS), datetime(2027, 3, 27, 14, tzinfo=PARIS)])
def test_the_day_after_is_tomorrow_across_a_change_of_clock(change: datetime) -> None:
    after = datetime.combine(change.date() + timedelta(days=1), change.time(), PARIS)
    assert in_words(happening(1, after, 2), change) == "demain de 14 h à 16 h"


def test_a_place_known_by_its_commune_only_is_given_no_distance() -> None:
    card = date_card(happening(1, SATURDAY, event_exact=False, km=1.2), TUESDAY, told_later=True)
    assert "À Nanterre" in card.lines
    assert not any("km" in line for line in card.lines)


@pytest.mark.parametrize(
    ("known", "note"),
    [
        ({"confirmed_at": TUESDAY}, "Confirmé par l'organisateur."),
        ({"event_telephone": "01 47 29 50 50"}, "Pas confirmé : appelez avant, au 01 47 29 50 50."),
        ({}, "Pas confirmé : demandez avant à la mairie de Nanterre."),
        ({"event_commune": None}, "Pas confirmé : vérifiez avant d'y aller."),
        ({"status": EventStatus.CANCELLED}, ""),
    ],
)
def test_how_sure_it_is_is_said_with_whom_to_ask(known: dict[str, object], note: str) -> None:
    assert date_card(happening(1, SATURDAY, **known), TUESDAY, told_later=True).note == note


def test_what_its_source_no_longer_gives_is_said_so() -> None:
    card = date_card(happening(1, SATURDAY, event_vanished_at=TUESDAY.date()), TUESDAY, told_later=True)
    assert card.note.startswith("Son organisateur ne l'annonce plus")


def test_what_is_cancelled_is_nothing_to_go_to() -> None:
    cancelled = happening(1, SATURDAY, status=EventStatus.CANCELLED, event_telephone="01 47 29 50 50")
    card = date_card(cancelled, TUESDAY, told_later=True)
    assert card.title == "Annulé : Fête 1"
    assert card.lines[:2] == ("C'était prévu samedi 28 novembre à 14 h.", "Annulé. N'y allez pas.")
    assert [choice.label for choice in card.choices] == ["Détails"]
    assert [choice.label for choice in whole_date(cancelled, TUESDAY).choices] == ["Appeler"]


def test_what_moved_or_is_full_says_so() -> None:
    before = datetime(2026, 11, 27, 18, tzinfo=PARIS)
    moved = happening(1, SATURDAY, status=EventStatus.MOVED, original_at=before.astimezone(UTC))
    assert "Déplacé : c'était vendredi 27 novembre à 18 h." in date_card(moved, TUESDAY, told_later=True).lines
    full = happening(1, SATURDAY, status=EventStatus.FULL)
    assert "Complet : il n'y a plus de place." in date_card(full, TUESDAY, told_later=True).lines


def test_where_nothing_is_written_later_one_puts_it_in_ones_own_agenda() -> None:
    date = happening(7, SATURDAY)
    written, kept = (date_card(date, TUESDAY, told_later) for told_later in (True, False))
    assert written.choices[1] == Choice("Me le rappeler", f"rappeler:{key_of(date)}")
    url = f"/rendez-vous/7.ics?date={int(SATURDAY.timestamp())}"
    assert kept.choices[1] == Choice("Ajouter à mon agenda", url=url)


def test_the_kind_is_said_when_the_name_does_not() -> None:
    named = happening(1, SATURDAY, event_nom="Repair café du Parc", event_kind=EventKind.REPAIR_CAFE)
    other = happening(1, SATURDAY, event_nom="On répare", event_kind=EventKind.REPAIR_CAFE)
    assert "On se retrouve." in date_card(named, TUESDAY, told_later=True).lines
    assert "Repair café. On se retrouve." in date_card(other, TUESDAY, told_later=True).lines


def test_a_reminder_can_be_stopped_by_one_tap_and_leads_to_the_others() -> None:
    reply = reminder_reply(happening(7, SATURDAY), TUESDAY)
    assert reply.text == "Rappel : Fête 7, samedi 28 novembre de 14 h à 17 h, dans 4 jours."
    assert labels(reply) == ["Ne plus me le rappeler", "Mes rappels", "Tout arrêter"]
    assert reply.choices[0][0].data == f"rappel-stop:7-{int(SATURDAY.timestamp())}"


def test_a_cancellation_says_when_it_was_and_what_else_is_near() -> None:
    cancelled = happening(7, SATURDAY, status=EventStatus.CANCELLED)
    others = [happening(8, SATURDAY), happening(9, SATURDAY, status=EventStatus.CANCELLED)]
    reply = change_reply(SATURDAY, cancelled, TUESDAY, others)
    assert reply.text.startswith("Annulé : Fête 7, samedi 28 novembre à 14 h. N'y allez pas.")
    assert [card.title for card in reply.cards] == ["Annulé : Fête 7", "Fête 8"]
    assert "Les rendez-vous" in labels(reply)


def test_a_move_says_the_old_time_and_the_new() -> None:
    moved = happening(7, SATURDAY, status=EventStatus.MOVED)
    reply = change_reply(SATURDAY - timedelta(hours=20), moved, TUESDAY, [])
    assert reply.text == (
        "Changement : Fête 7 n'est plus vendredi 27 novembre à 18 h. "
        "C'est samedi 28 novembre de 14 h à 17 h, dans 4 jours."
    )
    assert "Vérifiez le lieu" in change_reply(SATURDAY, moved, TUESDAY, []).text


def test_what_takes_place_after_all_is_said() -> None:
    assert change_reply(SATURDAY, happening(7, SATURDAY), TUESDAY, []).text.startswith("Finalement, cela a bien lieu")


def test_what_its_calendar_no_longer_announces_is_not_said_cancelled_but_to_be_checked() -> None:
    seen = happening(7, SATURDAY)
    unsure = replace(seen, event=replace(seen.event, vanished_at=TUESDAY.date()))
    for status in (EventStatus.PLANNED, EventStatus.MOVED):
        reply = change_reply(SATURDAY, replace(unsure, status=status), TUESDAY, [])
        assert reply.text == f"Changement : Fête 7, samedi 28 novembre à 14 h. {sureness(unsure)}"
        assert "ne l'annonce plus" in reply.text
    moved = change_reply(SATURDAY - timedelta(hours=20), unsure, TUESDAY, [])
    assert "n'est plus vendredi" in moved.text
    assert "ne l'annonce plus" in moved.cards[0].note


def test_dates_to_come_are_told_once_an_event_and_never_when_cancelled() -> None:
    week = [happening(1, SATURDAY + timedelta(days=7 * n)) for n in range(3)]
    cancelled = happening(2, SATURDAY, status=EventStatus.CANCELLED)
    reply = digest_reply([*week, cancelled], "Le Havre", TUESDAY)
    assert reply.text == "1 rendez-vous près du Havre."
    (card,) = reply.cards
    assert "Puis samedi 5 décembre à 14 h." in card.lines


def test_what_becomes_of_an_entry_is_told_with_the_way_to_stop() -> None:
    reply = watch_reply(initiative(3), "Ce lieu a fermé.")
    assert (reply.cards[0].title, reply.cards[0].lines) == ("Lieu 3", ("Ce lieu a fermé.",))
    assert labels(reply) == ["Ne plus me prévenir", "Mes rappels", "Tout arrêter"]


def test_an_entry_that_closed_leads_to_another_and_not_to_its_page() -> None:
    reply = watch_reply(initiative(3, status=Status.CLOSED), "Ce lieu est fermé. N'y allez plus.")
    assert labels(reply) == ["Chercher un autre lieu", "Mes rappels", "Tout arrêter"]
    assert not reply.cards[0].choices


def test_no_message_written_later_holds_an_address_that_only_a_page_can_follow() -> None:
    date = happening(7, SATURDAY)
    replies = [
        reminder_reply(date, TUESDAY),
        change_reply(SATURDAY, date, TUESDAY, [date]),
        digest_reply([date], "Nanterre", TUESDAY),
        watch_reply(initiative(3), "Ce lieu a fermé."),
    ]
    urls = [choice.url for reply in replies for choice in every_choice(reply) if choice.url]
    assert urls
    assert all(url.startswith("https://") for url in urls)
    assert all(len(choice.data.encode()) <= 64 for reply in replies for choice in every_choice(reply))


@given(st.text(max_size=40) | st.from_regex(r"\d{1,20}-\d{1,20}"))
def test_a_key_that_was_forged_is_read_or_refused(key: str) -> None:
    read = read_key(key)
    assert read is None or f"{read[0]}-{int(read[1].timestamp())}".split("-")[0] == key.split("-")[0]


@given(st.integers(1, 10**15 - 1), st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_key_is_read_back(number: int, at: datetime) -> None:
    date = happening(number, at.replace(tzinfo=UTC, microsecond=0))
    assert read_key(key_of(date)) == (number, date.original_at)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(PARIS)),  # noqa: DTZ001
    st.one_of(st.none(), st.floats(0.1, 100)),
    st.booleans(),
    st.sampled_from(["92", "974", "988", None]),
)
def test_whenever_it_is_one_can_say_when(
    starts_at: datetime, hours: float | None, all_day: bool, departement: str | None
) -> None:
    date = happening(1, starts_at, hours, all_day=all_day, event_departement=departement)
    assert ("c'est passé" in in_words(date, TUESDAY)) == is_over(date, TUESDAY)
