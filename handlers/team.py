"""Coordinators: the state of their territory, who looks after it, and the roles they give and take away.

Whether it is theirs to do is read anew at each tap, and once more when it is done.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import Protocol

from catalogue.entries import Figures, Load, Mandate, Member
from catalogue.intercommunalities import Intercommunality
from catalogue.places import Place
from handlers import words
from handlers.asked import YES, go_on, number_in, said
from handlers.desk import Desk
from handlers.dialogue import Card, Choice, Flow, Reply, Rows, State, Turn
from handlers.effects import Revoke
from handlers.inviting import INVITATIONS, begin_inviting, reserved, see_the_team
from handlers.locale import gettext as _
from handlers.locale import ngettext
from handlers.roles import in_words, where_in_words

PAGE = 5  # roles shown at once
MOST_LOADS = 8  # correspondents in a message


class Team(Protocol):
    """What is looked up; `catalogue.team.Team` answers from the database."""

    def territory(self) -> Sequence[str]:
        """The codes this person coordinates; () for who coordinates nothing."""

    def figures(self) -> Figures:
        """The state of what this person coordinates."""

    def members(self) -> Sequence[Member]:
        """The roles this person may take away, the oldest first."""

    def codes_of(self, code: str) -> Sequence[str]:
        """The codes of a role for a commune, with its arrondissements, or for an intercommunality; () for none."""

    def intercommunality(self, code: str) -> Intercommunality | None:
        """The intercommunality of a SIREN code; None for any other code, and for one that is no longer known."""

    def intercommunalities_called(self, said: str) -> Sequence[Intercommunality]:
        """Those that a name may mean; () when it rather means a commune."""

    def near(self) -> Place | None:
        """A commune of what this person coordinates: names are looked for around it."""

    def may_give(self, mandate: Mandate) -> bool:
        """Whether this person may give a role."""

    def may_invite(self) -> bool:
        """Whether a link may still be made today."""

    def new_secret(self) -> str:
        """What a new link holds."""


# The state of a territory.


def show(state: State | None, value: str, desk: Desk) -> Turn:
    """The state of what the person coordinates, and what they may do there."""
    territory = desk.team.territory()
    if not territory:
        return reserved(state)
    rows = (_invite(), see_the_team())
    return said(state, _in_one(where_in_words(territory, desk), desk.team.figures()), rows)


def _invite() -> Choice:
    return Choice(_("Inviter"), "inviter:")


def monthly_reply(where: str, figures: Figures) -> Reply:
    """What a coordinator is written once a month; `where` names their territory."""
    hello = _("Le mois commence : voici où en est le guide chez vous.")
    rows: Rows = ((_invite(), see_the_team()), (Choice(_("Mes données"), "mesdonnees:"),))
    return Reply(f"{hello}\n{_in_one(where, figures)}", choices=rows)


def _in_one(where: str, figures: Figures) -> str:
    return "\n".join([_("Votre territoire : {where}.").format(where=where), *figures_in_lines(figures)])


def figures_in_lines(figures: Figures) -> list[str]:
    """The state of a territory in short lines."""
    lines = [*_entries(figures), *_questions(figures)]
    if figures.reports or figures.reports_before:
        lines.append(_reports(figures))
    lines.append(_("Désaccords à trancher : {count}.").format(count=figures.conflicts))
    return [*lines, *_loads(figures.loads)]


def _entries(figures: Figures) -> list[str]:
    if not figures.entries:
        return [_("Aucune fiche n'est ouverte ici.")]
    counted = ngettext("{count} fiche ouverte.", "{count} fiches ouvertes.", figures.entries)
    fresh = _("Confirmées depuis moins de six mois : {count} ({share} %).")
    by_people = _("Par une personne, et non d'après une liste : {count} ({share} %).")
    return [
        counted.format(count=figures.entries),
        fresh.format(count=figures.fresh, share=_share(figures.fresh, figures.entries)),
        by_people.format(count=figures.fresh_by_people, share=_share(figures.fresh_by_people, figures.entries)),
        _("Sans correspondant : {count}.").format(count=figures.unattended),
    ]


def _share(part: int, whole: int) -> int:
    """Rounded down: 100 % means all of them."""
    return 100 * part // whole


def _questions(figures: Figures) -> list[str]:
    month = _("Questions posées en 30 jours : {asked}. Réponses : {answered}.")
    before = _("Les 30 jours d'avant : {asked}. Réponses : {answered}.")
    quarter = _("En 90 jours : {asked}. Réponses : {answered}.")
    lines = [month.format(asked=figures.asked, answered=figures.answered)]
    if figures.asked_before:
        lines.append(before.format(asked=figures.asked_before, answered=figures.answered_before))
    lines.append(quarter.format(asked=figures.asked_in_90_days, answered=figures.answered_in_90_days))
    return [*lines, *_pace(figures.median_days)]


def _pace(median_days: float | None) -> list[str]:
    text = _("Une réponse sur deux arrive en {days} au plus.")
    return [] if median_days is None else [text.format(days=_days(max(1, ceil(median_days))))]


def _days(count: int) -> str:
    return ngettext("{count} jour", "{count} jours", count).format(count=count)


def _reports(figures: Figures) -> str:
    text = _("Signalements à traiter : {count}.").format(count=figures.reports)
    if figures.oldest_report_days:
        text += " " + _("Le plus ancien attend depuis {days}.").format(days=_days(figures.oldest_report_days))
    if figures.reports_before:
        text += " " + _("Il y a 30 jours : {count}.").format(count=figures.reports_before)
    return text


def _loads(loads: Sequence[Load]) -> list[str]:
    if not loads:
        return [_("Aucun correspondant pour le moment.")]
    line = _("n° {number} : {asked}, dont {unanswered} sans réponse")
    lines = [line.format(number=one.role_id, asked=one.asked, unanswered=one.unanswered) for one in loads[:MOST_LOADS]]
    more = len(loads) - len(lines)
    lines += [ngettext("et {count} autre", "et {count} autres", more).format(count=more)] if more > 0 else []
    return [_("Questions à chaque correspondant, en 30 jours :"), *lines]


# Who looks after it.


def show_members(state: State | None, value: str, desk: Desk) -> Turn:
    """The roles given in the territory, a few at a time, each with what takes it away."""
    if not desk.team.territory():
        return reserved(state)
    members = desk.team.members()
    if not members:
        return said(state, _("Personne n'a encore de rôle sur votre territoire."), (_invite(),))
    first = min(number_in(value), len(members) - 1) // PAGE * PAGE
    count = ngettext("{count} rôle sur votre territoire.", "{count} rôles sur votre territoire.", len(members))
    after = _("Aucun nom n'est gardé : un rôle se reconnaît à son numéro.")
    cards = tuple(_member_card(one, desk) for one in members[first : first + PAGE])
    text, rows = count.format(count=len(members)), (*_paging(first, len(members)), (go_on(),))
    return Turn(state, (Reply(text, cards, after, rows),))


def _paging(first: int, count: int) -> Rows:
    before = [Choice(_("Revoir le début"), "equipe-roles:0")] if first else []
    after = [Choice(_("Voir la suite"), f"equipe-roles:{first + PAGE}")] if first + PAGE < count else []
    return (tuple(before + after),) if before or after else ()


def _member_card(member: Member, desk: Desk) -> Card:
    since = member.since.astimezone(desk.now.tzinfo).date()
    lines = [
        words.capital(in_words(member.mandate, desk)),
        _("Depuis le {day}.").format(day=words.full_day(since, since)),
    ]
    if member.asked:
        asked = _("Questions en 90 jours : {asked}. Réponses : {answered}.")
        lines += [asked.format(asked=member.asked, answered=member.answered), *_pace(member.median_days)]
    title = _("Rôle n° {number}").format(number=member.mandate.id)
    return Card(title, tuple(lines), choices=(Choice(_("Retirer"), f"equipe-retirer:{_key(member)}"),))


def _key(member: Member) -> str:
    """Which role, given when: its number alone may serve again for another, once it is taken away."""
    return f"{member.mandate.id}.{int(member.since.timestamp())}"


def take_away(state: State | None, value: str, desk: Desk) -> Turn:
    """Takes a role away: "<key>", then "<key>=oui"."""
    key, _equals, sure = value.partition("=")
    member = next((one for one in desk.team.members() if _key(one) == key), None)
    if member is None:
        text = _("Ce rôle n'est plus donné, ou ce n'est pas à vous de le retirer.")
        return Turn(state, (Reply(text, choices=((see_the_team(), go_on()),)),))
    if sure == YES:
        text = _("C'est retiré. Ce rôle ne permet plus rien, dès maintenant.")
        effects = (Revoke(member.mandate.id),)
        return Turn(state, (Reply(text, choices=((see_the_team(), go_on()),), edits=True),), effects)
    text = _("Retirer ce rôle ?\nN° {number}, {what}.")
    text = text.format(number=member.mandate.id, what=in_words(member.mandate, desk))
    take = Choice(_("Oui, le retirer"), f"equipe-retirer:{key}={YES}")
    return Turn(state, (Reply(text, choices=((take,), (Choice(_("Non, le garder"), "equipe-roles:"),))),))


FLOWS: tuple[Flow, ...] = INVITATIONS
ORDERS: dict[str, Callable[[State | None, str, Desk], Turn]] = {
    "equipe": show,
    "equipe-roles": show_members,
    "equipe-retirer": take_away,
    "inviter": begin_inviting,
}
