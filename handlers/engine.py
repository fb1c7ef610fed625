"""advance(): the only place that moves a conversation. What a person did, and where they were → what is said next."""

from collections.abc import Callable
from dataclasses import replace

from catalogue.needs import Emergency, Need
from catalogue.spelling import fold
from handlers import (
    adding,
    agenda,
    arranging,
    asking,
    campaigning,
    checking,
    correcting,
    later,
    mine,
    nested,
    own_data,
    poster_photo,
    proposing,
    reporting,
    reviewing,
    roles,
    team,
    whole,
)
from handlers.agenda import AGENDA
from handlers.desk import Desk
from handlers.dialogue import Choice, Event, Flow, Gesture, Posed, Reading, Reply, State, Step, Turn, Understood
from handlers.effects import Effect
from handlers.emergency import emergency_answer, emergency_button, emergency_numbers
from handlers.hearing import known_place, located, needing
from handlers.locale import gettext as _
from handlers.orientation import ORIENTATION

_WITH_A_ROLE = (
    *correcting.FLOWS,
    *poster_photo.FLOWS,
    *reporting.FLOWS,
    *adding.FLOWS,
    *team.FLOWS,
    *reviewing.FLOWS,
    *proposing.FLOWS,
)
FLOWS = {flow.name: flow for flow in (ORIENTATION, AGENDA, *_WITH_A_ROLE)}
FIRST = ORIENTATION
_UNASKED = "a-poser"  # in the memo: the numbers to call came instead of the next question

# What is understood at any moment, as a command, a button or a word.
ORDERS = {
    "aide": "aide",
    "help": "aide",
    "?": "aide",
    "urgence": "urgence",
    "urgences": "urgence",
    "retour": "retour",
    "recommencer": "recommencer",
    "annuler": "annuler",
    "stop": "annuler",
    "mesdonnees": "mesdonnees",
    "mes donnees": "mesdonnees",
    "effacer": "effacer",
    "reprendre": "reprendre",
    "mesrappels": "mesrappels",
    "mes rappels": "mesrappels",
    "rappels": "mesrappels",
    "voir mes rappels": "mesrappels",
    "stop les rappels": "tout-arreter",
    "arreter les rappels": "tout-arreter",
    "arreter mes rappels": "tout-arreter",
    "je ne veux plus de rappels": "tout-arreter",
    "plus de rappels": "tout-arreter",
    "tout arreter": "tout-arreter",
    "tout effacer": "effacer",
    "continuer": "reprendre",
    "mes questions": "mesquestions",
    "mesquestions": "mesquestions",
    "ajouter": "ajouter",
    "ajouter un lieu": "ajouter",
    "annoncer": "annoncer",
    "annoncer un rendez vous": "annoncer",
    "ajouter un rendez vous": "annoncer",
    "ajouter un evenement": "annoncer",
    "equipe": "equipe",
    "mon territoire": "equipe",
    "proposer": "proposer",
    "proposer un besoin": "proposer",
    "propositions": "propositions",
}


def advance(state: State | None, event: Event, desk: Desk) -> Turn:
    """Moves a conversation by one event.

    `state` is None when there is none yet, or when it was forgotten. Nothing is sent, saved or timed here.
    """
    if event.kind is Gesture.IN_A_GROUP:
        words = _("Je ne réponds qu'en tête à tête, pour que cela reste entre nous. Écrivez-moi en privé.")
        return Turn(None, (Reply(words),))
    if event.kind is Gesture.SAID and (emergency := desk.danger(event.text)):
        return _in_danger(emergency, state, event, desk)
    if event.kind is Gesture.STARTED:
        return _begin(event.text, desk)
    if event.kind is Gesture.RECEIVED and not takes_photo(state):
        return Turn(state, ())  # they went on to something else: it will be forgotten
    order, value = _order(event)
    if order:
        return _begun(_OBEYED[order](state, value, desk), desk)
    if state and _takes_words(state):
        if event.kind is Gesture.SAID and state.memo.get(_UNASKED):
            return _ask(FLOWS[state.flow], state, desk)
        return _go_on(FLOWS[state.flow], state, event, desk)
    if state and event.photo and takes_photo(state):
        return _go_on(FLOWS[state.flow], state, event, desk)
    if event.kind is Gesture.SAID and (asked := agenda.wanted(state, event.text, desk)):
        return _ask(AGENDA, asked, desk)
    if state is None or state.flow not in FLOWS:
        return _without_a_conversation(event, desk)
    return _go_on(FLOWS[state.flow], state, event, desk)


