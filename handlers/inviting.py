"""Inviting: a coordinator chooses a role and what it covers, and is given a link to send."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from catalogue.entries import Initiative, Mandate
from catalogue.intercommunalities import Intercommunality
from catalogue.needs import Kind, Role
from catalogue.places import Place
from catalogue.spelling import words_of
from handlers import nested, words
from handlers.asked import (
    YES,
    YesOrNo,
    answered,
    asked_again,
    go_on,
    inner_flow,
    marked,
    number_in,
    said,
    tapped,
    toggled,
)
from handlers.desk import Desk
from handlers.dialogue import (
    Choice,
    Event,
    Flow,
    Gesture,
    Posed,
    Reading,
    Reply,
    Rows,
    State,
    Step,
    Turn,
    Understood,
)
from handlers.effects import Invite
from handlers.locale import gettext as _
from handlers.roles import A_ROLE, in_words, where_in_words

INVITED = (Role.CORRESPONDANT, Role.ORGANISATEUR, Role.TRAVAILLEUR_SOCIAL)
INVITING = "inviter-"  # the name of a flow, with the role it gives
WHERE, KINDS, RUN, AGREED = "ou-inviter", "types-inviter", "fiche-inviter", "accord-inviter"
CHOSEN = "choisis-"  # with a step: what was chosen until now
ALL, DONE = "tout", "fini"
MOST_ALIKE = 3  # places to choose from, when several have nearly that name

Named = Place | Intercommunality


def reserved(state: State | None) -> Turn:
    """What is said to who coordinates nothing."""
    return said(state, _("C'est réservé aux coordinateurs du guide. Vous pouvez chercher un lieu, une aide."))


def see_the_team() -> Choice:
    """Who looks after the territory."""
    return Choice(_("Voir l'équipe"), "equipe-roles:")


def begin_inviting(state: State | None, value: str, desk: Desk) -> Turn:
    """Begins an invitation: which role, then what it covers."""
    if not desk.team.territory():
        return reserved(state)
    if not desk.team.may_invite():
        return Turn(state, (Reply(_too_many(), choices=((see_the_team(), go_on()),)),))
    role = Role.of(value)
    if role in INVITED:
        return Turn(nested.inside(state, f"{INVITING}{role}"), ())
    rows = tuple((Choice(words.capital(_(role.label)), f"inviter:{role.value}"),) for role in INVITED)
    return said(state, _("Quel rôle proposez-vous ?"), *rows)


def _too_many() -> str:
    return _("Beaucoup d'invitations ont été faites depuis hier. Revenez demain, s'il vous plaît.")


def _role(state: State) -> Role:
    return Role(state.flow.removeprefix(INVITING))


def _mandate(state: State) -> Mandate:
    codes, run = state.answers.get(WHERE, ()), state.answers.get(RUN, ())
    return Mandate(0, _role(state), tuple(codes), tuple(run), tuple(map(Kind, state.answers.get(KINDS, ()))))


def _answered(event: Event, rows: Rows) -> str:
    """The value of the button that was tapped, even one of a message before, or whose label was written."""
    return tapped(event) or answered(event, rows)


def _code(one: Named) -> str:
    return one.insee if isinstance(one, Place) else one.siren


def _with_departement(one: Named) -> str:
    where = [one.departement] if isinstance(one, Place) else one.departements
    return f"{one.nom} ({', '.join(where)})"


@dataclass(frozen=True, slots=True)
class Communes:
    """The communes and intercommunalities of a role, one by one, all in the person's own territory; or all of it."""

    def pose(self, state: State, desk: Desk) -> Posed:
        text = _("Pour quelles communes ou intercommunalités ? Écrivez-les l'une après l'autre.")
        return Posed(text, self._rows(state))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        value = _answered(event, self._rows(state))
        if value == ALL:
            return Understood(state.answering(WHERE, list(desk.team.territory())))
        if value == DONE and (chosen := self._chosen(state)):
            codes = {code for one in chosen for code in desk.team.codes_of(one)}
            return Understood(state.answering(WHERE, sorted(codes)))
        if value:
            return self._one_more(state, desk.place(value) or desk.team.intercommunality(value), desk)
        if event.kind is Gesture.SAID:
            return self._said(state, event.text, desk)
        return asked_again(Posed(_("Écrivez le nom d'une commune."), self._rows(state)))

    def _said(self, state: State, written: str, desk: Desk) -> Reading:
        if found := desk.team.intercommunalities_called(written):
            return self._among(state, found, len(found) == 1, desk)
        match = desk.find_place(written, None)
        return self._among(state, match.places, len(match.places) == 1 or match.sure, desk)

    def _among(self, state: State, found: Sequence[Named], sure: bool, desk: Desk) -> Reading:
        theirs = [one for one in found if self._is_theirs(state, one, desk)]
        if sure or not theirs:
            return self._one_more(state, found[0] if found else None, desk)
        rows = tuple((Choice(_with_departement(one), f"{WHERE}:{_code(one)}"),) for one in theirs[:MOST_ALIKE])
        is_a_commune = isinstance(found[0], Place)
        text = _("De quelle commune parlez-vous ?") if is_a_commune else _("De quelle intercommunalité parlez-vous ?")
        return asked_again(Posed(text, (*rows, *self._rows(state))))

    def _one_more(self, state: State, place: Named | None, desk: Desk) -> Reading:
        if place is None:
            return asked_again(
                Posed(_("Je ne connais pas cette commune. Écrivez son nom ou son code postal."), self._rows(state))
            )
        if not self._is_theirs(state, place, desk):
            text = _("{place} n'est pas dans votre territoire.").format(place=place.nom)
            return asked_again(Posed(text, self._rows(state)))
        chosen = list(dict.fromkeys([*self._chosen(state), _code(place)]))
        state = state.answering(CHOSEN + WHERE, chosen)
        text = _("C'est noté : {places}. Une autre commune ?").format(places=where_in_words(chosen, desk))
        return asked_again(Posed(text, self._rows(state)), state=state)

    @staticmethod
    def _is_theirs(state: State, place: Named, desk: Desk) -> bool:
        codes = tuple(desk.team.codes_of(_code(place)))
        return desk.team.may_give(Mandate(0, _role(state), codes, ()))

    @staticmethod
    def _chosen(state: State) -> list[str]:
        return list(state.answers.get(CHOSEN + WHERE, ()))

    def _rows(self, state: State) -> Rows:
        if self._chosen(state):
            return ((Choice(_("C'est tout"), f"{WHERE}:{DONE}"),),)
        return ((Choice(_("Tout mon territoire"), f"{WHERE}:{ALL}"),),)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of entries a correspondent looks after: all, or some that are tapped one after the other."""

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(_("Pour quels types de lieux ?"), self._rows(state))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        value, chosen = _answered(event, self._rows(state)), self._chosen(state)
        if value == ALL:
            return Understood(state.answering(KINDS, []))
        if value == DONE and chosen:
            return Understood(state.answering(KINDS, chosen))
        kind = Kind.of(value)
        if kind is None:
            return asked_again(Posed(_("Touchez un type de lieu."), self._rows(state)))
        state = state.answering(CHOSEN + KINDS, toggled(chosen, kind.value))
        text = _("Pour quels types de lieux ? Touchez-en d'autres, puis « C'est tout ».")
        return asked_again(Posed(text, self._rows(state)), state=state, edits=True)

    @staticmethod
    def _chosen(state: State) -> list[str]:
        return list(state.answers.get(CHOSEN + KINDS, ()))

    def _rows(self, state: State) -> Rows:
        chosen = self._chosen(state)
        ends = Choice(_("C'est tout"), f"{KINDS}:{DONE}") if chosen else Choice(_("Tous les types"), f"{KINDS}:{ALL}")
        return ((ends,), *marked(KINDS, Kind, chosen))


@dataclass(frozen=True, slots=True)
class Run:
    """The entry that an organiser runs: its number or its name, in the person's own territory."""

    def pose(self, state: State, desk: Desk) -> Posed:
        return Posed(_("De quel lieu s'occupe cette personne ? Écrivez son nom, ou le numéro de sa fiche."))

    def read(self, state: State, event: Event, desk: Desk) -> Reading:
        written = tapped(event) if event.kind is Gesture.TAPPED else event.text
        ids = [
            id_ for id_ in self._ids(written.strip(), desk) if desk.team.may_give(Mandate(0, _role(state), (), (id_,)))
        ]
        if len(ids) == 1:
            return Understood(state.answering(RUN, ids))
        if not ids:
            text = _("Je ne trouve pas ce lieu dans votre territoire. Essayez le numéro de sa fiche.")
            return asked_again(Posed(text))
        rows = tuple((Choice(entry.nom, f"{RUN}:{entry.id}"),) for entry in desk.initiatives(ids))
        return asked_again(Posed(_("De quel lieu parlez-vous ?"), rows))

    @staticmethod
    def _ids(written: str, desk: Desk) -> list[int]:
        if number := number_in(written):
            return [entry.id for entry in desk.initiatives([number])]
        return [entry.id for entry in desk.called(written, desk.team.near()) or _called_in_town(written, desk)]


