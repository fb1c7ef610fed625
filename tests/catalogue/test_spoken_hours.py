"""Opening hours said in French: some 500 ways of writing them, 208 of them kept aside while the reader was written."""

import csv
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opening_hours import OpeningHours

from catalogue.hours import PARIS, checked_osm, ordinary_week
from catalogue.spoken_hours import LONGEST, from_french

CORPUS = Path(__file__).parent / "data" / "spoken_hours.csv"
A_YEAR = (datetime(2027, 1, 1, tzinfo=PARIS), datetime(2028, 1, 1, tzinfo=PARIS))


@cache
def corpus() -> list[tuple[str, str | None, bool]]:
    """What is said, what it means in OpenStreetMap syntax (None: to be asked again), whether it was kept aside."""
    with CORPUS.open(encoding="utf-8", newline="") as lines:
        return [(row["said"], row["osm"] or None, row["kept_aside"] == "yes") for row in csv.DictReader(lines)]


def understood() -> list[tuple[str, str]]:
    return [(said, osm) for said, osm, _ in corpus() if osm]


def is_open(osm: str | None, moment: str) -> bool:
    assert osm
    hours = OpeningHours(osm, timezone=PARIS, country="FR", auto_country=False, auto_timezone=False)
    return hours.is_open(datetime.fromisoformat(moment).replace(tzinfo=PARIS))


@pytest.mark.parametrize("kept_aside", [False, True])
def test_none_of_the_corpus_is_misread(kept_aside: bool) -> None:
    lines = [(said, osm) for said, osm, aside in corpus() if aside is kept_aside]
    assert len(lines) >= 150
    assert [(said, from_french(said)) for said, _ in lines] == lines


def test_the_corpus_holds_what_is_read_and_what_is_to_be_asked_again() -> None:
    assert len(corpus()) >= 300
    assert len(understood()) >= 200
    assert len(corpus()) - len(understood()) >= 100


def test_what_the_corpus_means_is_what_the_catalogue_keeps() -> None:
    assert [osm for _, osm in understood() if checked_osm(osm) != osm] == []


def test_a_door_of_the_corpus_is_open_at_times_and_closed_at_others() -> None:
    known = [osm for _, osm in understood() if osm != "24/7"]
    for osm in known:
        hours = OpeningHours(osm, timezone=PARIS, country="FR", auto_country=False, auto_timezone=False)
        assert {str(state) for _, _, state, _ in hours.intervals(*A_YEAR)} == {"open", "closed"}, osm


