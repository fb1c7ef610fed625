"""The columns of a table, whether CSV or a sheet of a workbook."""

import re
from collections.abc import Collection

from catalogue.exchange.unread import CannotRead, is_storable

MOST_COLUMNS = 500


def column_name(cell: str, known: Collection[str]) -> str:
    """The name of a column: a known one when it is written otherwise ("Nom *", "id (obligatoire)")."""
    bare = re.sub(r"\([^()]*\)|\*", "", cell).strip().lower()
    return bare if bare in known else cell.strip()


def check_header(names: Collection[str], columns: int) -> None:
    """Raises CannotRead for what cannot be the header of a table of so many columns."""
    if columns > MOST_COLUMNS:
        raise CannotRead(f"Ce tableau a plus de {MOST_COLUMNS} colonnes.")
    if not names or not is_storable("".join(names)):
        raise CannotRead("Les noms des colonnes de ce tableau sont illisibles.")
