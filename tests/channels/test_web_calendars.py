"""Calendars over HTTP: what other programs subscribe to, and one date for one's own agenda."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from icalendar import Calendar
from sqlalchemy import Engine, func, select, update

from catalogue import events as dated
from catalogue.database import reading, writing
from catalogue.needs import EventStatus
from catalogue.recurrence import dates_of
from catalogue.tables import conversations, events, occurrences
from tests.channels.visitor import Visitor

NAME = "Chic ! On recycle"  # every Saturday, in Saint-Jean-de-Liversay


def address_of_a_date(engine: Engine) -> str:
    with reading(engine) as connection:
        wanted = select(occurrences.c.event_id, func.min(occurrences.c.original_at).label("first"))
        joined = wanted.join(events, events.c.id == occurrences.c.event_id).where(events.c.nom == NAME)
        row = connection.execute(joined.group_by(occurrences.c.event_id)).one()
    return f"/rendez-vous/{row.event_id}.ics?date={int(row.first.timestamp())}"


def names(content: bytes) -> list[str]:
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(content).walk("VEVENT")]


async def test_one_date_is_a_calendar_of_one_event(visitor: Visitor, shipped_engine: Engine) -> None:
    response = await visitor.open(address_of_a_date(shipped_engine))
    assert response.status_code == HTTPStatus.OK
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="rendez-vous-\d+\.ics"', response.headers["content-disposition"])
    assert names(response.content) == [NAME]


@pytest.mark.parametrize("territory", ["17349", "17", "nouvelle-aquitaine", "Charente-Maritime"])
async def test_a_territory_is_a_calendar_to_subscribe_to(visitor: Visitor, territory: str) -> None:
    response = await visitor.open(f"/agenda/{territory}.ics")
    assert response.status_code == HTTPStatus.OK
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert names(response.content) == [NAME]


async def test_a_date_cancelled_here_is_cancelled_for_those_who_subscribed(
    visitor: Visitor, shipped_engine: Engine
) -> None:
    path = address_of_a_date(shipped_engine)
    first = {"If-None-Match": (await visitor.client.get("/agenda/17.ics")).headers["etag"]}
    number, seconds = re.findall(r"\d+", path)
    at = datetime.fromtimestamp(int(seconds), UTC)
    with writing(shipped_engine) as connection:
        assert dated.set_status(connection, int(number), at, EventStatus.CANCELLED, at)
    response = await visitor.client.get("/agenda/17.ics", headers=first)
    dates = dates_of(response.text, at, at + timedelta(days=8))
    assert [date.status for date in dates] == [EventStatus.CANCELLED, EventStatus.PLANNED]
    assert "STATUS:CANCELLED" in (await visitor.client.get(path)).text


async def test_a_calendar_may_be_of_one_need(visitor: Visitor) -> None:
    mended = await visitor.open("/agenda/92050.ics?besoin=equipement")
    assert "Céan – Cafés des bricoleurs" in names(mended.content)
    housed = await visitor.open("/agenda/92050.ics?besoin=logement")
    assert housed.status_code == HTTPStatus.OK
    assert names(housed.content) == []


async def test_what_did_not_change_is_not_sent_again(visitor: Visitor, shipped_engine: Engine) -> None:
    for path in ("/agenda/17.ics", address_of_a_date(shipped_engine)):
        first = await visitor.client.get(path)
        assert first.headers["cache-control"] == "public, max-age=900"
        again = await visitor.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
        assert again.headers["etag"] == first.headers["etag"]
    with writing(shipped_engine) as connection:
        connection.execute(update(events).where(events.c.nom == NAME).values(nom="Autre nom"))
    changed = await visitor.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "path",
    [
        "/agenda/99999.ics",
        "/agenda/nulle-part.ics",
        "/agenda/17.ics?besoin=rien",
        "/rendez-vous/1.ics",
        "/rendez-vous/1.ics?date=12",
        "/rendez-vous/1.ics?date=abc",
        "/rendez-vous/99999999999999999999.ics?date=1795856400",
        "/rendez-vous/1.ics?date=99999999999999999999",
    ],
)
async def test_what_is_no_calendar_is_said_in_plain_words(visitor: Visitor, path: str) -> None:
    response = await visitor.open(path)
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "Ce calendrier n'existe pas" in response.text.replace("&#39;", "'")


async def test_calendars_set_no_cookie_and_keep_nothing(visitor: Visitor, shipped_engine: Engine) -> None:
    for path in ("/agenda/92050.ics", "/agenda/99999.ics", address_of_a_date(shipped_engine)):
        assert "set-cookie" not in (await visitor.open(path)).headers
    with reading(shipped_engine) as connection:
        assert connection.scalar(select(func.count()).select_from(conversations)) == 0


async def test_the_chat_leads_to_both(visitor: Visitor) -> None:
    await visitor.open("/?agenda=1&lieu=17349")
    links = re.findall(r'<a class="choice" href="(/[^"]+\.ics[^"]*)">(.*?)</a>', visitor.page, re.DOTALL)
    assert [path.partition("?")[0].rpartition("/")[0] for path, _label in links] == ["/rendez-vous", "/agenda"]
    for path, _label in links:
        assert (await visitor.client.get(path)).status_code == HTTPStatus.OK


async def test_a_link_may_ask_for_the_agenda(visitor: Visitor) -> None:
    await visitor.open("/?agenda=1")
    assert "ce qui se passe près de chez vous" in visitor.bubbles[0]
    await visitor.say("Nanterre")
    assert "rendez-vous près de Nanterre" in visitor.bubbles[-1]
