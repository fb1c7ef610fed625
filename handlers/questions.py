"""The question worth asking: among what was found, the one whose answers shorten the list most."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from catalogue.entries import Candidate
from catalogue.needs import Frais, Kind, Moment, Public
from handlers.locale import gettext as _

FEW_ENOUGH = 6  # a list this short is read faster than a question
MOST_OPTIONS = 6


Values = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Question:
    """One way to narrow a list. `values` says what an entry answers; None when it does not say: never ruled out."""

    name: str
    ask: Callable[[], str]
    values: Callable[[Candidate], Values]
    label: Callable[[str], str]
    always: tuple[str, ...] = ()  # an answer worth giving even if no entry says it: it rules out those that say no

    def keeps(self, entry: Candidate, value: str) -> bool:
        """Whether an answer leaves an entry."""
        values = self.values(entry)
        return values is None or value in values


@dataclass(frozen=True, slots=True)
class Option:
    """An answer to a question, with how many entries it leaves."""

    value: str
    label: str
    left: int


def _publics(entry: Candidate) -> Values:
    return None if not entry.publics or Public.TOUS_PUBLICS in entry.publics else entry.publics


def _frais(entry: Candidate) -> Values:
    # Nobody asks for what is not free.
    return None if entry.frais is None else (entry.frais,) if entry.frais is Frais.GRATUIT else ()


def _accessible(entry: Candidate) -> Values:
    return None if entry.accessible is None else ("oui",) if entry.accessible else ()


QUESTIONS = (
    Question("publics", lambda: _("C'est pour qui ?"), _publics, lambda value: _(Public(value).label)),
    Question(
        "frais", lambda: _("Faut-il que ce soit gratuit ?"), _frais, lambda value: _("Gratuit seulement"), ("gratuit",)
    ),
    Question(
        "moments",
        lambda: _("Quand pouvez-vous y aller ?"),
        lambda entry: entry.moments or None,
        lambda value: _(Moment(value).label),
    ),
    Question(
        "accessible",
        lambda: _("Faut-il pouvoir entrer en fauteuil roulant ?"),
        _accessible,
        lambda value: _("Oui, en fauteuil"),
        ("oui",),
    ),
    Question(
        "kind", lambda: _("Quel genre de lieu ?"), lambda entry: (entry.kind,), lambda value: _(Kind(value).label)
    ),
)
_BY_NAME = {question.name: question for question in QUESTIONS}


def options(question: Question, entries: Sequence[Candidate]) -> list[Option]:
    """The answers that leave some entries but not all, those that leave most first."""
    return [Option(value, question.label(value), left) for value, left in _lengths(question, entries)]


def best_question(entries: Sequence[Candidate], asked: Sequence[str]) -> Question | None:
    """The question not yet asked that leaves the shortest list on average; None when none is worth asking."""
    if len(entries) <= FEW_ENOUGH:
        return None
    best, shortest = None, float(len(entries))
    for question in QUESTIONS:
        lengths = _lengths(question, entries) if question.name not in asked else []
        # "Peu importe" is an answer too: a question with one option helps only those who take it.
        average = (sum(left for _value, left in lengths) + len(entries)) / (len(lengths) + 1)
        if average < shortest:
            best, shortest = question, average
    return best


def _lengths(question: Question, entries: Sequence[Candidate]) -> list[tuple[str, int]]:
    """The answers worth offering with how many entries each leaves, counted in one pass."""
    counted = dict.fromkeys(question.always, 0)
    silent = 0
    for entry in entries:
        values = question.values(entry)
        if values is None:
            silent += 1
            continue
        for value in values:
            counted[value] = counted.get(value, 0) + 1
    useful = [(str(value), count + silent) for value, count in counted.items() if 0 < count + silent < len(entries)]
    return sorted(useful, key=lambda answer: (-answer[1], answer[0]))[:MOST_OPTIONS]


def keep(name: str, value: str, entries: Sequence[Candidate]) -> list[Candidate]:
    """What an answer leaves; "" is "peu importe"."""
    if not value or name not in _BY_NAME:
        return list(entries)
    return [entry for entry in entries if _BY_NAME[name].keeps(entry, value)]


def answer_label(question: str, value: str) -> str:
    """An answer in the words of its button."""
    return _BY_NAME[question].label(value) if value and question in _BY_NAME else _("Peu importe")