# Monday 23 November 2026 begins an ordinary week; the 28th is the fourth Saturday of the month, and the last.
@pytest.mark.parametrize(
    ("said", "open_at", "closed_at"),
    [
        (
            "lundi et jeudi 9h-12h, 4e samedi 14h-17h30",
            ["2026-11-23 09:00", "2026-11-26 11:59", "2026-11-28 17:29"],
            ["2026-11-23 12:00", "2026-11-24 10:00", "2026-11-21 15:00", "2026-11-28 17:30"],
        ),
        (
            "du lundi au vendredi de 9h à 12h et de 14h à 18h",
            ["2026-11-27 09:00", "2026-11-25 17:59"],
            ["2026-11-25 13:00", "2026-11-28 10:00", "2026-11-25 18:00"],
        ),
        ("L-V 8h30-12h30", ["2026-11-27 08:30"], ["2026-11-28 09:00", "2026-11-27 08:29"]),
        ("mar 9h-12h", ["2026-11-24 09:00"], ["2027-03-01 10:00", "2026-11-25 10:00"]),
        ("tous les jours sauf dimanche 10h-18h", ["2026-11-28 10:00"], ["2026-11-29 11:00"]),
        ("tous les jours 9h-18h, fermé le lundi", ["2026-11-24 09:00", "2026-11-29 17:00"], ["2026-11-23 10:00"]),
        ("le week-end 14h-18h", ["2026-11-28 14:00", "2026-11-29 17:59"], ["2026-11-27 15:00"]),
        ("24h/24 7j/7", ["2026-11-29 03:00", "2026-12-25 12:00"], []),
        ("jeudi à partir de 18h", ["2026-11-26 18:00", "2026-11-26 20:00"], ["2026-11-26 17:59", "2026-11-27 18:00"]),
        ("samedi 18h - minuit", ["2026-11-28 23:59"], ["2026-11-29 00:00"]),
        (
            "vendredi 20h-2h, samedi 10h-12h",
            ["2026-11-27 23:00", "2026-11-28 01:59", "2026-11-28 10:00"],
            ["2026-11-28 02:00", "2026-11-28 23:00", "2026-11-27 01:00"],
        ),
        ("vendredi et samedi 20h-2h", ["2026-11-28 01:00", "2026-11-29 01:00"], ["2026-11-27 01:00"]),
        ("1er et 3e mardi 10h-12h", ["2026-12-01 10:00", "2026-12-15 10:00"], ["2026-12-08 10:00", "2026-12-29 10:00"]),
        ("dernier vendredi du mois 18h-20h", ["2026-11-27 19:00", "2027-01-29 19:00"], ["2026-11-20 19:00"]),
        (
            "tous les mardis 14h-16h sauf le 1er mardi du mois",
            ["2026-11-24 15:00", "2026-12-08 15:00"],
            ["2026-12-01 15:00"],
        ),
        ("mercredi 14h-17h sauf en août", ["2027-07-28 15:00", "2027-09-01 15:00"], ["2027-08-04 15:00"]),
        (
            "samedi 10h-12h hors juillet/août",
            ["2027-06-26 11:00", "2027-09-04 11:00"],
            ["2027-07-03 11:00", "2027-08-28 11:00"],
        ),
        ("lundi-vendredi 9h-17h sauf jours fériés", ["2027-07-13 10:00"], ["2027-07-14 10:00"]),
        (
            "dimanche et jours fériés 10h-12h",
            ["2026-11-29 11:00", "2027-07-14 11:00"],
            ["2027-07-13 11:00", "2026-11-28 11:00"],
        ),
        (
            "lundi-vendredi 9h-12h ; samedi et jours fériés 10h-11h",
            ["2027-07-14 10:30", "2027-07-15 09:30"],
            ["2027-07-14 09:30"],
        ),
        ("tous les jours 10h-20h, jours fériés compris", ["2027-07-14 11:00"], ["2027-07-14 09:00"]),
        ("d'avril à octobre : samedi 9h-12h", ["2027-04-03 10:00", "2027-10-30 10:00"], ["2027-03-27 10:00"]),
        (
            "du 15 avril au 31 octobre, mercredi et samedi 14h-18h",
            ["2027-04-17 15:00", "2027-10-30 15:00"],
            ["2027-04-14 15:00", "2027-11-03 15:00"],
        ),
        (
            "D'octobre à mars : mercredi 14h-17h. D'avril à septembre : mercredi 14h-19h.",
            ["2027-01-06 16:00", "2027-06-02 18:30"],
            ["2027-01-06 18:30"],
        ),
        (
            "lundi 9h-12h, fermé du 24 décembre au 2 janvier",
            ["2026-12-21 10:00", "2027-01-04 10:00"],
            ["2026-12-28 10:00"],
        ),
        (
            "mardi-samedi 10h-18h, fermé le 1er mai et le 25 décembre",
            ["2026-12-24 11:00", "2027-04-30 11:00"],
            ["2026-12-25 11:00", "2027-05-01 11:00"],
        ),
        (
            "en juillet et août, lundi 9h-12h",
            ["2027-07-05 10:00", "2027-08-30 10:00"],
            ["2027-06-28 10:00", "2027-09-06 10:00"],
        ),
        (
            "mercredi 14h-17h et 1er samedi du mois 10h-12h",
            ["2026-12-05 10:00", "2026-11-25 15:00"],
            ["2026-11-28 10:00"],
        ),
    ],
)
def test_a_door_is_open_when_it_was_said_and_closed_otherwise(
    said: str, open_at: list[str], closed_at: list[str]
) -> None:
    osm = from_french(said)
    assert [moment for moment in open_at if not is_open(osm, moment)] == []
    assert [moment for moment in closed_at if is_open(osm, moment)] == []


def test_what_ends_before_it_begins_is_the_next_day_s_only_in_the_evening_and_at_night() -> None:
    assert from_french("lundi 17h-6h") == "Mo 17:00-06:00"
    assert from_french("lundi 16h59-2h") is None
    assert from_french("lundi 20h-6h01") is None
    assert from_french("lundi 9h-9h") is None


