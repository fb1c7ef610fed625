"""A coordinator in the chat: the state of the territory, inviting, the team, and nothing beyond their own codes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, delete, func, insert, select

from catalogue.database import reading, writing
from catalogue.entries import Mandate
from catalogue.needs import Kind, Role
from catalogue.roles import MOST_LINKS, held_by, invite, new_secret
from catalogue.tables import invitations, role_changes, roles
from tests.people import CHANNEL, People, Person

ELSEWHERE = {"commune": "Sceaux", "code_insee": "92071", "code_postal": "92330"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def people(engine: Engine) -> People:
    guide = People(engine)
    guide.runner.telegram = "bonne_porte_bot"
    return guide


@pytest.fixture
def coordinator(people: People) -> Person:
    return people.with_a_role("900", Role.COORDINATEUR)


def held(people: People, number: str) -> list[tuple[Role, tuple[str, ...], tuple[int, ...], tuple[Kind, ...]]]:
    with reading(people.engine) as connection:
        theirs = held_by(connection, (CHANNEL, number))
    return [(one.role, one.codes, one.initiatives, one.kinds) for one in theirs]


def count(people: People, table: Any) -> int:
    with reading(people.engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def payload(text: str) -> str:
    """What the link of a message carries."""
    (found,) = re.findall(r"https://t\.me/bonne_porte_bot\?start=(i[0-9a-f]{32})\b", text)
    return str(found)


def accepts(people: People, number: str, link: str) -> bool:
    """Whether a link gives somebody a role."""
    before = len(held(people, number))
    person = people.person(number)
    person.start(link)
    if "J'accepte" in person.labels():
        person.tap("J'accepte")
    return len(held(people, number)) > before


@pytest.mark.parametrize("words", ["équipe", "equipe", "mon territoire", "Équipe"])
def test_a_coordinator_reads_the_state_of_their_territory(people: People, coordinator: Person, words: str) -> None:
    people.entry(1)
    said = coordinator.say(words).text
    assert said.startswith("Votre territoire : Nanterre.\n1 fiche ouverte.")
    assert "Sans correspondant : 1." in said
    assert coordinator.labels() == ["Inviter", "Voir l'équipe", "Continuer"]


@pytest.mark.parametrize("role", [None, Role.CORRESPONDANT, Role.ORGANISATEUR, Role.TRAVAILLEUR_SOCIAL])
@pytest.mark.parametrize(
    "data", ["equipe:", "equipe-roles:", "equipe-retirer:1.1=oui", "inviter:", "inviter:correspondant"]
)
def test_whoever_coordinates_nothing_is_told_so_and_does_nothing(people: People, role: Role | None, data: str) -> None:
    somebody = people.with_a_role("100", role, runs_or_not(role)) if role else people.person("100")
    before = count(people, role_changes)
    said = somebody.press(data).text
    assert "réservé aux coordinateurs" in said or "pas à vous" in said
    assert "Continuer" in somebody.labels()
    assert count(people, role_changes) == before


def runs_or_not(role: Role) -> tuple[str, ...]:
    return () if role is Role.ORGANISATEUR else ("92050",)


def test_a_correspondent_is_invited_for_a_commune_and_some_kinds(people: People, coordinator: Person) -> None:
    coordinator.say("équipe")
    coordinator.tap("Inviter")
    assert coordinator.labels()[:3] == ["Correspondant du guide", "Organisateur", "Travailleur social"]
    assert "Pour quelles communes ou intercommunalités ?" in coordinator.tap("Correspondant du guide").text
    assert coordinator.say("nanterre").text == "C'est noté : Nanterre. Une autre commune ?"
    coordinator.tap("C'est tout")
    coordinator.tap("Jardin partagé")
    coordinator.tap("Tiers-lieu")
    coordinator.tap("✓ Tiers-lieu")
    assert "Jardin partagé" in coordinator.tap("C'est tout").text
    said = coordinator.tap("Faire le lien").text
    assert "Voici l'invitation : correspondant du guide pour Nanterre (Jardin partagé)." in said
    assert "Le lien sert une fois, pendant 48 heures." in said
    assert accepts(people, "101", payload(said))
    assert held(people, "101") == [(Role.CORRESPONDANT, ("92050",), (), (Kind.JARDIN_PARTAGE,))]
    assert not accepts(people, "102", payload(said))
    coordinator.press("accord-inviter:oui")
    assert count(people, invitations) == 2  # the coordinator's own, and this one: a second tap makes none


def test_a_role_is_given_for_the_whole_territory(people: People) -> None:
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("92", "75056"))
    coordinator.press("inviter:correspondant")
    assert "Pour quels types" in coordinator.say("tout mon territoire").text
    coordinator.tap("Tous les types")
    assert accepts(people, "101", payload(coordinator.tap("Faire le lien").text))
    assert held(people, "101") == [(Role.CORRESPONDANT, ("75056", "92"), (), ())]


def test_a_social_worker_is_invited_sees_their_role_and_quits_it(people: People, coordinator: Person) -> None:
    coordinator.press("inviter:travailleur-social")
    coordinator.tap("Tout mon territoire")
    link = payload(coordinator.tap("Faire le lien").text)
    worker = people.person("101")
    assert "Quand vous signalez une erreur" in worker.start(link).text
    worker.tap("J'accepte")
    assert held(people, "101") == [(Role.TRAVAILLEUR_SOCIAL, ("92050",), (), ())]
    assert "Votre rôle : travailleur social pour Nanterre." in worker.say("mes données").text
    worker.tap("Quitter mon rôle")
    worker.tap("Oui, le quitter")
    assert held(people, "101") == []


def test_an_organiser_is_invited_by_the_number_or_the_name_of_their_entry(people: People, coordinator: Person) -> None:
    entry = people.entry(1, nom="La Ressourcerie des Fontaines")
    for said in (str(entry), "ressourcerie des fontaines"):
        coordinator.press("inviter:organisateur")
        assert "Votre invitation : organisateur pour La Ressourcerie des Fontaines." in coordinator.say(said).text
    assert accepts(people, "101", payload(coordinator.tap("Faire le lien").text))
    assert held(people, "101") == [(Role.ORGANISATEUR, (), (entry,), ())]


def test_an_entry_is_found_by_its_name_and_its_town(people: People) -> None:
    people.entry(1, nom="La Ressourcerie des Fontaines", latitude=48.7789, longitude=2.2911, **ELSEWHERE)
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("92",))
    coordinator.press("inviter:organisateur")
    assert "La Ressourcerie des Fontaines" in coordinator.say("ressourcerie des fontaines sceaux").text


def test_an_entry_of_elsewhere_is_not_given(people: People, coordinator: Person) -> None:
    elsewhere = people.entry(1, nom="La Ressourcerie des Fontaines", **ELSEWHERE)
    for said in (str(elsewhere), "ressourcerie des fontaines", "999", "9" * 40, "²"):
        coordinator.press("inviter:organisateur")
        assert "Je ne trouve pas ce lieu dans votre territoire." in coordinator.say(said).text
        assert "Je ne trouve pas" in coordinator.press(f"fiche-inviter:{said}").text
        assert "Retour" in coordinator.labels()


@pytest.mark.parametrize("insee", ["92071", "92", "75056", "", "99999", "x" * 50])
def test_a_forged_commune_is_not_given(people: People, coordinator: Person, insee: str) -> None:
    coordinator.press("inviter:correspondant")
    coordinator.press(f"ou-inviter:{insee}")
    coordinator.press("ou-inviter:fini")
    coordinator.press("types-inviter:tout")
    coordinator.press("accord-inviter:oui")
    assert count(people, invitations) == 1  # the coordinator's own


def test_a_commune_of_elsewhere_or_unknown_is_said_to_be_so(coordinator: Person) -> None:
    coordinator.press("inviter:correspondant")
    assert coordinator.say("Sceaux").text == "Sceaux n'est pas dans votre territoire."
    assert "Je ne connais pas cette commune" in coordinator.say("zzzzzzzz").text
    assert "C'est tout" not in coordinator.labels()


def test_a_correspondent_is_invited_for_an_intercommunality(people: People) -> None:
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("92",))
    coordinator.press("inviter:correspondant")
    assert coordinator.say("vallee sud").text == "C'est noté : Vallée Sud-Grand Paris. Une autre commune ?"
    said = coordinator.say("nanterre").text
    assert said == "C'est noté : Vallée Sud-Grand Paris et Nanterre. Une autre commune ?"
    coordinator.tap("C'est tout")
    said = coordinator.tap("Tous les types").text
    assert "correspondant du guide pour Vallée Sud-Grand Paris et Nanterre." in said
    link = payload(coordinator.tap("Faire le lien").text)
    assert accepts(people, "101", link)
    assert held(people, "101") == [(Role.CORRESPONDANT, ("200057966", "92050"), (), ())]
    assert "Vallée Sud-Grand Paris et Nanterre" in people.person("101").say("mes données").text


def test_the_intercommunalities_of_a_name_are_shown_to_choose_from(people: People) -> None:
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("70", "74"))
    coordinator.press("inviter:correspondant")
    assert coordinator.say("quatre rivieres").text == "De quelle intercommunalité parlez-vous ?"
    noted = coordinator.tap("Communauté de communes des Quatre Rivières (70)").text
    assert noted == "C'est noté : Communauté de communes des Quatre Rivières. Une autre commune ?"
    assert coordinator.say("agglo de nanterre").text != "C'est noté : Nanterre. Une autre commune ?"


def test_an_intercommunality_of_elsewhere_is_said_to_be_so(people: People) -> None:
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("200057966",))
    coordinator.press("inviter:correspondant")
    for said in ("agglo grand paris seine ouest", "200057974"):
        assert coordinator.say(said).text == "Grand Paris Seine Ouest n'est pas dans votre territoire."
    assert "n'est pas dans" in coordinator.press("ou-inviter:200057974").text
    assert "Je ne connais pas" in coordinator.press("ou-inviter:200099999").text
    assert coordinator.say("Sceaux").text == "C'est noté : Sceaux. Une autre commune ?"


def test_the_state_of_an_intercommunality_is_named_and_one_that_is_not_known_any_more_is_said(people: People) -> None:
    people.entry(1, **ELSEWHERE)
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("200057966",))
    assert "Votre territoire : Vallée Sud-Grand Paris.\n1 fiche ouverte." in coordinator.say("équipe").text
    people.with_a_role("900", Role.COORDINATEUR, ("200099999",))
    unknown = "l'intercommunalité n° 200099999 (inconnue : aucune de ses communes n'est suivie)"
    assert unknown in coordinator.say("équipe").text
    assert unknown in coordinator.say("mes données").text


def test_an_organiser_is_found_by_name_in_an_intercommunality(people: People) -> None:
    people.entry(1, nom="La Ressourcerie des Fontaines", latitude=48.7789, longitude=2.2911, **ELSEWHERE)
    coordinator = people.with_a_role("900", Role.COORDINATEUR, ("200057966",))
    coordinator.press("inviter:organisateur")
    assert "La Ressourcerie des Fontaines" in coordinator.say("ressourcerie des fontaines").text


def test_a_commune_that_was_misspelt_is_understood_or_asked_again(coordinator: Person) -> None:
    coordinator.press("inviter:correspondant")
    assert "Nanterre" in coordinator.say("nantere").text
    assert "C'est tout" in coordinator.labels()


@pytest.mark.parametrize("forged", ["inviter:coordinateur", "inviter:organisateur;", "inviter:habitant"])
def test_a_coordinator_is_not_invited_in_the_chat(coordinator: Person, forged: str) -> None:
    assert coordinator.press(forged).text == "Quel rôle proposez-vous ?"
    assert not any("oordinateur" in label for label in coordinator.labels())


def test_nothing_is_made_when_the_answer_is_no_and_one_goes_on_where_one_was(
    people: People, coordinator: Person
) -> None:
    coordinator.start("besoin")
    coordinator.press("inviter:travailleur-social")
    coordinator.tap("Tout mon territoire")
    assert "aucun lien" in coordinator.tap("Ne rien faire").text
    assert "De quoi avez-vous besoin ?" in coordinator.tap("Continuer").text
    assert count(people, invitations) == 1


def test_one_goes_back_through_an_invitation(coordinator: Person) -> None:
    coordinator.press("inviter:correspondant")
    coordinator.tap("Tout mon territoire")
    coordinator.tap("Tous les types")
    assert "Pour quels types" in coordinator.tap("Retour").text
    assert "Pour quelles communes" in coordinator.tap("Retour").text
    assert "De quoi avez-vous besoin ?" in coordinator.tap("Retour").text


def test_the_day_s_last_link_is_said_politely(people: People, coordinator: Person) -> None:
    coordinator.press("inviter:travailleur-social")
    coordinator.tap("Tout mon territoire")
    with writing(people.engine) as connection:
        for _ in range(MOST_LINKS - 1):
            invite(connection, Mandate(0, Role.CORRESPONDANT, ("75",), ()), new_secret(), Role.COORDINATEUR, NOON)
    assert "Revenez demain" in coordinator.tap("Faire le lien").text
    assert "Revenez demain" in coordinator.press("inviter:").text
    assert count(people, invitations) == MOST_LINKS


def test_a_coordinator_who_is_revoked_in_the_middle_makes_no_link(people: People, coordinator: Person) -> None:
    coordinator.press("inviter:travailleur-social")
    coordinator.tap("Tout mon territoire")
    with writing(people.engine) as connection:
        connection.execute(delete(roles))
    assert "Ce n'est plus à vous" in coordinator.tap("Faire le lien").text
    assert count(people, invitations) == 1


def test_the_team_is_shown_without_a_name_and_a_role_taken_away_in_two_taps(
    people: People, coordinator: Person
) -> None:
    correspondent = people.with_a_role("20301", Role.CORRESPONDANT)
    people.with_a_role("20302", Role.CORRESPONDANT, ("92071",))
    reply = coordinator.press("equipe-roles:")
    assert reply.text == "1 rôle sur votre territoire."
    (card,) = reply.cards
    assert card.lines == ("Correspondant du guide pour Nanterre", "Depuis le dimanche 22 novembre.")
    assert "20301" not in str(reply)
    coordinator.tap("Retirer")
    assert held(people, "20301")
    assert "C'est retiré" in coordinator.tap("Oui, le retirer").text
    assert held(people, "20301") == []
    assert "réservé" not in correspondent.say("mes données").text
    assert "Personne n'a encore de rôle" in coordinator.tap("Voir l'équipe").text


def test_many_roles_are_shown_a_few_at_a_time(people: People, coordinator: Person) -> None:
    for number in range(7):
        people.with_a_role(f"10{number}", Role.CORRESPONDANT)
    assert len(coordinator.press("equipe-roles:").cards) == 5
    assert len(coordinator.tap("Voir la suite").cards) == 2
    assert len(coordinator.tap("Revoir le début").cards) == 5
    for forged in ("999", "-1", "x", "9" * 50):
        assert coordinator.press(f"equipe-roles:{forged}").cards


def test_forged_and_old_buttons_take_no_role_away(people: People, coordinator: Person) -> None:
    elsewhere = people.with_a_role("102", Role.CORRESPONDANT, ("92071",))
    other = people.with_a_role("103", Role.COORDINATEUR)
    now = int(NOON.timestamp())
    with reading(people.engine) as connection:
        ids = list(connection.scalars(select(roles.c.id)))
    for id_ in ids:
        assert "pas à vous" in coordinator.press(f"equipe-retirer:{id_}.{now}=oui").text
    for forged in ("", "=oui", "x.y=oui", f"{ids[0]}=oui", f"-1.{now}=oui"):
        assert "pas à vous" in coordinator.press(f"equipe-retirer:{forged}").text
    assert all(held(people, one.number) for one in (elsewhere, other, coordinator))


def test_the_number_of_a_role_taken_away_may_serve_again_but_not_its_button(
    people: People, coordinator: Person
) -> None:
    people.with_a_role("101", Role.CORRESPONDANT)
    coordinator.press("equipe-roles:")
    coordinator.tap("Retirer")
    sure = next(choice.data for choice in coordinator.buttons() if choice.label == "Oui, le retirer")
    coordinator.press(sure)
    with time_machine.travel(NOON + timedelta(days=3), tick=False), writing(people.engine) as connection:
        id_ = int(sure.partition(":")[2].partition(".")[0])
        asked = {"kinds": [], "weekly_budget": 5, "weekday": 1, "hour": 10, "since": datetime.now(UTC)}
        row = {"id": id_, "channel": CHANNEL, "person": "104", "role": "travailleur-social"}
        connection.execute(insert(roles), row | asked)
    assert "pas à vous" in coordinator.press(sure).text
    assert held(people, "104")
