"""An initiative as a person reads it: short in a list, whole when they ask, always with how true it is."""

from datetime import date, datetime
from urllib.parse import quote

from catalogue.entries import CalendarEvent, Initiative, Notice, Service, TownHall
from catalogue.exchange.rows import web_address
from catalogue.freshness import freshness
from catalogue.geo import hectometres
from catalogue.hours import openness, ordinary_week
from catalogue.needs import Kind, Method, NoticeKind, Public, Reach, Reason
from catalogue.notices import hours_now, season_days, to_show
from handlers import words
from handlers.dialogue import Card, Choice
from handlers.locale import gettext as _

MOST_SERVICES = 8
SENTENCE = 200  # characters of the description in a list


def short_card(entry: Initiative, place_words: str, now: datetime) -> Card:
    """The card of a list; `place_words` says where it is, seen from where the person looks."""
    lines = [warning(entry), first_sentence(entry.description), place_words]
    lines += [*for_a_time(entry, now.date()), opening(entry, now)]
    lines.append(_for_whom_and_cost(entry))
    return Card(entry.nom, tuple(filter(None, lines)), provenance(entry, now.date()), _list_choices(entry))


def whole_card(entry: Initiative, now: datetime) -> Card:
    """Everything known about an entry, in the order one needs it."""
    lines = [
        warning(entry),
        _what_it_is(entry),
        address(entry),
        *for_a_time(entry, now.date()),
        opening(entry, now),
        _season(entry.season),
        _labelled(_("Horaires : {value}"), _usual_hours(entry)),
        *contact_lines(entry),
        _services(entry),
        _labelled(_("Public : {value}"), entry.publics_precisions),
        _for_whom_and_cost(entry),
        _labelled(_("Prix : {value}"), entry.frais_precisions),
        _labelled(_("Pour y accéder : {value}"), entry.conditions_acces),
        wheelchair(entry.accessible),
    ]
    choices = (*_way_there(entry), *calls(entry))
    return Card(entry.nom, tuple(filter(None, lines)), provenance(entry, now.date()), choices)


def contact_card(entry: Initiative, now: datetime) -> Card:
    """How to reach an entry before going."""
    lines = (warning(entry), *contact_lines(entry), *for_a_time(entry, now.date()), opening(entry, now))
    return Card(entry.nom, tuple(filter(None, lines)), provenance(entry, now.date()), calls(entry))


def town_hall_words(hall: TownHall, alone: bool) -> str:
    """Where a human can always be called: the town hall's phone, or its address when no phone is known.

    `alone`: nothing else was found, so there is nothing that might not suit.
    """
    name = _("la mairie {of_place}").format(of_place=words.of(hall.commune))
    reach = hall.telephone or hall.adresse
    helps = _("{name} peut vous orienter : {reach}.") if reach else _("{name} peut vous orienter.")
    said = helps.format(name=name, reach=reach)
    return said[0].upper() + said[1:] if alone else _("Si rien ne convient, {said}").format(said=said)


def distance_words(km: float, origin: str) -> str:
    """A distance and what it is from: "à 1,2 km de vous", "à 300 m du centre", "à 14 km de Bourges"."""
    return _("à {distance} {origin}").format(distance=words.kilometres(hectometres(km)), origin=origin)


def reach_words(reach: Reach) -> str:
    """Where an entry without a place serves."""
    return {
        Reach.DEPARTEMENTAL: _("Dans tout le département"),
        Reach.NATIONAL: _("Partout en France"),
        Reach.A_DISTANCE: _("À distance, de chez vous"),
        Reach.LOCAL: "",
    }[reach]


def opening(entry: Initiative, now: datetime) -> str:
    """Open now, closed until, or what is known. Overseas, by the clock of the place."""
    hours = hours_now(entry.horaires_osm, entry.season, entry.notices)
    state = openness(hours, now, entry.departement)
    here = now.astimezone(state.until.tzinfo) if state.until else now
    if state.state == "open":
        until = _("Ouvert maintenant, jusqu'{moment}.")
        return until.format(moment=words.moment(state.until, here)) if state.until else _("Ouvert maintenant.")
    if state.state == "closed" and not entry.horaires_osm:
        return _("Fermé en ce moment.")  # when it opens again, its hours are not known
    if state.state == "closed":
        until = _("Fermé, ouvre {moment}.")
        return until.format(moment=words.moment(state.until, here)) if state.until else _("Fermé en ce moment.")
    if entry.horaires:
        return _("Horaires annoncés : {value}").format(value=entry.horaires)
    return _("Horaires non connus.")


