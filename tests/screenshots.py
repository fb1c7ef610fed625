"""Photographs the pages into docs/images: the shipped catalogue, a temporary database, a real browser."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bot.app import conversation, open_catalogue
from bot.channels.web import create_app
from bot.settings import Settings
from tests.channels.browsing import CHROMIUM_ARGS, DESKTOP, PHONE, ask_for_food_in_nanterre, say
from tests.channels.server import serving
from tests.conftest import CHROMIUMS

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def take(browser: Browser, address: str) -> None:
    """Every picture of the guides."""
    page = _opened(browser, address, PHONE)
    _photograph(page, "conversation-telephone")
    ask_for_food_in_nanterre(page)
    _photograph(page, "resultats-telephone")
    page.goto(f"{address}/a-propos")
    _photograph(page, "a-propos-telephone")
    page = _opened(browser, address, PHONE)
    say(page, "jai plus rien a mangé je suis a genevillier")
    page.get_by_text("Manger, à Gennevilliers").wait_for()
    _photograph(page, "message-telephone")
    say(page, "je me sens seul, plus envie de vivre")
    page.get_by_role("link", name="3114").first.wait_for()
    _photograph(page, "urgence-telephone")
    page = _opened(browser, address, PHONE)
    say(page, "j'ai un souci avec mon fils")
    page.get_by_text("Pour ne pas me tromper de porte").wait_for()
    _photograph(page, "doute-telephone")
    page = _opened(browser, address, PHONE, "dark")
    ask_for_food_in_nanterre(page)
    _photograph(page, "resultats-telephone-sombre")
    page = _opened(browser, address, DESKTOP)
    ask_for_food_in_nanterre(page)
    _photograph(page, "resultats-ordinateur")


def _opened(browser: Browser, address: str, screen: ViewportSize, scheme: Literal["light", "dark"] = "light") -> Page:
    context = browser.new_context(viewport=screen, color_scheme=scheme, locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    return page


def _photograph(page: Page, name: str) -> None:
    page.mouse.move(0, 0)  # a button under the pointer would look touched
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES.name, f"{name}.png")


def main() -> None:
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not chromium:
        sys.exit("Chromium n'est pas installé : impossible de photographier les pages.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(DATABASE_URL=f"sqlite:///{folder}/pages.db")
        runner = conversation(open_catalogue(settings))
        with serving(create_app(runner, settings)) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
            take(browser, address)
            browser.close()
        runner.engine.dispose()


if __name__ == "__main__":
    main()
