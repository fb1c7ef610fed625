"""Adding a place in the chat: from nothing to the card that is found, by who looks after the place, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from bot.desk import CatalogueDesk
from catalogue.additions import SOURCE
from catalogue.database import reading, writing
from catalogue.history import history
from catalogue.names import find_by_words
from catalogue.needs import Kind, Method, Need, Role
from catalogue.roles import held_by, leave, revoke
from catalogue.tables import conversations, drafts, initiatives
from handlers.dialogue import Event, Gesture, Reply, State
from handlers.engine import advance
from tests.handlers.memory import NANTERRE, TUESDAY, MemoryDesk
from tests.people import CHANNEL, People, Person

FIRST = "Comment s'appelle ce lieu ?\nJe garde vos réponses : vous pourrez finir plus tard."
WAITING = "Vous aviez commencé à ajouter « La Marmite », le mardi 24 novembre.\nJ'ai gardé vos réponses."
ANSWERS = (
    ("say", "La Marmite"),
    ("say", "Nanterre"),
    ("tap", "Cantine participative"),
    ("tap", "C'est tout"),
    ("say", "On y cuisine ensemble le midi. On mange pour 2 euros."),
    ("say", "12 rue de l'Essai"),
    ("say", "0147295050"),
    ("say", "www.exemple.fr"),
    ("say", "lundi et jeudi 9h-12h"),
    ("tap", "Oui, c'est ça"),
    ("say", "Tout le monde"),
    ("tap", "Payant"),
    ("tap", "J'y suis allé"),
)
SKIPPED = (*ANSWERS[:5], *(("tap", "Je ne sais pas"),) * 6, ("tap", "Je le sais"))


@pytest.fixture
def someone(people: People) -> Person:
    """A correspondent of Nanterre."""
    return people.with_a_role("2001", Role.CORRESPONDANT)


def begin(person: Person, *answers: tuple[str, str]) -> Reply:
    reply = person.say("ajouter")
    return person.give(*answers) if answers else reply


def entries(people: People) -> list[Any]:
    with reading(people.engine) as connection:
        return list(connection.execute(select(initiatives).order_by(initiatives.c.id)).mappings())


def draft_of(people: People) -> Any:
    with reading(people.engine) as connection:
        return connection.scalar(select(drafts.c.content))


def desk(people: People, connection: Any) -> CatalogueDesk:
    return CatalogueDesk(connection, people.runner.index, people.runner._understander, TUESDAY)


# ---- from nothing to the card ---------------------------------------------------------------------


def test_a_place_from_nothing_is_shown_as_it_will_be_then_found(people: People, someone: Person) -> None:
    with time_machine.travel(TUESDAY):
        shown = begin(someone, *ANSWERS)
        (card,) = shown.cards
        assert card.title == "La Marmite"
        assert card.lines == (
            "Cantine participative. On y cuisine ensemble le midi. On mange pour 2 euros.",
            "12 rue de l'Essai, 92000 Nanterre",
            "Fermé, ouvre jeudi à 9 h.",
            "Horaires : lundi 9 h-12 h ; jeudi 9 h-12 h",
            "Téléphone : 01 47 29 50 50",
            "Site : https://www.exemple.fr",
            "Pour : tout le monde. Prix : payant.",
            "Accès en fauteuil roulant : non précisé.",
        )
        assert card.note == "Confirmé sur place aujourd'hui."
        assert entries(people) == []
        said = someone.tap("Oui, l'ajouter au guide")
    assert said.text == "C'est fait : La Marmite est dans le guide. Merci."
    (row,) = entries(people)
    assert (row["source"], row["needs"], row["code_insee"]) == (SOURCE, ["alimentation"], "92050")
    assert (row["verified_method"], row["verified_role"]) == ("visite", "correspondant")
    assert (row["verified_at"], row["exact"]) == (TUESDAY.date(), False)
    with reading(people.engine) as connection:
        assert [one.id for one in desk(people, connection).near(Need.ALIMENTATION, NANTERRE).near] == [row["id"]]
        assert [found.id for found in find_by_words(connection, "marmite", None)] == [row["id"]]
        (created,) = history(connection, row["id"])
    assert (created.role, created.method, created.after) == ("correspondant", "visite", None)
    assert draft_of(people) is None


def test_the_card_can_be_opened_once_it_is_added(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS, ("tap", "Oui, l'ajouter au guide"))
    card = someone.tap("Voir la fiche").cards[0]
    assert card.title == "La Marmite"
    assert "Continuer" in someone.labels()


def test_another_place_can_be_added_right_after(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS, ("tap", "Oui, l'ajouter au guide"))
    assert someone.tap("Ajouter un autre lieu").text == FIRST


def test_what_is_not_known_is_skipped(people: People, someone: Person) -> None:
    begin(someone, *SKIPPED, ("tap", "Oui, l'ajouter au guide"))
    (row,) = entries(people)
    for name in ("adresse", "telephone", "courriel", "site_web", "horaires", "horaires_osm", "frais"):
        assert row[name] is None
    assert (row["publics"], row["moments"], row["verified_method"]) == ([], [], Method.BOT.value)
    assert (row["latitude"], row["longitude"]) == (NANTERRE.latitude, NANTERRE.longitude)


def test_what_is_not_known_can_be_said_with_words(people: People, someone: Person) -> None:
    words = ("je ne sais pas", "aucun", "passer", "Je ne sais pas", "inconnu", "on ne sait pas")
    begin(someone, *ANSWERS[:5], *(("say", one) for one in words), ("say", "je le sais"))
    someone.tap("Oui, l'ajouter au guide")
    assert len(entries(people)) == 1


def test_a_name_a_town_a_kind_needs_and_what_is_done_there_are_not_skipped(people: People, someone: Person) -> None:
    begin(someone)
    for gesture, what in ANSWERS[:5]:
        assert "Je ne sais pas" not in someone.labels()
        someone.give((gesture, what))
    assert "Je ne sais pas" in someone.labels()


def test_a_position_shared_there_is_that_of_the_place(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:5])
    far = someone.share(48.7789, 2.2911)
    assert far.text.startswith("Cette position est loin de la commune.")
    assert far.asks_position
    assert someone.share(48.9, 2.21).text == "La position du lieu est notée. Et sa rue, avec le numéro ?"
    someone.give(*ANSWERS[5:], ("tap", "Oui, l'ajouter au guide"))
    (row,) = entries(people)
    assert (row["latitude"], row["longitude"], row["exact"]) == (48.9, 2.21, True)
    assert row["adresse"] == "12 rue de l'Essai"


def test_a_town_written_after_the_street_is_not_said_twice(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:5], ("say", "12 rue de l'Essai, 92000 Nanterre"), *ANSWERS[6:])
    someone.tap("Oui, l'ajouter au guide")
    assert (entries(people)[0]["adresse"], entries(people)[0]["code_postal"]) == ("12 rue de l'Essai", "92000")


def test_hours_are_said_back_and_asked_again_when_they_are_not_understood(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:8])
    assert someone.say("quand il fait beau").text.startswith("Je ne suis pas sûr de comprendre ces horaires.\nQuand")
    assert "J'ai compris : lundi" in someone.say("lundi 9h-12h").text
    assert someone.tap("Non").text.startswith("D'accord. Écrivez-les autrement.")
    assert "J'ai compris : mardi" in someone.say("mardi 14h-17h").text
    assert "J'ai compris : lundi" in someone.say("lundi 9h-12h\nmardi 14h-17h").text
    someone.give(("say", "oui"), *ANSWERS[10:], ("tap", "Oui, l'ajouter au guide"))
    row = entries(people)[0]
    assert (row["horaires_osm"], row["moments"]) == ("Mo 09:00-12:00; Tu 14:00-17:00; PH off", ["semaine"])
    assert row["horaires"] == "lundi 9h-12h ; mardi 14h-17h"


def test_an_email_and_a_site_are_read_from_one_answer(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:7])
    assert someone.say("facebook").text.startswith("Je ne reconnais pas")
    someone.give(("say", "contact@exemple.fr www.exemple.fr"), *ANSWERS[8:], ("tap", "Oui, l'ajouter au guide"))
    row = entries(people)[0]
    assert (row["courriel"], row["site_web"]) == ("contact@exemple.fr", "https://www.exemple.fr")


def test_needs_are_those_of_the_kind_and_can_be_changed(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:3])
    assert "✓ Manger" in someone.labels()
    someone.tap("Voir du monde")
    someone.tap("✓ Manger")
    someone.tap("Manger")
    assert {"✓ Manger", "✓ Voir du monde"} <= set(someone.labels())
    someone.give(*ANSWERS[3:], ("tap", "Oui, l'ajouter au guide"))
    assert entries(people)[0]["needs"] == ["lien-social", "alimentation"]


def test_a_place_answers_one_need_at_least(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:3])
    someone.tap("✓ Manger")
    assert "C'est tout" not in someone.labels()
    assert someone.press("needs:fini").text.startswith("Touchez une ou plusieurs réponses")


def test_the_kind_that_the_name_tells_comes_first_and_all_can_be_seen(people: People, someone: Person) -> None:
    begin(someone, ("say", "Repair café des Essais"), ("say", "Nanterre"))
    assert someone.labels()[0] == "Repair café"
    seen = set(someone.labels())
    for _page in range(3):
        someone.tap("D'autres genres")
        seen |= set(someone.labels())
    assert {"Autre lieu", "Tiers-lieu", "Bagagerie"} <= seen
    assert someone.say("bagagerie").text.startswith("À quoi répond-il ?")


def test_a_wrong_phone_is_asked_again(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:6])
    assert someone.say("demain").text.startswith("Je ne reconnais pas un numéro de téléphone.")
    assert someone.say("01 47 29 50 50").text == "A-t-il une adresse de courriel, ou un site ?"


# ---- back, and changing one's mind -----------------------------------------------------------------


def test_each_question_can_be_gone_back_on(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:6])
    assert someone.tap("Retour").text.startswith("À quelle adresse ?")
    assert someone.tap("Retour").text == "Qu'y fait-on ? Une phrase ou deux."
    assert someone.say("retour").text == "À quoi répond-il ? Touchez tout ce qui convient."
    someone.give(*ANSWERS[3:], ("tap", "Retour"))
    assert someone.give(ANSWERS[-1]).cards[0].title == "La Marmite"


def test_going_back_from_the_first_question_is_where_one_was(people: People, someone: Person) -> None:
    someone.start()
    someone.say("manger")
    begin(someone)
    assert someone.tap("Retour").text.startswith("Où cherchez-vous ?")


def test_when_it_is_over_one_finds_again_what_one_was_doing(people: People, someone: Person) -> None:
    someone.start()
    someone.say("manger")
    begin(someone, *ANSWERS, ("tap", "Oui, l'ajouter au guide"))
    assert someone.tap("Continuer").text.startswith("Où cherchez-vous ?")


def test_one_answer_is_changed_and_the_others_are_kept(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS, ("tap", "Changer une réponse"), ("tap", "Le téléphone"))
    shown = someone.say("01 02 03 04 05")
    assert "Téléphone : 01 02 03 04 05" in shown.cards[0].lines
    assert "Site : https://www.exemple.fr" in shown.cards[0].lines
    someone.tap("Changer une réponse")
    assert someone.tap("Rien").cards == shown.cards


def test_going_back_while_one_answer_is_changed_keeps_the_others(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS, ("tap", "Changer une réponse"), ("tap", "Le téléphone"))
    assert someone.tap("Retour").text.startswith("À quelle adresse ?")
    assert someone.say("14 rue de l'Essai").text == "Quel est son numéro de téléphone ?"
    lines = someone.say("01 02 03 04 05").cards[0].lines
    assert {"14 rue de l'Essai, 92000 Nanterre", "Site : https://www.exemple.fr"} < set(lines)


def test_another_town_has_another_address(people: People) -> None:
    coordinator = people.with_a_role("2003", Role.COORDINATEUR, ("92",))
    begin(coordinator, *ANSWERS, ("tap", "Changer une réponse"), ("tap", "La commune"))
    assert coordinator.say("Sceaux").text.startswith("À quelle adresse ?")
    lines = coordinator.say("1 rue de l'Essai").cards[0].lines
    assert {"1 rue de l'Essai, 92330 Sceaux", "Téléphone : 01 47 29 50 50"} < set(lines)


def test_another_name_is_looked_for_again_in_the_town(people: People, someone: Person) -> None:
    people.entry(1, nom="Le Chaudron")
    begin(someone, *ANSWERS, ("tap", "Changer une réponse"), ("tap", "Le nom"), ("say", "Le Chaudron"))
    assert someone.say("Nanterre").text == "Ce lieu est peut-être déjà dans le guide."


def test_words_instead_of_a_button_at_the_end_show_the_buttons_again(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS)
    someone.say("euh")
    assert "Oui, l'ajouter au guide" in someone.labels()


# ---- what is there already ------------------------------------------------------------------------


def test_a_place_that_is_there_already_is_shown_first(people: People, someone: Person) -> None:
    known = people.entry(1, nom="La Marmitte", kind="cantine-participative")
    for number, nom in enumerate(("Un tout autre lieu", "Le Vélo bleu"), start=2):
        people.entry(number, nom=nom)
    shown = begin(someone, *ANSWERS[:2])
    assert shown.text == "Ce lieu est peut-être déjà dans le guide."
    assert [card.title for card in shown.cards] == ["La Marmitte"]
    assert [button.data for card in shown.cards for button in card.choices] == [f"corriger:{known}"]
    someone.give(("tap", "Non, c'est un autre lieu"), *ANSWERS[2:], ("tap", "Oui, l'ajouter au guide"))
    assert [row["nom"] for row in entries(people)][-1] == "La Marmite"


def test_the_place_that_was_there_is_corrected_instead(people: People, someone: Person) -> None:
    people.entry(1, nom="La Marmitte")
    begin(someone, *ANSWERS[:2])
    someone.tap("C'est celui-ci")
    assert "La Marmitte" in str(someone.replies)
    assert len(entries(people)) == 1


def test_at_most_three_are_shown_and_none_that_is_closed(people: People, someone: Person) -> None:
    people.entry(1, nom="La Marmite", status="closed")
    for number in range(2, 7):
        people.entry(number, nom="La Marmite")
    assert len(begin(someone, *ANSWERS[:2]).cards) == 3


def test_the_same_name_in_another_town_is_another_place(people: People, someone: Person) -> None:
    people.entry(1, nom="La Marmite", code_insee="92071", commune="Sceaux", latitude=48.7789, longitude=2.2911)
    assert begin(someone, *ANSWERS[:2]).text == "Quel genre de lieu est-ce ?"


def test_the_same_name_just_across_the_border_is_shown(people: People, someone: Person) -> None:
    people.entry(1, nom="La Marmite", code_insee="92063", commune="Rueil-Malmaison", latitude=48.8930)
    assert [card.title for card in begin(someone, *ANSWERS[:2]).cards] == ["La Marmite"]


# ---- who may ---------------------------------------------------------------------------------------


def test_a_resident_is_thanked_and_told_whom_to_speak_to(people: People) -> None:
    resident = people.person("3001")
    said = resident.say("ajouter un lieu")
    assert said.text.startswith("Merci d'y penser. Les correspondants du guide ajoutent les lieux.")
    assert resident.labels() == ["Continuer"]


def test_a_resident_whose_commune_is_known_is_told_of_its_town_hall() -> None:
    here = State("orientation", {"lieu": {"insee": "92050", "shared": False}})
    turn = advance(here, Event(Gesture.SAID, "ajouter"), MemoryDesk())
    assert turn.replies[0].text.endswith("La mairie de Nanterre peut vous orienter : 01 47 29 50 50.")
    assert (turn.state, turn.effects) == (here, ())


def test_a_social_worker_is_sent_to_a_correspondent(people: People) -> None:
    worker = people.with_a_role("3002", Role.TRAVAILLEUR_SOCIAL)
    assert "les correspondants du guide ajoutent les lieux" in worker.say("ajouter").text
    assert draft_of(people) is None


def test_a_place_outside_of_the_territory_is_refused_and_another_can_be_given(people: People, someone: Person) -> None:
    said = begin(someone, ("say", "La Marmite"), ("say", "Sceaux"))
    assert said.text.startswith("Sceaux n'est pas dans votre territoire.")
    assert someone.say("Nanterre").text == "Quel genre de lieu est-ce ?"


def test_who_looks_after_one_kind_adds_no_other(people: People) -> None:
    gardener = people.with_a_role("2002", Role.CORRESPONDANT, kinds=(Kind.JARDIN_PARTAGE,))
    begin(gardener, *ANSWERS[:2])
    assert gardener.labels() == ["Jardin partagé", "Retour"]
    assert gardener.press("kind:cantine-participative").text.startswith("Touchez ce qui lui ressemble")


def test_a_coordinator_adds_in_the_whole_department(people: People) -> None:
    coordinator = people.with_a_role("2003", Role.COORDINATEUR, ("92",))
    begin(coordinator, ("say", "La Marmite"), ("say", "Sceaux"), *ANSWERS[2:], ("tap", "Oui, l'ajouter au guide"))
    assert [(row["commune"], row["verified_role"]) for row in entries(people)] == [("Sceaux", "coordinateur")]


def end_the_role(people: People, number: str) -> None:
    with writing(people.engine) as connection:
        (mandate,) = held_by(connection, (CHANNEL, number))
        assert revoke(connection, mandate.id, Role.COORDINATEUR, TUESDAY)


def test_who_is_revoked_in_the_middle_is_told_at_the_next_answer(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:6])
    end_the_role(people, "2001")
    assert someone.say("0147295050").text == "Ce n'est plus à vous d'ajouter ce lieu. Merci quand même."
    assert someone.labels() == ["Continuer"]
    assert draft_of(people) is None


def test_who_is_revoked_and_speaks_of_a_danger_gets_the_number_then_is_told(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:4])
    end_the_role(people, "2001")
    assert "115" in someone.say("Pour qui dort dehors ce soir.").text
    people.with_a_role("2001", Role.CORRESPONDANT)
    assert someone.tap("Continuer").text == "Ce n'est plus à vous d'ajouter ce lieu. Merci quand même."
    assert draft_of(people) is None


def test_who_is_revoked_before_the_last_tap_adds_nothing(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS)
    end_the_role(people, "2001")
    assert someone.tap("Oui, l'ajouter au guide").text.startswith("Merci d'y penser.")
    assert entries(people) == []


def test_who_left_the_commune_meanwhile_adds_nothing(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS)
    with writing(people.engine) as connection:
        leave(connection, (CHANNEL, "2001"), TUESDAY)
    people.with_a_role("2001", Role.CORRESPONDANT, ("92071",))
    confirm = next(one.data for one in someone.buttons() if one.label == "Oui, l'ajouter au guide")
    assert someone.press(confirm).text == "Ce n'est plus à vous d'ajouter ce lieu. Merci quand même."
    assert entries(people) == []


# ---- gone on with later ----------------------------------------------------------------------------


def test_a_place_is_gone_on_with_after_the_conversation_was_dropped(people: People, someone: Person) -> None:
    with time_machine.travel(TUESDAY) as clock:
        begin(someone, *ANSWERS[:6])
        clock.shift(timedelta(days=3))
        with writing(people.engine) as connection:
            connection.execute(conversations.delete())
        assert someone.say("ajouter").text == WAITING
        assert someone.tap("Reprendre là où j'en étais").text == "Quel est son numéro de téléphone ?"
        someone.give(*ANSWERS[6:], ("tap", "Oui, l'ajouter au guide"))
    assert [row["nom"] for row in entries(people)] == ["La Marmite"]
    assert draft_of(people) is None


def test_one_may_begin_again_instead(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:6])
    someone.say("ajouter")
    assert someone.tap("Recommencer").text == FIRST
    someone.say("Le Chaudron")
    assert draft_of(people)["ajout"]["nom"] == "Le Chaudron"
    assert "telephone" not in draft_of(people)["ajout"]


def test_what_was_left_for_thirty_days_is_no_longer_offered(people: People, someone: Person) -> None:
    with time_machine.travel(TUESDAY) as clock:
        begin(someone, *ANSWERS[:6])
        clock.shift(timedelta(days=30, minutes=1))
        assert someone.say("ajouter").text == FIRST


def test_the_draft_is_told_among_what_is_kept(people: People, someone: Person) -> None:
    with time_machine.travel(TUESDAY):
        begin(someone, *ANSWERS[:1])
        kept = someone.say("mes données").text
    assert "Un lieu que vous ajoutez : « La Marmite », commencé le mardi 24 novembre." in kept.splitlines()


# ---- once, and by nobody else ----------------------------------------------------------------------


def test_a_double_tap_makes_one_entry(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS)
    confirm = next(one.data for one in someone.buttons() if one.label == "Oui, l'ajouter au guide")
    someone.press(confirm)
    assert someone.press(confirm).text == "C'est déjà dans le guide. Merci."
    assert len(entries(people)) == 1


FORGED = (
    "ajouter:oui=", f"ajouter:oui={'0' * 32}", "ajouter:oui", "ajouter:fiche=1", "ajouter:changer=jeton",
    "ajouter:changer", "ajouter:reprendre", "ajouter:" + "x" * 50, "monographie:", "monographie:1", "monographie:1=oui",
    "monographie:" + "9" * 50, "lieu:99999", "lieu:92071=autre", "kind:palais", "kind:page=9999", "kind:page=-1",
    "needs:or", "publics:fini", "frais:cher", "methode:", "horaires:oui", "nom:", "nom:passer", "description:passer",
)  # fmt: skip


@pytest.mark.parametrize("step", range(0, len(ANSWERS) + 1, 4))
def test_a_forged_button_is_answered_and_writes_nothing(people: People, someone: Person, step: int) -> None:
    for data in FORGED:
        begin(someone)
        someone.press("ajouter:nouveau")
        someone.give(*ANSWERS[:step])
        someone.press(data)
        assert someone.replies[-1].text or someone.replies[-1].cards
        assert someone.labels()
    assert entries(people) == []


def test_a_forged_button_of_somebody_without_a_role_does_nothing(people: People) -> None:
    people.entry(1)
    resident = people.person("3001")
    for data in FORGED:
        resident.press(data)
        assert resident.labels()
    assert draft_of(people) is None
    assert len(entries(people)) == 1


def test_nobody_confirms_what_somebody_else_is_adding(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS)
    confirm = next(one.data for one in someone.buttons() if one.label == "Oui, l'ajouter au guide")
    other = people.with_a_role("2009", Role.CORRESPONDANT)
    assert other.press(confirm).text == "Ce bouton n'est plus valable."
    assert entries(people) == []


# ---- whatever is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("nom", ["<b>La & Marmite</b>", "=1+1", "'; DROP TABLE initiatives; --"])
def test_hostile_words_are_kept_as_they_were_written(people: People, someone: Person, nom: str) -> None:
    begin(someone, ("say", f"  {nom}\n "), *ANSWERS[1:], ("tap", "Oui, l'ajouter au guide"))
    assert entries(people)[0]["nom"] == nom


@pytest.mark.parametrize("said", ["a\x00b", "a\ud800b", "\u200b", " \n "])
def test_what_is_no_text_is_refused(people: People, someone: Person, said: str) -> None:
    begin(someone)
    assert someone.say(said).text == f"Je n'ai pas pu lire. Écrivez votre réponse avec des mots.\n{FIRST}"


def test_ten_thousand_characters_are_refused_at_each_question(people: People, someone: Person) -> None:
    begin(someone)
    for gesture, what in ANSWERS:
        before = draft_of(people)
        someone.say("x" * 10_000)
        assert draft_of(people) == before
        someone.give((gesture, what)) if what != "Oui, c'est ça" else someone.give(*ANSWERS[8:10])
    assert someone.replies[-1].cards[0].title == "La Marmite"


def test_a_danger_heard_in_an_answer_gives_the_number_and_keeps_the_answer(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:4])
    assert "115" in someone.say("Pour qui dort dehors ce soir.").text
    assert someone.tap("Continuer").text.startswith("À quelle adresse ?")
    someone.give(*ANSWERS[5:], ("tap", "Oui, l'ajouter au guide"))
    assert entries(people)[0]["description"] == "Pour qui dort dehors ce soir."


def test_words_said_after_the_numbers_to_call_ask_the_next_question(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:4])
    someone.say("Pour qui dort dehors ce soir.")
    assert someone.say("d'accord").text.startswith("À quelle adresse ?")
    assert draft_of(people)["ajout"]["description"] == "Pour qui dort dehors ce soir."


def test_whom_a_place_is_for_is_no_danger(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS[:4], ("say", "Pour les femmes victimes de violences."), *ANSWERS[5:])
    someone.tap("Oui, l'ajouter au guide")
    assert entries(people)[0]["description"] == "Pour les femmes victimes de violences."


# ---- telling more of a place -----------------------------------------------------------------------

TOLD = ("Une cuisine où l'on vient à plusieurs.", "Des voisins.", "Tout le monde.", "On pousse la porte.", "Joyeuse.")


def test_a_place_is_told_with_short_questions(people: People, someone: Person) -> None:
    begin(someone, *ANSWERS, ("tap", "Oui, l'ajouter au guide"), ("tap", "Raconter ce lieu (monographie)"))
    someone.give(*(("say", words) for words in TOLD))
    assert someone.replies[-1].cards[0].lines[0] == "Ce que c'est : Une cuisine où l'on vient à plusieurs."
    assert someone.tap("Oui, le garder").text == "C'est fait, merci. Ce lieu est raconté."
    (row,) = entries(people)
    first, *more = row["description"].split("\n")
    assert first == "On y cuisine ensemble le midi. On mange pour 2 euros."
    assert more[-1] == "L'ambiance : Joyeuse."
    assert draft_of(people) is None
    assert "L'ambiance : Joyeuse." in someone.tap("Voir la fiche").cards[0].lines[0]


def test_what_was_told_is_replaced_and_the_rest_of_the_description_stays(people: People, someone: Person) -> None:
    known = people.entry(1, description="On y mange.\nLe midi.\nL'ambiance : triste.")
    someone.press(f"monographie:{known}")
    someone.give(*(("tap", "Je ne sais pas"),) * 4, ("say", "Joyeuse."), ("tap", "Oui, le garder"))
    assert people.column(known, "description") == "On y mange.\nLe midi.\nL'ambiance : Joyeuse."


def test_a_tale_is_gone_on_with_later(people: People, someone: Person) -> None:
    known = people.entry(1)
    someone.press(f"monographie:{known}")
    someone.give(("say", TOLD[0]), ("say", TOLD[1]))
    with writing(people.engine) as connection:
        connection.execute(conversations.delete())
    assert someone.press(f"monographie:{known}").text == "Pour qui est-ce ?"
    assert "Un lieu que vous racontez : Lieu 1" in someone.say("mes données").text


def test_a_tale_of_nothing_changes_nothing(people: People, someone: Person) -> None:
    known = people.entry(1)
    someone.press(f"monographie:{known}")
    someone.give(*(("tap", "Je ne sais pas"),) * 5)
    assert someone.replies[-1].text == "Vous n'avez rien écrit : la fiche reste comme elle est."
    assert people.column(known, "description") == "On y mange ensemble."
    assert draft_of(people) is None


def test_nobody_tells_of_a_place_that_is_not_theirs(people: People, someone: Person) -> None:
    far = people.entry(1, code_insee="92071", commune="Sceaux")
    for person in (someone, people.person("3001"), people.with_a_role("3002", Role.TRAVAILLEUR_SOCIAL)):
        for data in (f"monographie:{far}", f"monographie:{far}=oui", f"monographie:{far}=nouveau"):
            assert person.press(data).text == "Ce n'est pas à vous de raconter ce lieu. Merci quand même."
    assert people.column(far, "description") == "On y mange ensemble."


def test_who_is_revoked_while_telling_is_told_at_the_next_answer(people: People, someone: Person) -> None:
    someone.press(f"monographie:{people.entry(1)}")
    someone.say(TOLD[0])
    end_the_role(people, "2001")
    assert someone.say(TOLD[1]).text == "Ce n'est pas à vous de raconter ce lieu. Merci quand même."
    assert someone.labels() == ["Continuer"]
    assert draft_of(people) is None


def test_what_was_told_can_be_gone_back_on(people: People, someone: Person) -> None:
    someone.press(f"monographie:{people.entry(1)}")
    someone.give(*(("say", words) for words in TOLD))
    assert someone.tap("Retour").text == "Quelle est l'ambiance ?"
    assert someone.say("Calme.").cards[0].lines[-1] == "L'ambiance : Calme."


def test_a_place_and_a_tale_are_kept_side_by_side(people: People, someone: Person) -> None:
    known = people.entry(1)
    begin(someone, *ANSWERS[:4])
    someone.press(f"monographie:{known}")
    someone.say(TOLD[0])
    assert set(draft_of(people)) == {"ajout", "monographie"}
    with reading(people.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(drafts)) == 1
