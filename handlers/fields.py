"""The fields of a card that can be corrected, and how the plain ones are read into columns of `initiatives`."""

import re
from urllib.parse import urlsplit

from catalogue.exchange import rows
from catalogue.needs import Frais, Kind, Need, Public, Status
from handlers import words
from handlers.field_answers import (
    A_PARAGRAPH,
    Field,
    OneOf,
    Refused,
    SeveralOf,
    Typed,
    Values,
    clean,
)
from handlers.field_days import Announced, season, season_in_words
from handlers.field_hours import hours, usual_hours
from handlers.field_places import Address
from handlers.locale import gettext as _

A_NAME, A_TEXT = 150, 2000  # characters at most


def phone(said: str) -> Values:
    """A number that can be called, French or not. Raises Refused."""
    number = rows.phone(clean(said)) or ""
    digits = re.sub(r"\D", "", number, flags=re.ASCII)
    short = re.fullmatch(r"1\d\d?|11[2-9]|116\d{3}|118\d{3}|3\d{3}", digits, re.ASCII)
    french = re.fullmatch(r"0[1-9](?: \d\d){4}", number, re.ASCII)
    abroad = re.fullmatch(r"(?:\+|00)[1-9][\d .\-/()]+", number, re.ASCII) and 8 <= len(digits) <= 17
    if not (french or abroad or (short and re.fullmatch(r"[\d .]+", number, re.ASCII))):
        raise Refused(_("Je ne reconnais pas un numéro de téléphone."))
    return {"telephone": number}


def email(said: str) -> Values:
    """An e-mail address. Raises Refused."""
    found = rows.email(clean(said))
    if found is None:
        raise Refused(_("Je ne reconnais pas une adresse de courriel."))
    return {"courriel": found}


def site(said: str) -> Values:
    """The address of a site that can be followed; https:// is added when it is left out. Raises Refused."""
    address = clean(said, A_PARAGRAPH)
    scheme, found, rest = address.partition("://")
    if scheme.lower() not in ("http", "https"):
        scheme, found, rest = "https", "://", address
    followed = rows.web_address(f"{scheme.lower()}{found}{rest}")
    if followed is None or not _leads_to_a_host(followed):
        raise Refused(_("Je ne reconnais pas l'adresse d'un site."))
    return {"site_web": followed}


def _leads_to_a_host(address: str) -> bool:
    """Whether an address names a machine, and nobody: "javascript:…" does not."""
    try:
        parts = urlsplit(address)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        return False
    named = re.fullmatch(r"[\w-]+(?:\.[\w-]+)*\.\w{2,}", parts.hostname or "")
    return bool(named) and port_is_one and "@" not in parts.netloc


def _text(name: str, label: str, hint: str, most: int, *, may_be_empty: bool) -> Typed:
    def reads(said: str) -> Values:
        return {name: clean(said, most)}

    return Typed(name, label, hint, lambda entry: getattr(entry, name), reads, {name: None} if may_be_empty else None)


# All of them.


def every_field() -> dict[str, Field]:
    """What can be corrected, by name, in the order of the buttons."""
    yes, no, unknown = _("Oui"), _("Non"), _("On ne sait pas")
    fields: tuple[Field, ...] = (
        Typed(
            "horaires",
            _("Les horaires"),
            _("Écrivez-les comme on les dit. Par exemple : lundi et jeudi 9h-12h, 4e samedi 14h-17h30"),
            usual_hours,
            hours,
            {"horaires": None, "horaires_osm": None, "moments": []},
        ),
        Address(
            "adresse",
            _("L'adresse"),
            _("Écrivez le numéro, la rue et la commune. Si vous y êtes, vous pouvez partager votre position."),
        ),
        Typed(
            "telephone",
            _("Le téléphone"),
            _("Écrivez le numéro. Par exemple : 01 23 45 67 89"),
            lambda entry: entry.telephone,
            phone,
            {"telephone": None},
        ),
        Typed(
            "courriel",
            _("Le courriel"),
            _("Écrivez l'adresse. Par exemple : contact@exemple.fr"),
            lambda entry: entry.courriel,
            email,
            {"courriel": None},
        ),
        Typed(
            "site_web",
            _("Le site"),
            _("Écrivez son adresse. Par exemple : www.exemple.fr"),
            lambda entry: entry.site_web,
            site,
            {"site_web": None},
        ),
        OneOf(
            "status",
            _("En activité ou fermé"),
            _("Ce lieu existe-t-il toujours ? « Fermé » l'enlève du guide."),
            tuple((one.value, words.capital(_(one.label)), one.value) for one in Status),
        ),
        Announced("annonces", _("Une annonce"), _("Que faut-il annoncer ?")),
        Typed(
            "season",
            _("La saison"),
            _("Écrivez les jours d'ouverture. Par exemple : du 15 avril au 31 octobre"),
            season_in_words,
            season,
            {"season": None},
            _("Toute l'année"),
        ),
        _text("nom", _("Le nom"), _("Écrivez le nom du lieu."), A_NAME, may_be_empty=False),
        OneOf(
            "kind",
            _("Le genre de lieu"),
            _("Touchez le genre qui convient."),
            tuple((one.value, _(one.label), one.value) for one in Kind),
        ),
        SeveralOf(
            "needs",
            _("À quoi ça répond"),
            _("Touchez les besoins auxquels ce lieu répond. Le premier touché est le principal."),
            tuple(Need),
            needed=True,
        ),
        _text(
            "description",
            _("La description"),
            _("Dites en quelques phrases ce qu'on y trouve."),
            A_TEXT,
            may_be_empty=False,
        ),
        SeveralOf("publics", _("Pour qui"), _("Touchez les personnes accueillies."), tuple(Public), needed=False),
        _text(
            "publics_precisions",
            _("Pour qui, en détail"),
            _("Dites qui est accueilli."),
            A_PARAGRAPH,
            may_be_empty=True,
        ),
        OneOf(
            "frais",
            _("Le prix"),
            _("Est-ce gratuit ?"),
            (*((one.value, _(one.label), one.value) for one in Frais), ("inconnu", unknown, None)),
        ),
        _text("frais_precisions", _("Le prix, en détail"), _("Dites ce que ça coûte."), A_PARAGRAPH, may_be_empty=True),
        _text(
            "conditions_acces",
            _("Comment y accéder"),
            _("Dites ce qu'il faut pour venir : inscription, rendez-vous, adhésion…"),
            A_PARAGRAPH,
            may_be_empty=True,
        ),
        OneOf(
            "accessible",
            _("Fauteuil roulant"),
            _("Peut-on entrer en fauteuil roulant ?"),
            (("oui", yes, True), ("non", no, False), ("inconnu", unknown, None)),
        ),
    )
    return {field.name: field for field in fields}