def warning(entry: Initiative) -> str:
    """What several people said of an entry; "" when nobody did, or it was settled."""
    if entry.warning is None:
        return ""
    said = {
        Reason.FERME: _("Attention : plusieurs personnes l'ont trouvé fermé. Appelez avant d'y aller."),
        Reason.HORAIRES: _("Attention : plusieurs personnes disent que les horaires ont changé."),
        Reason.ADRESSE: _("Attention : plusieurs personnes disent que l'adresse n'est pas la bonne."),
        Reason.TELEPHONE: _("Attention : plusieurs personnes disent que le téléphone ne répond pas."),
    }
    return said.get(entry.warning, _("Attention : plusieurs personnes ont signalé une erreur sur cette fiche."))


def for_a_time(entry: Initiative, today: date) -> list[str]:
    """What is true for a time, a line each."""
    return [_notice(notice, today) for notice in to_show(entry.notices, today)]


def _notice(notice: Notice, today: date) -> str:
    if notice.kind is NoticeKind.MESSAGE:
        return _("À savoir : {message}").format(message=notice.message)
    period = words.period(notice.starts, notice.ends, today)
    if notice.kind is NoticeKind.FERMETURE:
        said = _("Fermé {period}.").format(period=period)
    else:
        said = _("Horaires {period} : {value}.").format(period=period, value=_hours_in_words(notice.horaires_osm))
    return f"{said} {notice.message}".strip()


def _season(season: str | None) -> str | None:
    days = season_days(season)
    return _("Ouvert chaque année {period}.").format(period=words.period(*days, days[0])) if days else None


def _services(entry: Initiative) -> str | None:
    """What is offered there, when it is more than one thing, and for whom each is."""
    if len(entry.services) < 2:
        return None
    said = [_service(service) for service in entry.services[:MOST_SERVICES]]
    more = ["…"] if len(entry.services) > MOST_SERVICES else []
    return _("On y propose : {value}").format(value=" ; ".join(said + more))


def _service(service: Service) -> str:
    if not service.publics or Public.TOUS_PUBLICS in service.publics:
        return service.nom
    publics = ", ".join(_(public.label).lower() for public in service.publics)
    return _("{service} (pour : {publics})").format(service=service.nom, publics=publics)


def _hours_in_words(horaires_osm: str | None) -> str | None:
    days = ordinary_week(horaires_osm) if horaires_osm else None
    return horaires_osm if days is None else words.week(days)


def _usual_hours(entry: Initiative) -> str | None:
    """The hours of an ordinary week, in words; as they were given when weeks are not alike."""
    days = ordinary_week(entry.horaires_osm) if entry.horaires_osm else None
    if days is None:
        return entry.horaires if entry.horaires_osm else None
    return words.week(days)


def address(entry: Initiative) -> str:
    """The postal address, as far as it is known."""
    town = " ".join(filter(None, (entry.code_postal, entry.commune)))
    return ", ".join(filter(None, (entry.adresse, entry.complement_adresse, town)))


def contact_lines(entry: Initiative | CalendarEvent) -> list[str]:
    """Phone, e-mail and site, one a line."""
    found = (
        _labelled(_("Téléphone : {value}"), entry.telephone),
        _labelled(_("Courriel : {value}"), entry.courriel),
        _labelled(_("Site : {value}"), entry.site_web),
    )
    return [line for line in found if line]


def wheelchair(accessible: bool | None) -> str:
    """Whether one can come in with a wheelchair, in plain words."""
    if accessible is None:
        return _("Accès en fauteuil roulant : non précisé.")
    return _("On peut entrer en fauteuil roulant.") if accessible else _("On ne peut pas entrer en fauteuil roulant.")


