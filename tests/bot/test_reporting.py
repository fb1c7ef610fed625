"""« Signaler une erreur », as it is lived: said in two taps, put to who can settle it, told to who wished it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.inbox import Arrival
from catalogue.database import reading, writing
from catalogue.needs import Reason, Role
from catalogue.reports import MOST_A_DAY, report
from catalogue.tables import initiatives, reports, revisions
from handlers.dialogue import Event, Gesture, Reply
from handlers.effects import Report
from handlers.reporting import MOST_WRITTEN
from handlers.settling import MOST_QUOTED
from scheduler import putting, reporting
from tests.handlers.memory import MemoryDesk, initiative
from tests.handlers.test_engine import Talk, labels
from tests.people import CHANNEL, COMPOSERS, People, Person

NOON = datetime(2026, 11, 22, 11, tzinfo=UTC)
THANKS = "Merci. Une personne qui connaît ce lieu va vérifier."


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def entry(people: People) -> int:
    return people.entry(1)


@pytest.fixture
def someone(people: People, entry: int) -> Person:
    """Who looks at the card of the entry."""
    found = people.person("1001")
    found.start(f"f{entry}")
    return found


def kept(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(reports).order_by(reports.c.id)).all())


def tick(people: People, now: datetime = NOON) -> int:
    with writing(people.engine) as connection:
        return putting.put(connection, now, COMPOSERS) + reporting.tell(connection, now, COMPOSERS)


def test_a_report_from_the_card_to_the_thanks_and_back_to_where_one_was(people: People, someone: Person) -> None:
    someone.start()
    someone.tap("Manger")
    someone.say("Nanterre")
    someone.tap("Détails")
    reply = someone.tap("Signaler une erreur")
    assert reply.text == "Lieu 1 : qu'est-ce qui n'est pas juste ?"
    assert labels(reply) == [*(reason.label for reason in Reason), "Retour"]
    reply = someone.tap("Les horaires")
    assert "N'écrivez ni nom ni adresse personnelle." in reply.text
    reply = someone.say("Maintenant c'est le mardi.")
    assert reply.text == "Voulez-vous savoir ce que ça devient ?"
    reply = someone.tap("Oui")
    assert reply.text == f"{THANKS}\nJe vous écrirai ce que ça devient."
    (row,) = kept(people)
    assert (row.reason, row.words, row.person, row.to_be_told) == (
        "horaires",
        "Maintenant c'est le mardi.",
        "1001",
        True,
    )
    assert "Manger, à Nanterre" in someone.tap("Continuer").text


def test_a_word_is_not_asked_of_who_has_none(people: People, someone: Person) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("C'est fermé")
    someone.tap("Non, envoyer")
    assert someone.tap("Non").text == THANKS
    assert [(row.reason, row.words, row.to_be_told) for row in kept(people)] == [("ferme", None, False)]


@pytest.mark.parametrize("said", ["non", "Non merci.", "rien"])
def test_no_is_not_taken_for_a_word(people: People, someone: Person, said: str) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("C'est fermé")
    someone.say(said)
    someone.tap("Non")
    assert [row.words for row in kept(people)] == [None]


def test_something_else_must_be_said_with_words(people: People, someone: Person) -> None:
    someone.tap("Signaler une erreur")
    reply = someone.tap("Autre chose")
    assert labels(reply) == ["Retour"]
    assert "Je ne sais lire que du texte." in someone.press("mot:non").text
    assert "Je ne sais lire que du texte." in someone.say(" \x00\n ").text
    someone.say("Il faut une carte.")
    someone.tap("Non")
    assert [(row.reason, row.words) for row in kept(people)] == [("autre", "Il faut une carte.")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("C'est fermé", "ferme"),
        ("ils ont fermé depuis juillet", "ferme"),
        ("les horaires sont faux", "horaires"),
        ("ils ont déménagé", "adresse"),
        ("mauvais numéro", "telephone"),
        ("Ce n'est pas ce qui est écrit", "ce-nest-pas-ca"),
        ("j'ai été mal reçue", "accueil"),
        ("Autre chose", "autre"),
    ],
)
def test_what_is_wrong_may_be_said_with_words(people: People, someone: Person, words: str, reason: str) -> None:
    someone.tap("Signaler une erreur")
    someone.say(words)
    someone.say("Voilà ce que j'ai vu.")
    someone.say("non")
    assert [row.reason for row in kept(people)] == [reason]


def test_words_that_say_nothing_of_it_are_asked_again(someone: Person) -> None:
    someone.tap("Signaler une erreur")
    reply = someone.say("bla bla")
    assert reply.text.startswith("Touchez ce qui n'est pas juste.")
    assert "C'est fermé" in labels(reply)
    someone.tap("C'est fermé")
    someone.tap("Non, envoyer")
    assert someone.say("peut-être").text.startswith("Répondez par oui ou par non.")


def test_going_back_asks_the_question_before_then_leads_out(someone: Person) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("L'adresse")
    assert "qu'est-ce qui n'est pas juste" in someone.tap("Retour").text
    assert someone.tap("Retour").text == "De quoi avez-vous besoin, à Nanterre ?"


def test_days_later_with_no_conversation_the_button_still_works(people: People, entry: int) -> None:
    late = people.person("1002")
    late.press(f"signaler:{entry}")
    late.tap("C'est fermé")
    late.tap("Non, envoyer")
    assert late.tap("Non").text == THANKS
    assert "De quoi avez-vous besoin ?" in late.tap("Continuer").text
    assert len(kept(people)) == 1


@pytest.mark.parametrize("value", ["", "0", "999999", "-1", "1e3", "١", "9" * 50, "a\x00b", "'; --", "1=2"])
def test_a_forged_entry_is_answered_and_nothing_is_kept(people: People, someone: Person, value: str) -> None:
    reply = someone.press(f"signaler:{value}")
    assert reply.text == "Cette fiche n'est plus dans le guide."
    assert labels(reply) == ["Continuer"]
    assert kept(people) == []


def test_an_entry_closed_meanwhile_is_said_to_be_gone(people: People, someone: Person, entry: int) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("C'est fermé")
    with writing(people.engine) as connection:
        connection.execute(initiatives.update().values(status="closed"))
    someone.tap("Non, envoyer")
    assert someone.tap("Oui").text == "Cette fiche n'est plus dans le guide."
    assert labels(someone.replies[-1]) == ["Continuer"]
    assert kept(people) == []


def test_forged_answers_are_not_believed(people: People, someone: Person) -> None:
    someone.tap("Signaler une erreur")
    for data in ("raison:", "raison:volé", "mot:non", "dire:oui", "raison:ferme=oui"):
        someone.press(data)
        assert kept(people) == []
    someone.tap("C'est fermé")
    for data in ("mot:", "mot:x", "dire:oui", "raison:autre"):
        someone.press(data)
        assert kept(people) == []


def test_who_said_enough_today_is_thanked_and_asked_to_come_back(people: People, someone: Person) -> None:
    for number in range(MOST_A_DAY):
        someone.press(f"signaler:{people.entry(number + 10)}")
        someone.tap("C'est fermé")
        someone.tap("Non, envoyer")
        someone.tap("Non")
    reply = someone.press(f"signaler:{people.entry(30)}")
    assert reply.text.startswith("Merci, vous avez déjà beaucoup signalé aujourd'hui.")
    assert labels(reply) == ["Continuer"]
    assert len(kept(people)) == MOST_A_DAY


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("<b>fermé</b> & <script>", "<b>fermé</b> & <script>"),
        ("fer\x00mé\x07 !", "fer mé !"),
        ("=SUM(A1)\nligne deux", "=SUM(A1) ligne deux"),
        ("\u202eéfermé", "éfermé"),
        ("a\ud800b", "a b"),
        ("é" * 10_000, "é" * MOST_WRITTEN),
        (
            "aide-mémoire : 'porte' \"close\"; DROP TABLE reports;--",
            "aide-mémoire : 'porte' \"close\"; DROP TABLE reports;--",
        ),
    ],
)
def test_hostile_words_are_kept_as_written_and_shown_to_who_settles(
    people: People, someone: Person, written: str, stored: str
) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    someone.tap("Signaler une erreur")
    someone.tap("Autre chose")
    someone.say(written)
    thanked = someone.tap("Non")
    assert ("J'ai gardé le début" in thanked.text) == (len(stored) == MOST_WRITTEN)
    assert [row.words for row in kept(people)] == [stored]
    assert tick(people) == 1
    (letter,) = correspondent.received()
    assert f"« {stored} »" in letter.after


def test_danger_said_in_the_words_is_heard_first_and_the_report_is_not_lost(people: People, someone: Person) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("Autre chose")
    reply = someone.say("On m'a frappée là-bas, mon mari veut me tuer")
    assert "3919" in reply.text or "17" in reply.text
    assert someone.tap("Continuer").text == "Voulez-vous savoir ce que ça devient ?"
    someone.tap("Non")
    assert [row.words for row in kept(people)] == ["On m'a frappée là-bas, mon mari veut me tuer"]


def test_who_looks_after_the_place_may_correct_it_at_once_or_go_on(people: People, entry: int) -> None:
    for number, role in (("2001", Role.CORRESPONDANT), ("2002", Role.COORDINATEUR)):
        one = people.with_a_role(number, role)
        one.start(f"f{entry}")
        reply = one.tap("Signaler une erreur")
        assert "Vous pouvez corriger cette fiche vous-même." in reply.text
        assert reply.choices[0][0].data == f"corriger:{entry}"
        one.tap("Le téléphone")
        one.tap("Non, envoyer")
        assert one.tap("Non").text == THANKS
    assert [row.by_role for row in kept(people)] == ["correspondant", "coordinateur"]


def test_who_looks_after_another_place_reports_like_everybody(people: People, entry: int) -> None:
    one = people.with_a_role("2001", Role.CORRESPONDANT, ("92071",))
    worker = people.with_a_role("2002", Role.TRAVAILLEUR_SOCIAL)
    for person in (one, worker):
        assert "corriger" not in str(person.press(f"signaler:{entry}").choices)


def test_what_is_kept_is_told_in_my_data_and_erased(people: People, someone: Person) -> None:
    someone.tap("Signaler une erreur")
    someone.tap("Les horaires")
    someone.say("C'est le mardi.")
    said = someone.say("mes données").text
    assert "ce que vous signalez : Lieu 1" in said
    assert "votre mot : C'est le mardi." in said
    someone.tap("Continuer")
    someone.tap("Oui")
    assert "Vous avez signalé une erreur sur : Lieu 1." in someone.say("mes données").text
    someone.tap("Tout effacer")
    someone.tap("Oui, tout effacer")
    (row,) = kept(people)
    assert (row.channel, row.person, row.to_be_told, row.reason) == (None, None, False, "horaires")
    assert "Vous avez signalé" not in someone.say("mes données").text


# On the web, where nobody can be written to.


def test_on_the_web_nobody_is_asked_whether_to_be_told() -> None:
    talk = Talk(MemoryDesk([initiative(1)], told_later=False))
    talk.results()
    talk.tap("signaler:1")
    talk.tap("raison:ferme")
    reply = talk.tap("mot:non")
    assert (reply.text, labels(reply)) == (THANKS, ["Continuer"])
    assert [effect.to_be_told for effect in talk.turn.effects if isinstance(effect, Report)] == [False]
    assert "Manger, à Nanterre" in talk.tap("reprendre:").text


def test_a_report_from_the_web_is_kept(people: People, entry: int) -> None:
    steps = [
        ("started", f"f{entry}"),
        ("tapped", f"signaler:{entry}"),
        ("tapped", "raison:adresse"),
        ("said", "Au 12."),
    ]
    for number, (kind, text) in enumerate(steps):
        people.runner.receive([Arrival("web", f"w{number}", "visiteur", Event(Gesture(kind), text), {})])
    said = people.runner.conversation("web", "visiteur") or []
    assert Reply.from_json(said[-1]["reply"]).text == THANKS
    assert [(row.channel, row.words, row.to_be_told) for row in kept(people)] == [("web", "Au 12.", False)]


def test_a_forged_wish_to_be_told_on_the_web_is_not_kept() -> None:
    talk = Talk(MemoryDesk([initiative(1)], told_later=False))
    talk.tap("signaler:1")
    talk.tap("dire:oui")
    talk.tap("raison:ferme")
    talk.tap("mot:non")
    assert [effect.to_be_told for effect in talk.turn.effects if isinstance(effect, Report)] == [False]


@given(st.text(max_size=64))
def test_whatever_a_button_says_is_answered_with_a_way_on(data: str) -> None:
    talk = Talk(MemoryDesk([initiative(1)], told_later=True))
    for order in ("signaler:", "signalement:"):
        talk.tap(f"{order}{data}"[:64])
        assert talk.turn.replies[-1].choices


# Settling, in the chat.


@pytest.fixture
def reported(people: People, someone: Person) -> Person:
    """Somebody whose report waits, and who wishes to hear of it."""
    someone.tap("Signaler une erreur")
    someone.tap("C'est fermé")
    someone.say("Le rideau est baissé.")
    someone.tap("Oui")
    return someone


def test_a_report_to_its_end(people: People, reported: Person, entry: int) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    assert tick(people) == 1
    (letter,) = correspondent.received()
    assert letter.text == "Une personne signale une erreur : « C'est fermé »."
    assert letter.cards[0].title == "Lieu 1"
    assert letter.after == "Voici ce qui est écrit :\n« Le rideau est baissé. »\nQu'en est-il ?"
    assert labels(letter) == [
        "Corriger la fiche",
        "C'est corrigé",
        "C'est fermé",
        "La fiche est juste",
        "Je passe au coordinateur",
    ]
    sure = correspondent.tap("C'est fermé")
    assert "c'est fermé pour toujours ?" in sure.text
    assert people.column(entry, "status") == "active"
    assert correspondent.tap("Non, revenir").text == letter.text
    correspondent.tap("C'est fermé")
    assert "n'est plus montrée" in correspondent.tap("Oui, c'est fermé").text
    assert people.column(entry, "status") == "closed"
    reported.received()
    assert tick(people) == 1
    (told,) = reported.received()
    assert told.text.startswith(
        "Vous aviez signalé : Lieu 1, « C'est fermé ».\nVoici ce qu'il en est : le lieu est fermé"
    )
    assert labels(told) == ["Chercher un autre lieu"]
    assert tick(people) == 0
    assert [row.person for row in kept(people)] == [None]


def test_what_is_right_is_said_to_be_and_the_card_is_a_tap_away(people: People, reported: Person, entry: int) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    tick(people)
    correspondent.received()
    assert "vérifiée aujourd'hui" in correspondent.tap("La fiche est juste").text
    assert people.column(entry, "verified_at") == NOON.date()
    reported.received()
    tick(people)
    (told,) = reported.received()
    assert told.choices[0][0].data == f"fiche:{entry}"


def test_an_old_button_or_a_forged_one_settles_nothing_for_who_may_not(people: People, reported: Person) -> None:
    report_id = kept(people)[0].id
    strangers = [
        people.with_a_role("2001", Role.CORRESPONDANT, ("92071",)),
        people.with_a_role("2002", Role.ORGANISATEUR, (), initiatives=[kept(people)[0].initiative_id]),
        people.with_a_role("2003", Role.TRAVAILLEUR_SOCIAL),
        reported,
    ]
    for stranger in strangers:
        for said in ("corrige", "ferme", "ferme-oui", "juste", "transmis", "", "x"):
            reply = stranger.press(f"signalement:{report_id}={said}")
            assert reply.text.startswith("Ce n'est plus à vous de répondre")
            assert labels(reply) == ["Continuer"]
    assert kept(people)[0].settled_at is None
    with reading(people.engine) as connection:
        assert connection.execute(select(revisions.c.id).where(revisions.c.role.is_not(None))).all() == []


def test_of_many_messages_ten_are_shown_and_the_rest_counted(people: People, entry: int) -> None:
    with writing(people.engine) as connection:
        for number in range(MOST_QUOTED + 2):
            report(connection, (CHANNEL, f"9{number}"), entry, Reason.FERME, f"mot {number}", False, NOON)
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    tick(people)
    (letter,) = correspondent.received()
    assert letter.after.count("« mot") == MOST_QUOTED
    assert "« mot 11 »\nEt 2 autres messages.\nQu'en est-il ?" in letter.after


def test_a_button_tapped_twice_thanks_once(people: People, reported: Person) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    tick(people)
    correspondent.received()
    data = next(one.data for one in correspondent.buttons() if one.label == "C'est corrigé")
    assert "la fiche « Lieu 1 » est corrigée." in correspondent.press(data).text
    assert correspondent.press(data).text.startswith("Ce n'est plus à vous de répondre")


def test_a_correspondent_who_was_revoked_settles_nothing(people: People, reported: Person, entry: int) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    tick(people)
    correspondent.received()
    correspondent.press("quitter:oui")
    report_id = kept(people)[0].id
    assert correspondent.press(f"signalement:{report_id}=ferme-oui").text.startswith("Ce n'est plus à vous")
    assert people.column(entry, "status") == "active"


def test_how_somebody_was_received_goes_to_the_coordinator_with_other_buttons(people: People, someone: Person) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    coordinator = people.with_a_role("2002", Role.COORDINATEUR, ("92",))
    someone.tap("Signaler une erreur")
    someone.tap("J'ai été mal accueilli")
    someone.say("On ne m'a pas laissé parler.")
    assert "La personne qui coordonne le guide" in someone.tap("Non").text
    correspondent.received()
    assert tick(people) == 1
    assert correspondent.received() == []
    (letter,) = coordinator.received()
    assert labels(letter) == ["Corriger la fiche", "C'est fermé", "Je transmets à qui peut agir"]
    assert "transmis à qui peut agir" in coordinator.tap("Je transmets à qui peut agir").text
    assert kept(people)[0].settled_role == "coordinateur"


def test_handing_on_goes_to_the_coordinator_at_the_next_tick(people: People, reported: Person) -> None:
    correspondent = people.with_a_role("2001", Role.CORRESPONDANT)
    coordinator = people.with_a_role("2002", Role.COORDINATEUR, ("92",))
    tick(people)
    correspondent.received()
    assert "au coordinateur" in correspondent.tap("Je passe au coordinateur").text
    coordinator.received()
    assert tick(people) == 1
    assert len(coordinator.received()) == 1
    assert tick(people) == 0
