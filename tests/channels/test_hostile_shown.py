"""Hostile texts that the catalogue holds are shown escaped, whole, and run nothing: on each channel, in each letter.

They are put in the database as they are, even those that no door lets in: it may come from elsewhere.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from unicodedata import category

import pytest
import time_machine
from playwright.sync_api import sync_playwright

from bot.channels.telegram_messages import LONGEST, compose
from bot.channels.terminal import Terminal
from bot.channels.web import create_app
from bot.settings import Settings
from catalogue import campaigns
from catalogue.database import open_database, writing
from catalogue.needs import Reason, Role
from catalogue.reports import report
from catalogue.reviews import review
from handlers.dialogue import Reply
from scheduler import campaigning, putting
from tests.botapi.tgmarkup import parse_html
from tests.channels.browsing import CHROMIUM_ARGS
from tests.channels.hostile import HELD, PLAIN
from tests.channels.reading_pages import ReadPage
from tests.channels.server import serving
from tests.channels.visitor import Visitor
from tests.people import CHANNEL, COMPOSERS, People
from tests.telegram import StartTelegramBot

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)
SOME = ("tags", "references", "telegram", "arabic", "turned round", "escapes", "lines", "long word")
OF_EACH = pytest.mark.parametrize("text", HELD.values(), ids=HELD.keys())
OF_SOME = pytest.mark.parametrize("text", [HELD[name] for name in SOME], ids=SOME)
HARMLESS = "Un café"
MIXED = (" ".join(PLAIN[name] for name in ("tags", "references", "telegram", "arabic")), HELD["turned round"])


@pytest.fixture
def people(sqlite_url: str) -> Iterator[People]:
    engine = open_database(sqlite_url)
    with time_machine.travel(NOON, tick=False):
        yield People(engine)
    engine.dispose()


def everywhere(text: str) -> dict[str, object]:
    """The columns of an entry that are words, all saying the same."""
    short = ("nom", "adresse", "complement_adresse", "horaires", "publics_precisions", "frais_precisions")
    message = {"kind": "message", "starts": "2026-11-20", "ends": "2026-12-05", "message": text}
    return dict.fromkeys((*short, "conditions_acces", "description"), text) | {"notices": [message]}


def with_an_avis(people: People, entry: int, text: str) -> None:
    """Somebody's avis on an entry, that a coordinator published."""
    coordinator = people.with_a_role("1", Role.COORDINATEUR, ("92",))
    people.with_a_role("2", Role.TRAVAILLEUR_SOCIAL)
    with writing(people.engine) as connection:
        assert review(connection, (CHANNEL, "2"), entry, text, (), NOON)
        assert putting.put(connection, NOON, COMPOSERS) == 1
    coordinator.replies = coordinator.received()[-1:]
    coordinator.tap("Publier")


