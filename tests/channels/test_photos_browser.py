"""A photo of the poster, sent from a real browser: with and without script."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select

from bot.channels.web import CHANNEL
from bot.channels.web.session import person_of
from bot.inbox import Arrival
from bot.runner import Runner
from catalogue.database import writing
from catalogue.entries import Mandate
from catalogue.needs import Role
from catalogue.roles import accept, invite, new_secret
from catalogue.tables import initiatives
from handlers.dialogue import Event, Gesture
from tests.channels.browsing import CHROMIUM_ARGS, PHONE


def correcting(runner: Runner, person: str) -> None:
    """Makes somebody a correspondent of Nanterre, who is about to correct an entry."""
    now, secret = datetime.now(UTC), new_secret()
    with writing(runner.engine) as connection:
        invite(connection, Mandate(0, Role.CORRESPONDANT, ("92050",), ()), secret, Role.COORDINATEUR, now)
        assert accept(connection, (CHANNEL, person), secret, now)
        entry = connection.scalars(select(initiatives.c.id).where(initiatives.c.nom == "Mon Épicerie")).one()
    runner.turn(Arrival(CHANNEL, "essai", person, Event(Gesture.TAPPED, f"corriger:{entry}"), {}))


@pytest.fixture
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request: pytest.FixtureRequest, browser: Browser, runner: Runner, address: str) -> Iterator[Page]:
    """Where a photo is asked for, on a telephone, with a script and without."""
    context = browser.new_context(locale="fr-FR", viewport=PHONE, java_script_enabled=request.param)
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    correcting(runner, person_of(context.cookies()[0]["value"]))
    page.goto(address)
    page.get_by_role("button", name="Photographier l'affiche").click()
    yield page
    assert wrong == []


def test_a_photo_is_sent_shown_back_and_kept(page: Page, tmp_path: Path) -> None:
    sent = tmp_path / "affiche.png"
    Image.new("RGB", (2400, 1200), "green").save(sent, "PNG")
    page.get_by_label("La photo de l'affiche").set_input_files(sent)
    page.get_by_role("button", name="Envoyer l'image").click()
    shown = page.get_by_role("img", name="L'affiche", exact=True)
    expect(shown).to_be_visible()
    assert shown.evaluate("one => one.naturalWidth") == 1600
    assert page.get_by_label("La photo de l'affiche").count() == 0
    page.get_by_role("button", name="Garder").click()
    expect(page.get_by_text("C'est gardé. Merci.")).to_be_visible()


def test_a_photo_that_is_too_heavy_is_said_to_be(page: Page, tmp_path: Path) -> None:
    sent = tmp_path / "affiche.jpg"
    sent.write_bytes(b"\0" * (14 << 20))
    page.get_by_label("La photo de l'affiche").set_input_files(sent)
    page.get_by_role("button", name="Envoyer l'image").click()
    expect(page.get_by_text("Cette photo est trop lourde : 10 Mo au plus.")).to_be_visible()


@pytest.mark.parametrize("page", [True], ids=["script"], indirect=True)
def test_the_page_that_asks_for_a_photo_is_accessible(page: Page) -> None:
    assert not Axe().run(page).response["violations"]
