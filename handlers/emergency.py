"""The numbers to call in danger: one tap away on the first message and on every help, on every channel."""

from catalogue.needs import Labelled
from handlers.dialogue import Choice, Reply
from handlers.locale import gettext as _


class Emergency(Labelled):
    """What may be happening, in the order the numbers are shown."""

    URGENCE_MEDICALE = "urgence-medicale", "Urgence médicale"
    SUICIDE = "suicide", "Idées de suicide"
    VIOLENCES = "violences", "Violences"
    SANS_ABRI = "sans-abri", "Dehors ce soir"
    ENFANCE = "enfance", "Enfant en danger"
    HARCELEMENT = "harcelement", "Harcèlement"
    MALTRAITANCE = "maltraitance", "Personne âgée ou handicapée maltraitée"


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


def emergency_numbers(back: Choice) -> Reply:
    """Every number, each with who it is for; `back` goes on with the conversation."""
    lines = [_("En danger ? Appelez, c'est gratuit.")]
    lines += [
        _("{situation} : {numbers}").format(situation=_(emergency.label), numbers=_said(emergency, numbers))
        for emergency, numbers in NUMBERS.items()
    ]
    lines.append(_("Sourd, malentendant, ou impossible de parler : envoyez un SMS au 114."))
    calls = tuple(
        Choice(_("Appeler le {number}").format(number=numbers[0]), url=f"tel:{numbers[0]}")
        for numbers in NUMBERS.values()
    )
    return Reply("\n".join(lines), choices=(*_in_pairs(calls), (back,)))


def _said(emergency: Emergency, numbers: tuple[str, ...]) -> str:
    if emergency is Emergency.VIOLENCES:
        return _("3919. En danger immédiat : 17")
    return _(" ou ").join(numbers)


def _in_pairs(choices: tuple[Choice, ...]) -> tuple[tuple[Choice, ...], ...]:
    return tuple(choices[i : i + 2] for i in range(0, len(choices), 2))