def _begun(turn: Turn, desk: Desk) -> Turn:
    """What an order leads to: when it says nothing itself, the first question of its conversation."""
    if turn.replies or turn.state is None:
        return turn
    asked = _ask(FLOWS[turn.state.flow], turn.state, desk)
    return replace(asked, effects=(*turn.effects, *asked.effects))


def _takes_words(state: State | None) -> bool:
    """Whether whatever is written is the answer: it may look like anything else."""
    step = _current(FLOWS[state.flow], state) if state and state.flow in FLOWS else None
    return step is not None and step.takes_words


def takes_photo(state: State | None) -> bool:
    """Whether a photo is waited for."""
    step = _current(FLOWS[state.flow], state) if state and state.flow in FLOWS else None
    return step is not None and step.takes_photo


def urgent(event: Event, danger: Callable[[str], Emergency | None]) -> Reply | None:
    """Whom to call, when that is what an event is about, by itself or because it was asked: needs no desk."""
    start_again = Choice(_("Recommencer"), "recommencer:")
    emergency = danger(event.text) if event.kind is Gesture.SAID else None
    if emergency:
        return emergency_answer(emergency, start_again)
    return emergency_numbers(start_again) if _order(event)[0] == "urgence" else None


def _in_danger(emergency: Emergency, state: State | None, event: Event, desk: Desk) -> Turn:
    """The number first. What else was said is kept, so that going on shows what may help next."""
    flow = FLOWS.get(state.flow, FIRST) if state else FIRST
    if state and _takes_words(state) and (step := _current(flow, state)):
        reading = step.question.read(state, event, desk)  # « pour les femmes victimes de violences » is also an answer
    else:
        reading = flow.hears(state or State(flow.name), event, desk)
    effects: tuple[Effect, ...] = ()
    if isinstance(reading, Understood):
        unasked = {_UNASKED: True} if _takes_words(state) else {}
        state = _forgetting_what_followed(flow, reading.state).noting(**unasked)
        effects = reading.effects
    return Turn(state, (emergency_answer(emergency, _carry_on()),), effects)


def _order(event: Event) -> tuple[str | None, str]:
    if event.kind is Gesture.TAPPED:
        name, _colon, value = event.text.partition(":")
        return (name, value) if name in _OBEYED else (None, "")
    if event.kind is Gesture.SAID:
        return ORDERS.get(event.text.strip()) or ORDERS.get(fold(event.text)), ""
    return None, ""


def _begin(payload: str, desk: Desk) -> Turn:
    flow = AGENDA if AGENDA.name in payload.split("_") else FIRST
    turn = (
        later.opens(payload, desk)
        or roles.opens(payload, desk)
        or flow.opens(payload, desk)
        or _ask(flow, flow.preset(payload, desk), desk)
    )
    return _saying_first(flow.greeting(), turn)


def _without_a_conversation(event: Event, desk: Desk) -> Turn:
    """The first words may already be an answer; an old button is not, and starts again."""
    state = State(FIRST.name)
    if event.kind in (Gesture.SAID, Gesture.SHARED):
        reading = FIRST.hears(state, event, desk)
        if isinstance(reading, Understood) or reading.nearly:
            return _heard(FIRST, None, reading, state, desk)
        if event.kind is Gesture.SAID:
            return _go_on(FIRST, state, event, desk)
    return _begin("", desk)


def _go_on(flow: Flow, state: State, event: Event, desk: Desk) -> Turn:
    step = _current(flow, state)
    if event.kind is Gesture.TAPPED:
        return _tapped(flow, state, step, event, desk)
    if step:
        return _heard(flow, step, _answer(flow, step, state, event, desk), state, desk)
    beside = _beside(flow, state)
    if beside:
        reading = beside.question.read(state, event, desk)
        if isinstance(reading, Understood):
            return _read(flow, beside, reading, desk)
    return _heard(flow, None, flow.hears(state, event, desk), state, desk)


