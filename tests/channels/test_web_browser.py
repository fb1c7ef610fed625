"""The web chat in a real browser: with and without script, on a phone and on a desktop, by keyboard, by ear."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, ViewportSize, expect, sync_playwright

from tests.channels.browsing import CHROMIUM_ARGS, DESKTOP, PHONE, ask_for_food_in_nanterre

SCREENS = pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
# The contrast asked here is the strictest of the two that the accessibility rules know.
AXE = {"rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}}}
NANTERRE = {"latitude": 48.8924, "longitude": 2.2071}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens a page of the chat in a browser of its own; at the end, nothing may have been asked from elsewhere."""
    asked: list[str] = []
    wrong: list[str] = []

    with ExitStack() as stack:

        def note(request: Request) -> None:
            asked.append(request.url)

        def open_(path: str = "/", **context: Any) -> Page:
            opened: BrowserContext = browser.new_context(locale="fr-FR", **context)
            stack.callback(opened.close)
            page = opened.new_page()
            page.set_default_timeout(20_000)
            page.on("request", note)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
            page.goto(address + path)
            return page

        yield open_
    assert asked
    assert [url for url in asked if not url.startswith(f"{address}/")] == []
    assert wrong == []


def sideways(page: Page) -> int:
    """How many pixels of the page are out of the screen, sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@SCREENS
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_somebody_looks_for_food_in_nanterre(open_page: OpenPage, screen: ViewportSize, script: bool) -> None:
    page = open_page(viewport=screen, java_script_enabled=script)
    assert sideways(page) <= 0
    ask_for_food_in_nanterre(page)
    assert "Mon Épicerie" in page.locator("article h2").all_inner_texts()[:3]
    assert page.locator(".said .text").all_inner_texts() == ["Manger", "Nanterre"]
    assert sideways(page) <= 0
    page.get_by_role("button", name="Détails : Mon Épicerie", exact=True).click()
    expect(page.get_by_role("button", name="Revenir à la liste")).to_be_visible()
    assert sideways(page) <= 0
    assert page.url.partition("#")[0].endswith("/")


def test_with_the_script_the_page_is_never_loaded_again(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    page.evaluate("window.stillHere = true")
    ask_for_food_in_nanterre(page)
    assert page.evaluate("window.stillHere") is True
    expect(page.get_by_label("Écrivez avec vos mots")).to_have_value("")
    page.reload()
    assert page.locator(".said").count() == 2


@SCREENS
def test_the_answer_is_on_the_screen(open_page: OpenPage, screen: ViewportSize) -> None:
    page = open_page(viewport=screen, reduced_motion="reduce")
    ask_for_food_in_nanterre(page)
    expect(page.locator("article h2").first).to_be_in_viewport()
    expect(page.get_by_label("Écrivez avec vos mots")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Urgence")).to_be_in_viewport()


def test_old_choices_are_put_away_but_still_there(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_text("Où cherchez-vous ?").wait_for()
    expect(page.get_by_role("button", name="Me loger")).to_be_hidden()
    page.get_by_text("Revoir ces choix").first.click()
    page.get_by_role("button", name="Me loger").click()
    page.get_by_text("Ce bouton n'est plus valable.").wait_for()


def test_the_whole_conversation_by_keyboard(open_page: OpenPage) -> None:
    page = open_page(viewport=DESKTOP)
    for _step in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == "Manger":
            break
    page.keyboard.press("Enter")
    page.get_by_text("Où cherchez-vous ?").wait_for()
    assert "message" in page.evaluate("document.activeElement.className")
    for _step in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "text":
            break
    page.keyboard.type("Nanterre")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Mon Épicerie", exact=True).wait_for()
    assert page.evaluate("document.activeElement.id") == "text"
    for _step in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent").startswith("Détails : Mon Épicerie"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Revenir à la liste").wait_for()


def test_a_shared_position_leads_to_results(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, geolocation=NANTERRE, permissions=["geolocation"])
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_role("button", name="Utiliser ma position").click()
    page.get_by_role("heading", name="Mon Épicerie", exact=True).wait_for()
    expect(page.get_by_role("button", name="Utiliser ma position")).to_be_hidden()


def test_a_refused_position_asks_for_the_commune_instead(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE, permissions=[])
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_role("button", name="Utiliser ma position").click()
    expect(page.get_by_role("alert")).to_contain_text("Écrivez le nom de votre commune.")


def test_without_a_network_the_page_says_so_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_text("Où cherchez-vous ?").wait_for()
    page.context.set_offline(True)
    page.get_by_label("Écrivez avec vos mots").fill("Nanterre")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("alert")).to_contain_text("Pas de réseau.")
    expect(page.get_by_label("Écrivez avec vos mots")).to_have_value("Nanterre")
    page.context.set_offline(False)
    page.get_by_role("button", name="Envoyer").click()
    page.get_by_role("heading", name="Mon Épicerie", exact=True).wait_for()
    expect(page.get_by_role("alert")).to_be_empty()


def test_nothing_can_be_sent_twice_while_an_answer_is_awaited(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    held: list[Route] = []
    page.route("**/message", lambda route: held.append(route), times=1)
    text = page.get_by_label("Écrivez avec vos mots")
    text.fill("manger")
    text.press("Enter")
    expect(page.get_by_role("button", name="Envoyer")).to_be_disabled()
    expect(text).to_have_js_property("readOnly", True)
    expect(page.get_by_role("status")).to_have_text("Un instant…")
    text.press("Enter")
    page.get_by_role("button", name="Me loger").click()
    held[0].continue_()
    page.get_by_text("Où cherchez-vous ?").wait_for()
    expect(page.get_by_role("status")).to_be_empty()
    assert page.locator(".said .text").all_inner_texts() == ["manger"]


def test_an_answer_lost_on_the_way_is_shown_by_trying_again(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/message", lose, times=1)
    page.get_by_role("button", name="Manger", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Pas de réseau.")
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_text("Où cherchez-vous ?").wait_for()
    assert page.locator(".said .text").all_inner_texts() == ["Manger"]


def test_an_answer_that_is_not_ours_sends_the_form_the_ordinary_way(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    page.route("**/message", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"), times=1)
    page.get_by_role("button", name="Manger", exact=True).click()
    page.wait_for_url("**/#suite")
    assert page.locator(".said .text").all_inner_texts() == ["Manger"]


def test_a_page_that_is_out_of_date_says_so_and_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(viewport=PHONE)
    page.context.clear_cookies()
    page.get_by_label("Écrivez avec vos mots").fill("manger")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("alert")).to_contain_text("Rechargez-la")
    expect(page.get_by_label("Écrivez avec vos mots")).to_have_value("manger")
    page.get_by_role("link", name="Recharger la page").click()
    ask_for_food_in_nanterre(page)


def test_a_poster_s_link_goes_on_with_the_script(open_page: OpenPage) -> None:
    page = open_page("/?lieu=92050&besoin=alimentation", viewport=PHONE)
    page.get_by_role("button", name="Détails : Mon Épicerie", exact=True).click()
    page.get_by_role("button", name="Revenir à la liste").wait_for()
    assert "lieu" not in page.url
    page.reload()
    expect(page.get_by_role("button", name="Revenir à la liste")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "results", "/a-propos", "/nulle-part"])
def test_no_accessibility_rule_is_broken(open_page: OpenPage, path: str, scheme: str) -> None:
    page = open_page(path if path[0] == "/" else "/", viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    if path == "results":
        ask_for_food_in_nanterre(page)
    found = Axe().run(page, options=AXE)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", ["/", "/a-propos"])
def test_everything_to_touch_is_large_enough(open_page: OpenPage, path: str) -> None:
    page = open_page(path, viewport=PHONE)
    targets = page.locator("button:visible, input:visible, a.choice:visible, nav a").all()
    sizes = {target.inner_text() or "text": target.bounding_box() for target in targets}
    assert len(sizes) > 5
    assert {name: box for name, box in sizes.items() if box and min(box["height"], box["width"]) < 44} == {}


@pytest.mark.parametrize("path", ["/", "/?lieu=92050&besoin=alimentation", "/a-propos"])
def test_twice_as_large_on_the_narrowest_phone_nothing_goes_out_of_the_screen(open_page: OpenPage, path: str) -> None:
    page = open_page(path, viewport={"width": 320, "height": 640})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert sideways(page) <= 0
