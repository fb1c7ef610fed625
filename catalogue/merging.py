"""Two entries that are one place become one: the one that is kept takes what it lacks from the other."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from catalogue.initiatives import Author, change_initiative
from catalogue.tables import initiatives


def merge(connection: Connection, two: dict[int, RowMapping], keep: int | None, author: Author, at: datetime) -> None:
    """Merge into `keep` the other of two entries, by their ids; nothing if it is already. `at` is UTC.

    Raises ValueError, in French, when `keep` is neither, or when one is already merged into yet another.
    """
    if keep not in two:
        raise ValueError("dites laquelle des deux fiches garder.")
    winner, other = two[keep], next(row for id_, row in two.items() if id_ != keep)
    if other["merged_into"] == keep:
        return
    for row in (winner, other):
        if row["merged_into"] is not None:
            raise ValueError(f"la fiche {row['id']} est déjà réunie à la fiche {row['merged_into']}.")
    change_initiative(connection, keep, _taken(winner, other), author, at)
    change_initiative(connection, other["id"], {"merged_into": keep}, author, at)


def part(connection: Connection, two: dict[int, RowMapping], author: Author, at: datetime) -> None:
    """Show again the one of two entries, by their ids, that was merged into the other, if any. `at` is UTC."""
    for id_, row in two.items():
        if row["merged_into"] in two:
            change_initiative(connection, id_, {"merged_into": None}, author, at)


# What an entry that does not say the first may take from the other, with what goes with it. What only means something
# in its own source (its link, its structure and services, that it vanished) stays there.
_TAKEN = (
    (("adresse",), ("complement_adresse", "commune", "code_postal", "code_insee", "departement")),
    (("horaires", "horaires_osm"), ("moments",)),
    (("publics",), ("publics_precisions",)),
    (("frais",), ("frais_precisions",)),
    (("verified_at",), ("verified_method", "verified_role", "verified_by_year")),
    *(((name,), ()) for name in ("telephone", "courriel", "site_web", "description", "conditions_acces", "accessible")),
    (("notices",), ()),
    (("date_maj",), ()),
)
_POSITION = ("latitude", "longitude", "exact")


def _taken(winner: RowMapping, other: RowMapping) -> dict[str, Any]:
    """What the entry that is kept takes from the other: what it does not say, and every need."""
    taken: dict[str, Any] = {"needs": list(dict.fromkeys([*winner["needs"], *other["needs"]]))}
    for said, along in _TAKEN:
        if _silent(winner, said) and not _silent(other, said):
            taken |= {name: other[name] for name in (*said, *along)}
    if other["exact"] and not winner["exact"]:
        taken |= {name: other[name] for name in _POSITION}
    return taken


def _silent(row: RowMapping, names: Iterable[str]) -> bool:
    return all(row[name] in (None, "", []) for name in names)


_MERGED_INTO = select(initiatives.c.merged_into).where(initiatives.c.id == bindparam("id_"))


def last_kept(connection: Connection, id_: int) -> int:
    """The entry to show for another: itself, or the last one kept where it was merged, and that one too…

    Raises ValueError, in French, for no such entry.
    """
    row = connection.execute(_MERGED_INTO, {"id_": id_}).one_or_none()
    if row is None:
        raise ValueError(f"aucune fiche ne porte le numéro {id_}.")
    return id_ if row.merged_into is None else last_kept(connection, row.merged_into)