def _called_in_town(written: str, desk: Desk) -> Sequence[Initiative]:
    """The entries whose name was written with their town: "ressourcerie des fontaines sceaux"."""
    town = desk.understand(written, None).place
    if town is None:
        return ()
    folded = [word.folded for word in words_of(written)]
    return desk.called(" ".join(folded[: town.first] + folded[town.after :]), town.match.places[0])


AGREEMENT = YesOrNo(
    AGREED,
    lambda state, desk: _("Votre invitation : {what}.").format(what=in_words(_mandate(state), desk)),
    lambda: (_("Faire le lien"), _("Ne rien faire")),
    lambda: _("Je fais le lien ?"),
)


def _make(state: State, desk: Desk) -> Turn:
    """Shows the link, once."""
    mandate = _mandate(state)
    if state.answers[AGREED] != YES:
        return nested.ended(state, _("D'accord : aucun lien n'est fait."))
    if not desk.team.may_give(mandate):
        return nested.ended(state, _("Ce n'est plus à vous de donner ce rôle. Aucun lien n'est fait."))
    if not desk.team.may_invite():
        return nested.ended(state, _too_many())
    if not desk.telegram:
        return nested.ended(state, _("Je ne connais pas encore mon adresse sur Telegram. Réessayez dans une heure."))
    secret = desk.team.new_secret()
    text = _(
        "Voici l'invitation : {what}.\n{link}\n"
        "Envoyez-la à une seule personne. Le lien sert une fois, pendant 48 heures."
    )
    link = f"https://t.me/{desk.telegram}?start={A_ROLE}{secret}"
    done = nested.ended(state, text.format(what=in_words(mandate, desk), link=link), (see_the_team(),))
    return replace(done, effects=(Invite(mandate, secret),))


def _held(state: State, desk: Desk) -> list[str]:
    return [_("une invitation que vous préparez")]


def _flow(role: Role, *steps: Step) -> Flow:
    return inner_flow(f"{INVITING}{role}", (*steps, Step(AGREED, AGREEMENT)), _make, _held)


_COMMUNES = Step(WHERE, Communes(), takes_words=True)

INVITATIONS: tuple[Flow, ...] = (
    _flow(Role.CORRESPONDANT, _COMMUNES, Step(KINDS, Kinds())),
    _flow(Role.ORGANISATEUR, Step(RUN, Run(), takes_words=True)),
    _flow(Role.TRAVAILLEUR_SOCIAL, _COMMUNES),
)