def squeezed(text: str) -> str:
    """The words of a text, one space apart, as HTML shows them: its spaces are these, and no others."""
    return re.sub("[ \t\n\r]+", " ", text.replace("\u00a0", " ")).strip()


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal obeys."""
    return [sign for sign in text if category(sign) in ("Cc", "Cs") and sign != "\n"]


# ---- the web ------------------------------------------------------------------------------------------


@pytest.fixture
def visitor(people: People) -> Visitor:
    """Somebody who has not opened the page yet."""
    return Visitor(create_app(people.runner, Settings()))


async def page_of(visitor: Visitor, people: People, text: str) -> ReadPage:
    """The page of an entry that says this everywhere, and of which it is said."""
    entry = people.entry(1, **everywhere(text))
    with_an_avis(people, entry, text)
    await visitor.open(f"/?fiche={entry}")
    return ReadPage(visitor.page)


@OF_EACH
async def test_no_element_of_a_card_comes_from_a_text_and_nothing_of_it_is_lost(
    visitor: Visitor, people: People, text: str
) -> None:
    harmless = (await page_of(visitor, people, HARMLESS)).elements
    page = await page_of(visitor, people, text)
    assert page.elements == harmless
    shown = [squeezed(one) for one in page.texts]
    said = squeezed(text)
    assert said in shown
    for label in ("Public : ", "Prix : ", "Pour y accéder : ", "À savoir : ", "Horaires annoncés : "):
        assert f"{label}{said}" in shown
    assert f"Avis d'un travailleur social, novembre 2026 : {said}" in shown


@OF_EACH
async def test_what_somebody_says_is_shown_back_as_text(visitor: Visitor, text: str) -> None:
    await visitor.open()
    await visitor.say(text)
    page = ReadPage(visitor.page)
    without_controls = re.sub("[\x00-\x08\x0b-\x1f\x7f]+", " ", text)
    assert squeezed(without_controls) in [squeezed(one) for one in page.texts]
    assert page.elements["script", ("defer", "src")] == sum(
        n for (tag, _), n in page.elements.items() if tag == "script"
    )
    assert not [
        element for element in page.elements if element[0] == "img" or any(one[:2] == "on" for one in element[1])
    ]


def test_a_browser_runs_nothing_of_them(people: People, chromium_path: str) -> None:
    entry = people.entry(1, **everywhere(" / ".join(HELD.values())))
    with_an_avis(people, entry, " / ".join(PLAIN.values()))
    opened: list[str] = []
    with serving(create_app(people.runner, Settings())) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_ARGS)
        page = browser.new_page(locale="fr-FR")
        page.on("dialog", lambda dialog: opened.append(dialog.message))
        page.on("console", lambda said: opened.append(said.text))
        page.on("request", lambda request: None if request.url.startswith(address) else opened.append(request.url))
        page.goto(f"{address}/?fiche={entry}")
        page.get_by_label("Écrivez avec vos mots").fill(PLAIN["attribute"])
        page.get_by_role("button", name="Envoyer").click()
        page.locator(".said").get_by_text(PLAIN["attribute"], exact=True).wait_for()
        assert PLAIN["tags"] in page.locator("article h2").first.inner_text()
        assert page.locator("article :is(script, img, a[href^=javascript], b)").count() == 0
        browser.close()
    assert opened == []


# ---- the terminal --------------------------------------------------------------------------------------


@OF_EACH
def test_a_terminal_is_given_nothing_to_obey_and_nothing_is_lost(people: People, text: str) -> None:
    entry = people.entry(1, **everywhere(text))
    with_an_avis(people, entry, text)
    terminal = Terminal(people.runner, numbered=True)
    shown = terminal.answer(f"/start f{entry}")
    assert obeyed(shown.replace("\t", " ")) == []
    said = "".join(sign for sign in text if sign not in obeyed(text) or sign == "\t")
    assert shown.count(said) >= 8
    assert obeyed(terminal.answer(text).replace("\t", " ")) == []


def test_half_a_character_that_is_typed_can_be_said_back(people: People) -> None:
    terminal = Terminal(people.runner, numbered=True)
    terminal.answer("/start")
    terminal.answer("Caf\udcff").encode()


# ---- Telegram ------------------------------------------------------------------------------------------


def on_telegram(replies: Sequence[Reply]) -> tuple[str, set[str]]:
    """The words of messages as Telegram shows them, and what stands out in them. Raises MarkupError."""
    words, kinds = [], set()
    for number, reply in enumerate(replies):
        for message in compose([reply], "1", str(number), {}, NOON):
            plain, entities = parse_html(message.message["text"])
            assert len(plain.encode("utf-16-le")) // 2 <= LONGEST
            words.append(plain)
            kinds |= {entity["type"] for entity in entities}
    return "\n".join(words), kinds


@OF_EACH
def test_a_card_on_telegram_says_the_text_and_no_mark_comes_from_it(people: People, text: str) -> None:
    entry = people.entry(1, **everywhere(text))
    with_an_avis(people, entry, text)
    someone = people.person("3001")
    someone.start(f"f{entry}")
    shown, kinds = on_telegram(someone.replies)
    assert shown.count(text) >= 8
    assert kinds == {"bold", "italic"}


@pytest.mark.parametrize("piece", ["mot ", "<b>", "&", "é", "💥", "</b>&amp;\n", "x"])
def test_ten_thousand_characters_are_cut_into_messages_and_nothing_is_lost(people: People, piece: str) -> None:
    text = piece * (10_000 // len(piece))
    entry = people.entry(1, description=text, conditions_acces=text)
    someone = people.person("3001")
    someone.start(f"f{entry}")
    shown, kinds = on_telegram(someone.replies)
    assert "".join(shown.split()).count("".join(text.split())) == 2
    assert kinds == {"bold", "italic"}


@pytest.mark.parametrize(
    "site", ["http://[exemple.fr", "http://aucun", "javascript:alert(1)//exemple.fr", "https://exemple.fr/\x1b]0;x"]
)
def test_an_address_that_cannot_be_followed_is_words_and_no_button(people: People, site: str) -> None:
    someone = people.person("3001")
    someone.start(f"f{people.entry(1, site_web=site)}")
    assert f"Site : {site}" in on_telegram(someone.replies)[0]
    assert [one.url for one in someone.buttons() if one.label == "Voir le site"] == []


# ---- what is written later -----------------------------------------------------------------------------


def letter_to(people: People, number: str) -> str:
    """What was written to somebody, as Telegram shows it."""
    replies = people.person(number).received()
    assert replies
    return on_telegram(replies)[0]


@OF_SOME
def test_a_report_is_put_to_who_settles_it_in_the_words_of_who_said_it(people: People, text: str) -> None:
    people.with_a_role("2001", Role.CORRESPONDANT)
    entry = people.entry(1, **everywhere(text))
    with writing(people.engine) as connection:
        assert report(connection, (CHANNEL, "3001"), entry, Reason.AUTRE, text, False, NOON)
        assert putting.put(connection, NOON, COMPOSERS) == 1
    assert f"« {text} »" in letter_to(people, "2001")


@OF_SOME
def test_an_avis_is_put_to_a_coordinator_in_its_words(people: People, text: str) -> None:
    people.with_a_role("1", Role.COORDINATEUR, ("92",))
    people.with_a_role("2", Role.TRAVAILLEUR_SOCIAL)
    entry = people.entry(1, nom=text)
    with writing(people.engine) as connection:
        assert review(connection, (CHANNEL, "2"), entry, text, (), NOON)
        assert putting.put(connection, NOON, COMPOSERS) == 1
    letter = letter_to(people, "1")
    assert f"novembre 2026 : {text}" in letter
    assert letter.count(text) == 2


@OF_SOME
def test_a_campaign_puts_its_question_as_it_is_written(people: People, text: str) -> None:
    people.with_a_role("2001", Role.CORRESPONDANT)
    people.entry(1, nom=text)
    with writing(people.engine) as connection:
        campaigns.start(connection, f"{text} ?", {"92050"}, (), NOON.date(), Role.COORDINATEUR, NOON)
        assert campaigning.ask(connection, NOON, COMPOSERS) == 1
    assert letter_to(people, "2001").count(text) == 2


# ---- through the wire ----------------------------------------------------------------------------------


def test_the_bot_api_refuses_nothing_of_what_is_written_with_them(
    telegram_bot: StartTelegramBot, shipped_url: str
) -> None:
    people = People(open_database(shipped_url))
    entries = [people.entry(number, **everywhere(text)) for number, text in enumerate(MIXED)]
    # Not a correspondent, who would be asked at the same moment whether the dates of these days take place.
    people.with_a_role("2001", Role.ORGANISATEUR, (), initiatives=entries)
    with telegram_bot() as telegram:
        correspondent = telegram.user(2001, first_name="<b>Correspondent</b>")
        for entry, text in zip(entries, MIXED, strict=True):
            correspondent.start(f"f{entry}")
            assert telegram.answers[0].text.count(text) >= 8
        correspondent.tap("Corriger")
        correspondent.tap("Comment y accéder")
        correspondent.say(PLAIN["attribute"])
        assert f"Après : {PLAIN['attribute']}" in telegram.answers[0].text
        correspondent.tap("Oui, corriger")
        assert PLAIN["attribute"] in telegram.answers[0].text
        correspondent.say(PLAIN["telegram"])
        assert not telegram.problems()
    assert people.column(entries[-1], "conditions_acces") == PLAIN["attribute"]
    people.engine.dispose()