def _answer(flow: Flow, step: Step, state: State, event: Event, desk: Desk) -> Reading:
    """The answer to a question; or to another one of the flow, when that is what was said: a town before a need."""
    reading = step.question.read(state, event, desk)
    if isinstance(reading, Understood) or reading.nearly:
        return reading
    other = flow.hears(state, event, desk)
    return other if isinstance(other, Understood) or other.nearly else reading


def _tapped(flow: Flow, state: State, step: Step | None, event: Event, desk: Desk) -> Turn:
    name, _colon, value = event.text.partition(":")
    # Words may have said the answer to a later question, of which only a part has to be made sure.
    open_step = next((asked for asked in _open(flow, state) if asked.name == name), None)
    if open_step:
        return _heard(flow, open_step, open_step.question.read(state, event, desk), state, desk)
    if step is None and name in flow.actions:
        turn = flow.actions[name](state, value, desk)
        return turn if turn.replies or turn.state is None else _ask(flow, turn.state, desk)
    return _saying_first(_("Ce bouton n'est plus valable. Reprenons ici."), _ask(flow, state, desk))


def _heard(flow: Flow, step: Step | None, reading: Reading, state: State, desk: Desk) -> Turn:
    if isinstance(reading, Understood):
        return _read(flow, step, reading, desk)
    kept = _forgetting_what_followed(flow, reading.state) if reading.state else state
    return Turn(kept, (reading.reply,), reading.effects)


def _read(flow: Flow, step: Step | None, reading: Understood, desk: Desk) -> Turn:
    if step and step.beside:
        return _in_place(_ask(flow, reading.state, desk))
    desk = desk.at(reading.point) if reading.point else desk
    turn = _ask(flow, _forgetting_what_followed(flow, reading.state), desk)
    return replace(turn, effects=(*reading.effects, *turn.effects))


def _forgetting_what_followed(flow: Flow, state: State) -> State:
    """A new answer to a question makes void what had been worked out from the old one."""
    return replace(state.without(*(step.name for step in flow.steps if step.beside)), memo={})


def _current(flow: Flow, state: State) -> Step | None:
    return next((step for step in flow.steps if not step.beside and step.name not in state.answers), None)


def _open(flow: Flow, state: State) -> list[Step]:
    """The questions still without an answer; one beside the results only once it is its turn."""
    waiting = [step for step in flow.steps if not step.beside and step.name not in state.answers]
    if nested.is_inside(state):
        return waiting[:1]  # each of its questions is about the answer to the one before
    beside = _beside(flow, state)
    return waiting or ([beside] if beside else [])


def _beside(flow: Flow, state: State) -> Step | None:
    """The next question beside the results, should it be worth asking."""
    return next((step for step in flow.steps if step.beside and step.name not in state.answers), None)


def _ask(flow: Flow, state: State, desk: Desk) -> Turn:
    """The current question; or, when all are answered, the results with the question worth asking beside them."""
    step = _current(flow, state)
    if step:
        return Turn(replace(state, memo={}), (_posed(flow, step, state, desk),))
    turn = flow.finish(state, desk)
    beside = _beside(flow, turn.state) if turn.state else None
    posed = beside.question.pose(turn.state, desk) if beside and turn.state else None
    if not posed:
        return turn
    shown = turn.replies[-1]
    asked = replace(shown, after=f"{shown.after}\n{posed.text}".strip(), choices=posed.choices + shown.choices)
    return replace(turn, replies=(*turn.replies[:-1], asked))


def _posed(flow: Flow, step: Step, state: State, desk: Desk) -> Reply:
    posed = step.question.pose(state, desk) or Posed("")
    at_the_start = flow is FIRST and not _answered(flow, state)
    way_back = emergency_button() if at_the_start else Choice(_("Retour"), "retour:")
    choices = (*posed.choices, (way_back,))
    return Reply(posed.text, choices=choices, asks_position=step.asks_position, asks_photo=step.takes_photo)


def _answered(flow: Flow, state: State) -> list[Step]:
    return [step for step in flow.steps if step.name in state.answers]


def _saying_first(words: str, turn: Turn) -> Turn:
    first, *rest = turn.replies
    return replace(turn, replies=(replace(first, text=f"{words}\n{first.text}"), *rest))


