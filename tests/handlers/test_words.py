"""Dates, hours and places, as one says them."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.hours import ordinary_week
from handlers import words

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 11, 24, 10, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("name", "at", "of"),
    [
        ("Nanterre", "à Nanterre", "de Nanterre"),
        ("Antony", "à Antony", "d'Antony"),
        ("Le Havre", "au Havre", "du Havre"),
        ("Les Ulis", "aux Ulis", "des Ulis"),
        ("La Rochelle", "à La Rochelle", "de La Rochelle"),
        ("L'Haÿ-les-Roses", "à L'Haÿ-les-Roses", "de L'Haÿ-les-Roses"),
        ("Évry-Courcouronnes", "à Évry-Courcouronnes", "d'Évry-Courcouronnes"),
        ("Yutz", "à Yutz", "de Yutz"),
        ("Ypreville-Biville", "à Ypreville-Biville", "d'Ypreville-Biville"),
    ],
)
def test_a_town_takes_its_preposition(name: str, at: str, of: str) -> None:
    assert (words.at(name), words.of(name)) == (at, of)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(hours=7, minutes=30), "à 17 h 30"),
        (timedelta(hours=23), "demain à 9 h"),
        (timedelta(days=3), "vendredi à 10 h"),
        (timedelta(days=7), "le 1er décembre à 10 h"),
    ],
)
def test_a_moment_is_said_from_now(later: timedelta, said: str) -> None:
    assert words.moment(TUESDAY + later, TUESDAY) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, "aujourd'hui"), (1, "hier"), (12, "il y a 12 jours"), (70, "il y a 2 mois"), (800, "il y a 2 ans")],
)
def test_a_date_is_said_by_its_age(days: int, said: str) -> None:
    assert words.ago(TUESDAY.date() - timedelta(days=days), TUESDAY.date()) == said


@given(st.dates(date(2000, 1, 1), date(2026, 11, 24)))
def test_every_age_has_words(day: date) -> None:
    assert words.ago(day, TUESDAY.date())


@pytest.mark.parametrize(
    ("hectometres", "said"),
    [(0, "moins de 100 m"), (3, "300 m"), (12, "1,2 km"), (20, "2 km"), (148, "15 km"), (340, "34 km")],
)
def test_a_distance_is_said_no_finer_than_it_is_worth(hectometres: int, said: str) -> None:
    assert words.kilometres(hectometres) == said


@pytest.mark.parametrize(
    ("osm", "said"),
    [
        ("Tu 10:00-12:00,14:00-16:00; PH off", "mardi 10 h-12 h, 14 h-16 h"),
        ("Mo-Th 09:00-12:30; Fr 09:00-12:00", "lundi à jeudi 9 h-12 h 30 ; vendredi 9 h-12 h"),
        ("Sa,Su 14:00-24:00", "samedi et dimanche 14 h-minuit"),
        ("Mo-Fr 09:00-12:00; We off", "lundi et mardi 9 h-12 h ; jeudi et vendredi 9 h-12 h"),
    ],
)
def test_a_week_of_hours_is_said_in_plain_words(osm: str, said: str) -> None:
    days = ordinary_week(osm)
    assert days is not None
    assert words.week(days) == said


@pytest.mark.parametrize("osm", ["Sa[4] 14:00-17:30", "Apr-Oct Mo-Fr 09:00-12:00", "n'importe quoi", "sunrise-sunset"])
def test_hours_that_differ_from_week_to_week_are_not_told_as_one(osm: str) -> None:
    assert ordinary_week(osm) is None


def test_a_night_that_passes_midnight_is_told_on_both_days() -> None:
    days = ordinary_week("Fr 20:00-02:00")
    assert days is not None
    assert days[4:6] == (((time(20), time(0)),), ((time(0), time(2)),))