def provenance(entry: Initiative, today: date) -> str:
    """How true it is, in plain words; never a name."""
    before_going = _("appelez avant d'y aller") if entry.telephone else _("vérifiez avant d'y aller")
    if entry.vanished_at and is_absent(entry):
        gone = words.month_and_year(entry.vanished_at)
        return _("Absent de sa liste d'origine depuis {since} : {advice}.").format(since=gone, advice=before_going)
    if entry.verified_at is None:
        return _("Pas encore confirmé : {advice}.").format(advice=before_going)
    fresh = freshness(entry.verified_at, today)
    listed = entry.verified_method in (Method.IMPORT, None)
    since = str(entry.verified_at.year) if entry.verified_by_year else words.month_and_year(entry.verified_at)
    if fresh == 0 or (listed and fresh < 1):
        return _("Pas confirmé depuis {since} : {advice}.").format(since=since, advice=before_going)
    if listed or entry.verified_method is None:
        return _("D'après une liste {of_since}.").format(of_since=words.of(since))
    return _("Confirmé {method} {ago}.").format(
        method=_(entry.verified_method.label), ago=words.ago(entry.verified_at, today)
    )


def is_absent(entry: Initiative) -> bool:
    """Whether its list no longer has an entry, and no person confirmed it since."""
    by_a_person = entry.verified_at if entry.verified_method not in (Method.IMPORT, None) else None
    return entry.vanished_at is not None and (by_a_person is None or by_a_person < entry.vanished_at)


def _labelled(pattern: str, value: str | None) -> str | None:
    return pattern.format(value=value) if value else None


def _what_it_is(entry: Initiative) -> str:
    kind = _(entry.kind.label)
    known = entry.kind is Kind.AUTRE or entry.description.startswith(kind)
    return entry.description if known else f"{kind}. {entry.description}"


def first_sentence(description: str) -> str:
    """How a description begins, on one line of a list."""
    sentence = description.strip().split("\n")[0]
    return sentence if len(sentence) <= SENTENCE else sentence[: SENTENCE - 1].rsplit(" ", 1)[0] + "…"


def _for_whom_and_cost(entry: Initiative) -> str:
    publics = ", ".join(_(public.label).lower() for public in entry.publics)
    if not publics and not entry.frais:
        return _("Public et prix non précisés.")
    for_whom = _("Pour : {publics}.").format(publics=publics) if publics else _("Public non précisé.")
    cost = _("Prix : {cost}.").format(cost=_(entry.frais.label).lower()) if entry.frais else _("Prix non précisé.")
    return f"{for_whom} {cost}"


def _list_choices(entry: Initiative) -> tuple[Choice, ...]:
    details = Choice(_("Détails"), f"fiche:{entry.id}")
    contact = (Choice(_("Contact"), f"contact:{entry.id}"),) if contact_lines(entry) else ()
    return (details, *_way_there(entry), *contact)


def _way_there(entry: Initiative) -> tuple[Choice, ...]:
    if entry.reach is not Reach.LOCAL:
        return ()
    exact = entry.exact and entry.latitude is not None and entry.longitude is not None
    spot = (entry.latitude or 0.0, entry.longitude or 0.0) if exact else None
    return map_choice(spot, address(entry) if entry.commune else "")


def map_choice(spot: tuple[float, float] | None, postal: str) -> tuple[Choice, ...]:
    """The button that shows the way: to a true point, or else to a postal address; nothing when neither is known."""
    if spot:
        north, east = (f"{degrees:.5f}" for degrees in spot)
        url = f"https://www.openstreetmap.org/?mlat={north}&mlon={east}#map=17/{north}/{east}"
    elif postal:
        url = f"https://www.openstreetmap.org/search?query={quote(postal)}"
    else:
        return ()
    return (Choice(_("Y aller"), url=url),)


def calls(entry: Initiative | CalendarEvent) -> tuple[Choice, ...]:
    """The buttons that call, and that open the site."""
    calls = []
    if entry.telephone:
        digits = "".join(c for c in entry.telephone if c.isdigit() or c == "+")
        calls.append(Choice(_("Appeler"), url=f"tel:{digits}"))
    if entry.site_web and web_address(entry.site_web):
        calls.append(Choice(_("Voir le site"), url=entry.site_web))
    return tuple(calls)
