"""The numbers to call in danger: one tap away on the first message and on every help, on every channel."""

from catalogue.needs import Emergency
from handlers.dialogue import Choice, Reply
from handlers.locale import gettext as _

# Who answers: the national numbers, as the product's domain glossary lists them.
NUMBERS: dict[Emergency, tuple[str, ...]] = {
    Emergency.URGENCE_MEDICALE: ("15", "112"),
    Emergency.SUICIDE: ("3114",),
    Emergency.VIOLENCES: ("3919", "17"),
    Emergency.SANS_ABRI: ("115",),
    Emergency.ENFANCE: ("119",),
    Emergency.HARCELEMENT: ("3018",),
    Emergency.MALTRAITANCE: ("3977",),
}


def emergency_button() -> Choice:
    """The button that shows the numbers, wherever the conversation is."""
    return Choice(_("Urgence : les numéros"), "urgence:")


def emergency_answer(emergency: Emergency, carry_on: Choice) -> Reply:
    """What is said to someone in danger: one sentence, the number to call, and that the conversation stays open."""
    first, *others = NUMBERS[emergency]
    calls = tuple(_call(number) for number in (first, *others))
    return Reply(_sentence(emergency), choices=(calls, (emergency_button(), carry_on)))


def _sentence(emergency: Emergency) -> str:
    return {
        Emergency.SUICIDE: _(
            "Ce que vous vivez compte. Au 3114, quelqu'un vous écoute jour et nuit, gratuitement. Je reste là."
        ),
        Emergency.VIOLENCES: _(
            "Personne n'a le droit de vous faire cela. Le 3919 écoute et aide, gratuitement. "
            "En danger maintenant : le 17, ou un SMS au 114. Je reste là."
        ),
        Emergency.ENFANCE: _(
            "Un enfant en danger doit être protégé. Le 119 écoute jour et nuit, gratuitement. "
            "S'il est en danger maintenant : le 17. Je reste là."
        ),
        Emergency.SANS_ABRI: _(
            "Pour un abri cette nuit, appelez le 115, jour et nuit, gratuitement. "
            "Si c'est occupé, rappelez. Je reste là."
        ),
        Emergency.URGENCE_MEDICALE: _(
            "Appelez tout de suite le 15 ou le 112. Sourd, ou impossible de parler : un SMS au 114. Je reste là."
        ),
        Emergency.HARCELEMENT: _(
            "Vous n'êtes pas seul face à cela. Le 3018 écoute et fait retirer les images, gratuitement. Je reste là."
        ),
        Emergency.MALTRAITANCE: _(
            "Une personne fragile doit être protégée. Le 3977 écoute et conseille, gratuitement. "
            "En danger maintenant : le 17. Je reste là."
        ),
    }[emergency]


def _call(number: str) -> Choice:
    return Choice(_("Appeler le {number}").format(number=number), url=f"tel:{number}")


def emergency_numbers(back: Choice) -> Reply:
    """Every number, each with who it is for; `back` goes on with the conversation."""
    lines = [_("En danger ? Appelez, c'est gratuit.")]
    lines += [
        _("{situation} : {numbers}").format(situation=_(emergency.label), numbers=_said(emergency, numbers))
        for emergency, numbers in NUMBERS.items()
    ]
    lines.append(_("Sourd, malentendant, ou impossible de parler : envoyez un SMS au 114."))
    calls = tuple(_call(numbers[0]) for numbers in NUMBERS.values())
    return Reply("\n".join(lines), choices=(*_in_pairs(calls), (back,)))


def _said(emergency: Emergency, numbers: tuple[str, ...]) -> str:
    if emergency is Emergency.VIOLENCES:
        return _("3919. En danger immédiat : 17")
    return _(" ou ").join(numbers)


def _in_pairs(choices: tuple[Choice, ...]) -> tuple[tuple[Choice, ...], ...]:
    return tuple(choices[i : i + 2] for i in range(0, len(choices), 2))
