"""The question worth asking: among what was found, the one whose answers shorten the list most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalogue.entries import Candidate
from catalogue.needs import Frais, Kind, Labelled, Moment, Public
from handlers.locale import gettext as _

FEW_ENOUGH = 6  # a list this short is read faster than a question
MOST_OPTIONS = 6


@dataclass(frozen=True, slots=True)
class Question:
    """One way to narrow a list. What an entry does not say never rules it out."""

    name: str
    ask: Callable[[], str]
    values: tuple[Labelled | str, ...]
    keeps: Callable[[Candidate, str], bool]
    label: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Option:
    """An answer to a question, with how many entries it leaves."""

    value: str
    label: str
    left: int


QUESTIONS = (
    Question(
        "publics",
        lambda: _("C'est pour qui ?"),
        tuple(public for public in Public if public is not Public.TOUS_PUBLICS),
        lambda entry, value: not entry.publics or bool(entry.publics & {Public.TOUS_PUBLICS, Public.of(value)}),
        lambda value: _(Public(value).label),
    ),
    Question(
        "frais",
        lambda: _("Faut-il que ce soit gratuit ?"),
        (Frais.GRATUIT,),
        lambda entry, value: entry.frais in (None, Frais.of(value)),
        lambda value: _("Gratuit seulement"),
    ),
    Question(
        "moments",
        lambda: _("Quand pouvez-vous y aller ?"),
        tuple(Moment),
        lambda entry, value: not entry.moments or Moment.of(value) in entry.moments,
        lambda value: _(Moment(value).label),
    ),
    Question(
        "accessible",
        lambda: _("Faut-il pouvoir entrer en fauteuil roulant ?"),
        ("oui",),
        lambda entry, value: entry.accessible is not False,
        lambda value: _("Oui, en fauteuil"),
    ),
    Question(
        "kind",
        lambda: _("Quel genre de lieu ?"),
        tuple(Kind),
        lambda entry, value: entry.kind == value,
        lambda value: _(Kind(value).label),
    ),
)
_BY_NAME = {question.name: question for question in QUESTIONS}


def options(question: Question, entries: Sequence[Candidate]) -> list[Option]:
    """The answers that leave some entries but not all, those that leave most first."""
    found = []
    for value in question.values:
        left = sum(question.keeps(entry, str(value)) for entry in entries)
        if 0 < left < len(entries):
            found.append(Option(str(value), question.label(str(value)), left))
    return sorted(found, key=lambda option: -option.left)[:MOST_OPTIONS]


def best_question(entries: Sequence[Candidate], asked: Sequence[str]) -> Question | None:
    """The question not yet asked that leaves the shortest list on average; None when none is worth asking."""
    if len(entries) <= FEW_ENOUGH:
        return None
    lengths = {}
    for question in QUESTIONS:
        answers = options(question, entries) if question.name not in asked else []
        if answers:
            # "Peu importe" is an answer too: a question with one option helps only those who take it.
            lengths[question] = (sum(option.left for option in answers) + len(entries)) / (len(answers) + 1)
    return min(lengths, key=lambda question: lengths[question]) if lengths else None


def keep(name: str, value: str, entries: Sequence[Candidate]) -> list[Candidate]:
    """What an answer leaves; "" is "peu importe"."""
    if not value or name not in _BY_NAME:
        return list(entries)
    return [entry for entry in entries if _BY_NAME[name].keeps(entry, value)]


def answer_label(question: str, value: str) -> str:
    """An answer in the words of its button."""
    return _BY_NAME[question].label(value) if value and question in _BY_NAME else _("Peu importe")