def _in_place(turn: Turn) -> Turn:
    return replace(turn, replies=tuple(replace(reply, edits=not reply.asks_position) for reply in turn.replies))


def _resume(state: State | None, value: str, desk: Desk) -> Turn:
    if state is None or state.flow not in FLOWS:
        return _begin("", desk)
    return _ask(FLOWS[state.flow], state, desk)


def _help(state: State | None, value: str, desk: Desk) -> Turn:
    words = _(
        "Je vous aide à trouver un lieu ou un coup de main près de chez vous.\n"
        "Touchez un bouton, ou écrivez avec vos mots.\n"
        "« Retour » revient à la question d'avant. « Recommencer » repart du début.\n"
        "« Agenda » dit ce qui se passe près de chez vous. « Mes rappels » montre et arrête vos rappels.\n"
        "« Annuler » arrête et oublie. « Mes données » montre ce que je garde. « Effacer » l'enlève."
    )
    numbers = ((emergency_button(),),)
    if state is None:
        return Turn(None, (Reply(words, choices=(*numbers, (Choice(_("Commencer"), "recommencer:"),))),))
    return Turn(state, (Reply(words, choices=(*numbers, (_carry_on(),))),))


def _emergency(state: State | None, value: str, desk: Desk) -> Turn:
    return Turn(state, (emergency_numbers(_carry_on()),))


def _carry_on() -> Choice:
    return Choice(_("Continuer"), "reprendre:")


def _back(state: State | None, value: str, desk: Desk) -> Turn:
    if state is None or state.flow not in FLOWS:
        return _begin("", desk)
    flow = FLOWS[state.flow]
    answered = _answered(flow, state)
    if not answered and nested.is_inside(state):
        return _resume(nested.before(state), "", desk)
    if not answered and flow is not FIRST:
        return _ask(FIRST, State(FIRST.name), desk)
    if not answered:
        return _saying_first(_("Nous sommes au début."), _ask(flow, state, desk))
    last = answered[-1]
    before = state.without(last.name)
    return _ask(flow, before.noting(shown=0) if last.beside else _forgetting_what_followed(flow, before), desk)


def _restart(state: State | None, value: str, desk: Desk) -> Turn:
    return _begin("", desk)


def _my_data(state: State | None, value: str, desk: Desk) -> Turn:
    return own_data.shown(state, _held(state, desk), desk)


def _held(state: State | None, desk: Desk) -> list[str]:
    """What is kept of a conversation, in words, and of the one it was begun inside."""
    if state is None or state.flow not in FLOWS:
        return []
    return [*_held(nested.before(state), desk), *FLOWS[state.flow].held(state, desk)]


def _agenda(state: State | None, value: str, desk: Desk) -> Turn:
    return _ask(AGENDA, agenda.around(state, desk), desk)


def _needs(state: State | None, value: str, desk: Desk) -> Turn:
    """The guide, around the place already spoken of; for a need, when the button holds one."""
    place, need = known_place(state, desk), Need.of(value)
    started = located(State(FIRST.name), place) if place else State(FIRST.name)
    return _ask(FIRST, needing(started, [need]) if need else started, desk)


_OBEYED: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "aide": _help,
    "urgence": _emergency,
    "retour": _back,
    "recommencer": _restart,
    "annuler": own_data.cancel,
    "mesdonnees": _my_data,
    "effacer": own_data.erase,
    "reprendre": _resume,
    "agenda": _agenda,
    "besoins": _needs,
    "fiche": whole.details,
    "rdv": later.show_date,
    "rappeler": later.remind,
    "prevenir": later.subscribe,
    "suivre": later.watch,
    "mesrappels": mine.listed,
    "rappel-stop": mine.stop_reminder,
    "avis-stop": mine.stop_subscription,
    "suivi-stop": mine.stop_watch,
    "tout-arreter": mine.stop_everything,
    "maintenu": asking.settle,
    "accepter": roles.accept,
    "quitter": roles.leave,
    **checking.ORDERS,
    **arranging.ORDERS,
    **correcting.ORDERS,
    **poster_photo.ORDERS,
    **reporting.ORDERS,
    **adding.ORDERS,
    **team.ORDERS,
    **reviewing.ORDERS,
    **proposing.ORDERS,
    **campaigning.ORDERS,
}