def test_a_time_of_the_year_that_may_be_of_one_day_only_is_asked_again() -> None:
    assert from_french("lundi 9h-12h, mardi 14h-18h sauf en août") is None
    assert from_french("lundi 9h-12h, mardi 14h-18h. Fermé en août.") == "Mo 09:00-12:00; Tu 14:00-18:00; Aug off"


def test_lines_are_read_one_after_the_other() -> None:
    assert (
        from_french("Horaires :\nlundi 9h-12h\nmardi : fermé\nmercredi 14h-17h\n") == "Mo 09:00-12:00; We 14:00-17:00"
    )


def test_beyond_the_longest_nothing_is_read() -> None:
    said = "lundi 9h-12h" + " " * (LONGEST - 12)
    assert from_french(said) == "Mo 09:00-12:00"
    assert from_french(said + " ") is None


WORDS = st.sampled_from(
    [
        *(
            "lundi",
            "mardi",
            "mar.",
            "mercredis",
            "L-V",
            "tous les jours",
            "en semaine",
            "week-end",
            "1er",
            "2e",
            "dernier",
        ),
        *(
            "sauf",
            "fermé",
            "ouvert",
            "le",
            "du",
            "de",
            "d'",
            "à",
            "au",
            "et",
            "du mois",
            "avril",
            "août",
            "jours fériés",
        ),
        *("9h", "12h", "14h30", "9:00", "10", "24h/24", "minuit", "midi", "entre", "à partir de", "jusqu'à", "matin"),
        *("soir", "vacances scolaires", "compris", "(2019)", "sur rendez-vous", "non-stop", *",;:-/.()\n"),
    ]
)


@given(
    st.one_of(
        st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join), st.lists(WORDS, max_size=9).map("".join)
    )
)
def test_whatever_is_said_is_kept_as_it_is_or_not_read(said: str) -> None:
    osm = from_french(said)
    assert osm is None or checked_osm(osm) == osm


FRENCH = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
HOURS = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=4, unique=True).filter(lambda drawn: len(drawn) % 2 == 0)
JOINED = st.sampled_from(["{}-{}", "{} - {}", "de {} à {}", "{} à {}", "{}/{}"])


def said_hour(minutes: int, style: str) -> str:
    hour, minute = divmod(minutes, 60)
    return {"h": f"{hour}h{minute:02}", " h ": f"{hour} h {minute:02}", ":": f"{hour:02}:{minute:02}"}[style]


@given(st.dictionaries(st.integers(0, 6), HOURS, min_size=1, max_size=5), st.data())
def test_days_and_hours_that_are_said_are_read_as_they_were_said(
    week: dict[int, list[int]], data: st.DataObject
) -> None:
    expected: list[tuple[tuple[time, time], ...]] = [()] * 7
    rules = []
    for day, drawn in week.items():
        style, joined = data.draw(st.sampled_from(["h", " h ", ":"])), data.draw(JOINED)
        ends = sorted(drawn)
        spans = list(zip(ends[::2], ends[1::2], strict=True))
        said = [joined.format(said_hour(start, style), said_hour(end, style)) for start, end in spans]
        rules.append(f"{FRENCH[day]} {', '.join(said)}")
        expected[day] = tuple((of_day(start), of_day(end)) for start, end in spans)
    osm = from_french(data.draw(st.sampled_from(["; ", ", ", "\n", " et "])).join(rules))
    assert osm
    if osm != "24/7":
        assert ordinary_week(osm) == tuple(expected)


def of_day(minutes: int) -> time:
    return (datetime(2027, 1, 1) + timedelta(minutes=minutes)).time()  # noqa: DTZ001


UNKNOWN = st.one_of(
    st.sampled_from(
        ["environ", "vers", "selon", "variable", "été", "hiver", "téléphone", "ou", "si", "impaires", "pas"]
    ),
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).map("zz{}".format),
    st.sampled_from(["?", "!", "*", "=", "é", "€", "中", "٣"]),
)


@given(st.data(), UNKNOWN)
def test_a_word_that_is_not_known_leaves_it_all_unread(data: st.DataObject, unknown: str) -> None:
    words = data.draw(st.sampled_from(understood()))[0].split(" ")
    at = data.draw(st.integers(0, len(words)))
    assert from_french(" ".join([*words[:at], unknown, *words[at:]])) is None
