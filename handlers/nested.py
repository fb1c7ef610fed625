"""A conversation held inside another: reporting an error, correcting a card. It ends where the first one was."""

from handlers.dialogue import Choice, Reply, State, Turn
from handlers.locale import gettext as _

_BEFORE = "avant"  # among the answers: they outlast what is worked out from them
_THE_START = "orientation"  # the flow of who was in no conversation: it imports this room


def inside(state: State | None, flow: str, **answers: object) -> State:
    """A conversation of that flow, begun where another was."""
    outer = before(state) if state and _BEFORE in state.answers else state
    return State(flow, {_BEFORE: outer.to_json() if outer else None, **answers})


def is_inside(state: State) -> bool:
    """Whether a conversation was begun inside another, or out of none."""
    return _BEFORE in state.answers


def before(state: State) -> State | None:
    """Where the first conversation was."""
    outer = state.answers.get(_BEFORE)
    return State.from_json(outer) if outer else None


def ended(state: State, text: str, *more: tuple[Choice, ...]) -> Turn:
    """What is said when it is over; going on takes up the first conversation."""
    return Turn(
        before(state) or State(_THE_START), (Reply(text, choices=(*more, (Choice(_("Continuer"), "reprendre:"),))),)
    )
