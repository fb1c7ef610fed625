"""Every transition of a conversation, on plain values."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.needs import Kind, Need, Reach
from handlers.dialogue import Choice, Event, Gesture, Reply, State, Turn
from handlers.effects import Drop, Forget
from handlers.engine import advance
from tests.handlers.memory import MemoryDesk, initiative

KINDS = (Kind.AMAP, Kind.SEL, Kind.EPICERIE_SOLIDAIRE)
TEN = [initiative(number, kind=KINDS[number % 3]) for number in range(1, 11)]


@dataclass
class Talk:
    """A conversation being had."""

    desk: MemoryDesk = field(default_factory=lambda: MemoryDesk(TEN))
    state: State | None = None
    turn: Turn = field(default_factory=lambda: Turn(None, ()))

    def do(self, event: Event) -> Reply:
        self.turn = advance(self.state, event, replace(self.desk, found={}))
        self.state = self.turn.state
        return self.turn.replies[-1]

    def say(self, words: str) -> Reply:
        return self.do(Event(Gesture.SAID, words))

    def tap(self, data: str) -> Reply:
        return self.do(Event(Gesture.TAPPED, data))

    def start(self, payload: str = "") -> Reply:
        return self.do(Event(Gesture.STARTED, payload))

    def results(self) -> Reply:
        self.start()
        self.tap("besoin:alimentation")
        return self.say("Nanterre")


@pytest.fixture
def talk() -> Talk:
    return Talk()


def labels(reply: Reply) -> list[str]:
    return [choice.label for row in reply.choices for choice in row]


def names(reply: Reply) -> list[str]:
    return [card.title for card in reply.cards]


def test_the_first_message_offers_the_sixteen_needs_two_by_two_and_the_emergency_numbers(talk: Talk) -> None:
    reply = talk.start()
    assert reply.text.startswith("Bonjour")
    assert labels(reply)[:16] == [need.label for need in Need]
    assert {len(row) for row in reply.choices[:8]} == {2}
    assert labels(reply)[16:] == ["Que se passe-t-il près de chez moi ?", "Urgence : les numéros"]


def test_two_answers_are_enough_to_see_three_results(talk: Talk) -> None:
    reply = talk.results()
    assert names(reply) == ["Lieu 1", "Lieu 2", "Lieu 3"]
    assert "Manger, à Nanterre" in reply.text


def test_the_question_worth_asking_is_beside_the_results_and_narrows_them(talk: Talk) -> None:
    reply = talk.results()
    assert reply.after == "Quel genre de lieu ?"
    reply = talk.tap("precision:kind=epicerie-solidaire")
    assert names(reply) == ["Lieu 2", "Lieu 5", "Lieu 8"]
    assert reply.edits
    assert "Épicerie solidaire" in reply.text


def test_whatever_keeps_the_list_and_asks_it_no_more(talk: Talk) -> None:
    talk.results()
    reply = talk.tap("precision:kind=")
    assert names(reply) == ["Lieu 1", "Lieu 2", "Lieu 3"]
    assert "Quel genre" not in reply.after


def test_at_most_two_questions_are_asked() -> None:
    rich = [initiative(n, kind=KINDS[n % 3], accessible=bool(n % 2), publics=()) for n in range(1, 40)]
    talk = Talk(MemoryDesk(rich))
    talk.results()
    asked = 0
    while question := next((c for c in labels(talk.turn.replies[-1]) if c == "Peu importe"), None):
        asked += 1
        data = next(c.data for row in talk.turn.replies[-1].choices for c in row if c.label == question)
        talk.tap(data)
    assert asked == 2


def test_the_rest_of_the_list_is_shown_in_place_and_one_can_return(talk: Talk) -> None:
    talk.results()
    reply = talk.tap("suite:3")
    assert names(reply) == ["Lieu 4", "Lieu 5", "Lieu 6"]
    assert reply.edits
    assert names(talk.tap("suite:0")) == ["Lieu 1", "Lieu 2", "Lieu 3"]


def test_the_last_page_gives_the_town_hall(talk: Talk) -> None:
    talk.results()
    assert "01 47 29 50 50" in talk.tap("suite:9").after


def test_nothing_at_all_still_gives_the_town_hall() -> None:
    talk = Talk(MemoryDesk([]))
    reply = talk.results()
    assert reply.cards == ()
    assert "01 47 29 50 50" in reply.after


def test_what_has_no_place_is_given_no_distance() -> None:
    talk = Talk(MemoryDesk([initiative(1, reach=Reach.NATIONAL)]))
    (card,) = talk.results().cards
    assert "Partout en France" in card.lines
    assert not any("km" in line or " m " in line for line in card.lines)


def test_an_entry_known_by_its_commune_only_is_given_no_distance() -> None:
    talk = Talk(MemoryDesk([initiative(1, exact=False, adresse="rue du Bois")]))
    (card,) = talk.results().cards
    assert "À Nanterre : rue du Bois, 92000 Nanterre" in card.lines


def test_a_tap_on_an_old_button_asks_the_current_question_again(talk: Talk) -> None:
    talk.start()
    talk.tap("besoin:alimentation")
    reply = talk.tap("besoin:sante")
    assert "plus valable" in reply.text
    assert "Où cherchez-vous" in reply.text
    assert reply.asks_position


@given(
    st.text(max_size=80)
    | st.from_regex(r"(besoins?|lieu|precision2?|suite|fiche|contact|autre|changer|effacer):.{0,50}")
)
def test_forged_button_data_never_breaks_a_conversation(data: str) -> None:
    for steps in ((), ("besoin:alimentation",), ("besoin:alimentation", "lieu:92050")):
        talk = Talk()
        talk.start()
        for step in steps:
            talk.tap(step)
        assert talk.tap(data).text or talk.turn.replies[-1].cards
        assert talk.start().text.startswith("Bonjour")


@given(st.text(max_size=4000))
def test_whatever_is_written_gets_an_answer(words: str) -> None:
    talk = Talk()
    for prepare in ("/rien", "manger", "Nanterre"):
        talk.say(prepare)
        assert Talk(state=talk.state).say(words).text


def test_going_back_drops_the_last_answer(talk: Talk) -> None:
    talk.results()
    assert talk.say("retour").asks_position
    assert labels(talk.tap("retour:"))[0] == "Manger"
    assert "au début" in talk.say("Retour").text


def test_starting_again_forgets_the_answers(talk: Talk) -> None:
    talk.results()
    talk.say("recommencer")
    assert talk.state == State("orientation")


def test_cancelling_ends_the_conversation_and_forgets_it(talk: Talk) -> None:
    talk.results()
    talk.say("/annuler")
    assert talk.turn.state is None
    assert talk.turn.effects == (Drop(),)


def test_erasing_asks_once_before(talk: Talk) -> None:
    talk.results()
    assert labels(talk.say("effacer")) == ["Oui, tout effacer", "Non, continuer"]
    assert talk.turn.effects == ()
    talk.tap("effacer:oui")
    assert talk.turn.effects == (Forget(),)


def test_what_is_held_is_shown_in_words(talk: Talk) -> None:
    talk.results()
    held = talk.say("mes données").text
    assert "votre besoin : Manger" in held
    assert "votre commune : Nanterre" in held


def test_not_that_keeps_the_rest(talk: Talk) -> None:
    talk.results()
    talk.tap("autre:")
    talk.tap("changer:besoin")
    assert talk.state is not None
    assert set(talk.state.answers) == {"lieu"}
    talk.tap("besoin:equipement")
    assert "M'équiper, réparer, à Nanterre" in talk.turn.replies[-1].text


def test_a_poster_presets_what_it_carries_and_ignores_the_rest(talk: Talk) -> None:
    assert "à Nanterre" in talk.start("92050").text
    assert names(talk.start("alimentation_92050")) == ["Lieu 1", "Lieu 2", "Lieu 3"]
    assert labels(talk.start("99999_nimporte-quoi_<b>"))[0] == "Manger"


def test_a_printed_guides_link_opens_its_entry_then_searches_around_it(talk: Talk) -> None:
    talk.desk = MemoryDesk([initiative(7, code_insee="92050", telephone="01 47 29 50 50")])
    reply = talk.start("f7")
    assert names(reply) == ["Lieu 7"]
    assert "Téléphone : 01 47 29 50 50" in reply.cards[0].lines
    assert labels(reply) == ["Signaler une erreur", "Chercher autre chose"]
    assert "De quoi avez-vous besoin, à Nanterre ?" in talk.tap("reprendre:").text


@pytest.mark.parametrize("payload", ["f8", "f999999999999999"])
def test_an_entry_that_is_no_longer_there_is_said_so(talk: Talk, payload: str) -> None:
    talk.desk = MemoryDesk([initiative(7)])
    assert "Cette fiche n'est plus dans le guide." in talk.start(payload).text
    assert "De quoi avez-vous besoin ?" in talk.tap("reprendre:").text


@pytest.mark.parametrize("payload", ["f", "f0", "f-1", "f1_92050", "f9999999999999999", "f١"])
def test_what_only_looks_like_an_entry_starts_as_usual(talk: Talk, payload: str) -> None:
    assert "De quoi avez-vous besoin" in talk.start(payload).text


def test_a_place_may_be_asked_for_by_its_name_at_any_moment(talk: Talk) -> None:
    talk.desk = MemoryDesk([initiative(7, nom="L'Agrocité Zorglub")])
    talk.start()
    assert names(talk.say("agrocité zorglub")) == ["L'Agrocité Zorglub"]
    talk.tap("besoin:alimentation")
    reply = talk.say("agrocité zorglub")
    assert "sous ce nom" in reply.text
    assert labels(reply) == ["Chercher autre chose"]
    assert "Où cherchez-vous" in talk.tap("reprendre:").text


def test_a_shared_position_is_answered_from_and_not_kept(talk: Talk) -> None:
    talk.start()
    talk.tap("besoin:alimentation")
    reply = talk.do(Event(Gesture.SHARED, "", 48.8922, 2.2169))
    assert names(reply)[0] == "Lieu 10"
    assert any("de vous" in line for line in reply.cards[0].lines)
    assert talk.state is not None
    assert talk.state.answers["lieu"] == {"insee": "92050", "shared": True}
    assert "48.8922" not in str(talk.state.to_json())
    assert "km" not in str(talk.state.memo)


def test_a_town_may_be_said_or_shared_before_the_need(talk: Talk) -> None:
    talk.start()
    assert "De quoi avez-vous besoin, à Sceaux ?" in talk.say("Sceaux").text
    assert "De quoi avez-vous besoin, à Nanterre ?" in talk.do(Event(Gesture.SHARED, "", 48.8922, 2.2169)).text
    assert "Manger, à Nanterre" in talk.tap("besoin:alimentation").text


def test_another_need_may_be_said_when_the_town_is_asked(talk: Talk) -> None:
    talk.start()
    talk.tap("besoin:alimentation")
    assert talk.say("réparer").asks_position
    assert talk.state == State("orientation", {"besoin": "equipement"})


def test_a_position_far_from_everything_is_said_so(talk: Talk) -> None:
    talk.start()
    talk.tap("besoin:alimentation")
    assert "loin de toutes" in talk.do(Event(Gesture.SHARED, "", 0.0, 0.0)).text


def test_a_photo_is_answered_with_what_is_possible(talk: Talk) -> None:
    talk.start()
    assert labels(talk.do(Event(Gesture.UNREADABLE)))[0] == "Manger"
    talk.tap("besoin:alimentation")
    assert talk.do(Event(Gesture.UNREADABLE)).asks_position


def test_a_group_is_politely_declined_and_nothing_is_kept(talk: Talk) -> None:
    assert "en privé" in talk.do(Event(Gesture.IN_A_GROUP)).text
    assert talk.state is None


def test_the_numbers_to_call_are_one_tap_away_at_any_moment(talk: Talk) -> None:
    for prepare in ("/start", "manger", "Nanterre"):
        talk.say(prepare)
        state = talk.state
        reply = talk.say("urgence")
        assert all(number in reply.text for number in ("15", "3114", "3919", "17", "115", "119", "3018", "3977", "114"))
        assert talk.state == state
    assert "urgence:" in [choice.data for row in talk.say("aide").choices for choice in row]


def test_words_change_the_need_or_the_place_once_results_are_shown(talk: Talk) -> None:
    talk.results()
    assert "à Sceaux" in talk.say("Sceaux").text
    talk.say("réparer")
    assert talk.state is not None
    assert talk.state.answers["besoin"] == "equipement"
    assert talk.state.answers["lieu"]["insee"] == "92071"


def test_a_button_never_carries_more_than_64_bytes(talk: Talk) -> None:
    shown = [talk.start(), talk.results(), talk.tap("suite:3"), talk.tap("fiche:4"), talk.tap("autre:")]
    choices: list[Choice] = [c for reply in shown for row in reply.choices for c in row]
    choices += [c for reply in shown for card in reply.cards for c in card.choices]
    assert all(len(choice.data.encode()) <= 64 for choice in choices)
