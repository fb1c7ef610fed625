"""Calendars come from a real TLS server (tests.catalogue.test_fetch): only the Internet around it is played."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select

from catalogue.database import reading, writing
from catalogue.tables import events, feeds
from scheduler.feeds import EVERY, SourceTaken, follow, refresh
from tests.catalogue.lists import INDEX
from tests.catalogue.test_events_in import calendar, vevent
from tests.catalogue.test_fetch import Internet, Site, certificate, internet, page, site

__all__ = ["certificate", "internet", "site"]  # fixtures

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
URL = "https://guide.example/agenda.ics"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def followed(engine: Engine, internet: Internet) -> Engine:
    """A database that follows the calendar of URL."""
    with writing(engine) as connection:
        follow(connection, URL, "mairie", NOW)
    return engine


def feed(engine: Engine) -> dict[str, Any]:
    with reading(engine) as connection:
        return dict(connection.execute(select(feeds)).mappings().one())


def known(engine: Engine) -> dict[str, date | None]:
    with reading(engine) as connection:
        return {row.nom: row.vanished_at for row in connection.execute(select(events.c.nom, events.c.vanished_at))}


def test_a_calendar_is_read_every_six_hours(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")))
    assert refresh(followed, INDEX, NOW) == 1
    assert refresh(followed, INDEX, NOW + EVERY - HOUR) == 0
    site.pages["/agenda.ics"] = page(calendar(vevent("1", "Un autre nom"), vevent("2", "Disco soupe")))
    assert refresh(followed, INDEX, NOW + EVERY) == 1
    assert set(known(followed)) == {"Un autre nom", "Disco soupe"}
    assert feed(followed)["read_at"] == NOW + EVERY


def test_what_the_calendar_no_longer_has_is_marked(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")))
    refresh(followed, INDEX, NOW)
    site.pages["/agenda.ics"] = page(calendar())
    refresh(followed, INDEX, NOW + EVERY)
    assert known(followed) == {"Repair café": NOW.date()}


def test_a_calendar_that_has_not_changed_is_not_sent_nor_read_again(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")), ETag='"v1"', Last_Modified="Sun, 22 Nov 2026 08:00:00 GMT")
    refresh(followed, INDEX, NOW)
    site.pages["/agenda.ics"] = page(b"", 304)
    assert refresh(followed, INDEX, NOW + EVERY) == 1
    asked = site.visits[-1].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"v1"', "Sun, 22 Nov 2026 08:00:00 GMT")
    assert known(followed) == {"Repair café": None}
    assert (feed(followed)["etag"], feed(followed)["next_at"]) == ('"v1"', NOW + 2 * EVERY)


def test_a_calendar_that_fails_keeps_its_events_and_says_why(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")), ETag='"v1"')
    refresh(followed, INDEX, NOW)
    for broken, why in ((page(b"", 404), "pas de document"), (page(b"<html>Maintenance</html>"), "pas un calendrier")):
        site.pages["/agenda.ics"] = broken
        assert refresh(followed, INDEX, feed(followed)["next_at"]) == 0
        assert why in feed(followed)["error"]
        assert known(followed) == {"Repair café": None}
    assert (feed(followed)["failures"], feed(followed)["etag"]) == (2, '"v1"')
    site.pages["/agenda.ics"] = page(calendar(vevent("1")))
    assert refresh(followed, INDEX, feed(followed)["next_at"]) == 1
    assert (feed(followed)["failures"], feed(followed)["error"]) == (0, None)


def test_a_calendar_that_fails_is_asked_later_and_later_up_to_a_day(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(b"", 500)
    now, waits = NOW, []
    for _ in range(7):
        refresh(followed, INDEX, now)
        waits.append((feed(followed)["next_at"] - now) // HOUR)
        now = feed(followed)["next_at"]
    assert waits == [1, 2, 4, 8, 16, 24, 24]


def test_one_that_fails_does_not_stop_the_others(followed: Engine, site: Site) -> None:
    site.pages |= {"/agenda.ics": page(b"", 500), "/autre.ics": page(calendar(vevent("1")))}
    with writing(followed) as connection:
        follow(connection, "https://guide.example/autre.ics", "centre social", NOW)
        follow(connection, "https://interne.example/agenda.ics", "intranet", NOW)
    assert refresh(followed, INDEX, NOW) == 1
    assert set(known(followed)) == {"Repair café"}


def test_a_calendar_that_moved_to_a_private_network_is_not_read(
    followed: Engine, internet: Internet, site: Site
) -> None:
    internet.name("prive.example", "10.0.0.8")
    site.pages["/agenda.ics"] = page(b"", 302, Location="https://prive.example/agenda.ics")
    assert refresh(followed, INDEX, NOW) == 0
    assert "réseau privé" in feed(followed)["error"]


def test_nothing_is_locked_while_a_server_answers(followed: Engine, site: Site) -> None:
    def answer(visit: Any) -> None:
        with writing(followed) as connection:
            follow(connection, "https://guide.example/autre.ics", "centre social", NOW + HOUR)
        visit.give(200, calendar(vevent("1")))

    site.pages["/agenda.ics"] = answer
    assert refresh(followed, INDEX, NOW) == 1


def test_a_calendar_that_is_being_read_is_left_alone_by_another_process(followed: Engine, site: Site) -> None:
    seen: list[int] = []

    def answer(visit: Any) -> None:
        seen.append(refresh(followed, INDEX, NOW))
        visit.give(200, calendar(vevent("1")))

    site.pages["/agenda.ics"] = answer
    assert refresh(followed, INDEX, NOW) == 1
    assert seen == [0]


def test_a_calendar_followed_again_is_read_at_once_and_whole(followed: Engine, site: Site) -> None:
    site.pages["/agenda.ics"] = page(calendar(vevent("1")), ETag='"v1"')
    refresh(followed, INDEX, NOW)
    with writing(followed) as connection:
        follow(connection, URL, "la mairie", NOW)
    assert (feed(followed)["source"], feed(followed)["etag"]) == ("la mairie", None)
    assert refresh(followed, INDEX, NOW) == 1


def test_two_calendars_may_not_have_the_same_name(followed: Engine) -> None:
    with pytest.raises(SourceTaken, match="mairie"), writing(followed) as connection:
        follow(connection, "https://guide.example/autre.ics", "mairie", NOW)
