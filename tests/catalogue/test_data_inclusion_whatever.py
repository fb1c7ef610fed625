"""data·inclusion v1, whatever is sent."""

from datetime import date
from typing import Any

from data_inclusion.schema import v1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.exchange.national_schema import Fields
from catalogue.exchange.own_columns import BonnePorte
from catalogue.exchange.rows import text
from tests.catalogue.test_data_inclusion import NANTERRE, out, read, service, structure
from tests.catalogue.test_data_inclusion_out import sorted_lists, untold

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
DAYS = st.dates(date(2000, 1, 1), date(2026, 1, 1)).map(date.isoformat)
WHERE: dict[str, st.SearchStrategy[Any]] = {
    "code_insee": st.sampled_from(["92050", "18033", "49069", "75113"]),
    "commune": st.sampled_from(["Nanterre", "BOURGES", "ailleurs"]),
    "code_postal": st.sampled_from(["92000", "18000"]),
    "adresse": st.sampled_from(["1 rue Haute", "1 RUE HAUTE", "2 place Basse"]),
    "latitude": st.floats(46, 49),
    "longitude": st.floats(1, 3),
}
ANY: dict[str, st.SearchStrategy[Any]] = WHERE | {
    "telephone": st.sampled_from(["01 40 00 00 00", "+33240000000", "le matin"]),
    "courriel": st.sampled_from(["a@exemple.org", "b@exemple.org"]),
    "horaires_accueil": st.sampled_from(["Mo-Fr 09:00-12:00", "sur rendez-vous", "Lundi 9h-12h"]),
    "lien_source": st.just("https://exemple.org/"),
}
STRUCTURES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["a", "b"]),
        "id": st.sampled_from("1234"),
        "nom": TEXTS.map("Lieu {}".format),
        "date_maj": DAYS,
    },
    optional=ANY
    | {
        "description": TEXTS.map("Vraiment {}".format),
        "reseaux_porteurs": st.lists(st.sampled_from([one.value for one in v1.ReseauPorteur]), min_size=1, max_size=3),
    },
)
SERVICES = st.fixed_dictionaries(
    {
        **{"source": st.just("a"), "structure_id": st.sampled_from("1234"), "id": st.sampled_from("56789")},
        **{"nom": TEXTS.map("Aide {}".format), "description": TEXTS.map("Vraiment {}".format), "date_maj": DAYS},
    },
    optional=ANY
    | {
        "thematiques": st.lists(st.sampled_from([one.value for one in v1.Thematique]), max_size=4),
        "publics": st.sampled_from([["jeunes"], ["seniors", "familles"], ["tous-publics"]]),
        "frais": st.sampled_from(["gratuit", "payant"]),
        "zone_eligibilite": st.sampled_from([["france"], ["17", "18"], ["18033"], ["241800432"]]),
        "modes_accueil": st.sampled_from([["a-distance"], ["en-presentiel"]]),
        "lien_mobilisation": st.just("https://exemple.org/aide"),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STRUCTURES | SERVICES, max_size=12))
def test_what_comes_in_goes_out_as_it_came_and_never_changes_again(told: list[Fields]) -> None:
    found = read(*told)
    first = out(found.rows.values())
    for record in (*first[0], *first[1]):
        given_ = next(one for one in told if one["id"] == record["id"])
        assert record == sorted_lists(
            {name: value.strip() if isinstance(value, str) else value for name, value in given_.items()}
        )
    again = read(*first[0], *first[1])
    assert again.rows == found.rows
    assert not again.refused or len(again.refused) < len(told)
    assert out(again.rows.values()) == first


CORRECTIONS: dict[str, st.SearchStrategy[Any]] = {
    "nom": st.sampled_from(["X", "Le nouveau nom", "L" * 200, "Centre social bleu"]),
    "kind": st.sampled_from(["autre", "amap"]),
    "needs": st.sampled_from([[], ["sante", "alimentation"]]),
    "description": st.sampled_from(["", "abc", "Une autre.", "D" * 11_000]),
    "adresse": st.sampled_from([None, "5 rue Neuve", "1 rue Haute"]),
    "commune": st.sampled_from(["Bourges", None]),
    "code_postal": st.sampled_from(["18000", None]),
    "code_insee": st.sampled_from(["18033", "17300", "92050"]),
    "latitude": st.sampled_from([47.2, 48.8]),
    "exact": st.booleans(),
    "telephone": st.sampled_from([None, "01 40 00 00 00", "0140000000"]),
    "courriel": st.sampled_from([None, "a@exemple.org", "faux"]),
    "site_web": st.sampled_from([None, "https://exemple.org/site", "faux"]),
    "horaires": st.sampled_from([None, "Lundi 9h-12h", "Mo-Fr 09:00-12:00"]),
    "horaires_osm": st.sampled_from([None, "Mo-Fr 09:00-12:00; PH off"]),
    "publics": st.sampled_from([[], ["seniors", "familles"], ["tous-publics", "jeunes"]]),
    "frais": st.sampled_from([None, "gratuit", "payant"]),
    "date_maj": st.sampled_from([None, date(1990, 1, 1), date(2026, 2, 2)]),
    "status": st.sampled_from(["active", "closed"]),
    "reach": st.sampled_from(["national", "a-distance"]),
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STRUCTURES | SERVICES, max_size=6), st.fixed_dictionaries({}, optional=CORRECTIONS))
def test_whatever_was_corrected_comes_back(told: list[Fields], values: Fields) -> None:
    rows = {key: row | values for key, row in read(*told).rows.items()}
    first = out(rows.values())
    again = read(*first[0], *first[1])
    assert untold(again.rows) == untold(rows)
    assert out(again.rows.values()) == first


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)
NAMES = st.sampled_from([*v1.Service.model_fields, *v1.Structure.model_fields, "bonne_porte"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(NAMES, ANYTHING | st.sampled_from(["essai--1", "92050", "2026-01-01"])), max_size=4))
def test_whatever_is_sent_is_read_or_refused_in_french(told: list[Fields]) -> None:
    broken = [
        {**(service(number) if "structure_id" in fields else structure(number)), **fields}
        for number, fields in enumerate(told)
    ]
    found = read(*told, *broken)
    for reason in (refused.reason for refused in found.refused):
        assert reason.startswith(("structure", "service"))
        assert text(reason) == reason
    out(found.rows.values())


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(list(BonnePorte.__annotations__)), ANYTHING | st.sampled_from(["local", "amap", "2026-01-01"])
    )
)
def test_whatever_we_are_said_to_say_is_read_or_refused(own: Fields) -> None:
    found = read(structure(1, **NANTERRE, bonne_porte=own))
    assert found.seen
    assert len(found.rows) + len(found.refused) == 1
    if found.rows:
        again = read(*out(found.rows.values())[0])
        assert untold(again.rows) == untold(found.rows)
        assert out(again.rows.values()) == out(found.rows.values())
