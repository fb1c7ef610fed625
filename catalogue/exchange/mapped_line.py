"""One line of a list, in our words: what its columns hold, as its mapping says."""

import re
from dataclasses import dataclass
from typing import Any

from catalogue.exchange.mapping import Mapping, key_of, put_together
from catalogue.exchange.readers import SEVERAL, SLUGS, USUAL
from catalogue.exchange.reading import Record
from catalogue.exchange.rows import Unreadable, one_of, text
from catalogue.places import Place

_UNREADABLE = re.compile("[\0\ufffd\ud800-\udfff]")

Columns = dict[str, str]  # as the mapping names them, to as the list does


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says, in our words."""

    mapping: Mapping
    columns: Columns
    record: Record

    def cell(self, column: str) -> str:
        """What a column holds, as text. Raises Unreadable."""
        return _as_text(self.record.fields.get(self.columns[column]), self.mapping.separator)

    def values(self, field: str) -> list[str]:
        """What a field holds: the value of every line, or else that of its column, translated if the mapping does."""
        if field in self.mapping.constants:
            return list(self.mapping.constants[field])
        if field not in self.mapping.columns:
            return []
        said = put_together(self.mapping.columns[field], self.cell)
        parts = said.split(self.mapping.separator) if field in SEVERAL else [said]
        values = [value for value in map(text, parts) if value]
        known = self.mapping.translations.get(field)
        return [ours for value in values for ours in known.get(key_of(value), (value,))] if known else values

    def value(self, field: str) -> str:
        return next(iter(self.values(field)), "")

    def read(self, field: str, place: Place | None) -> Any:
        """A field as it is usually read, or as the mapping wants it. Raises Unreadable."""
        return self.mapping.readers.get(field, USUAL[field])(self.value(field), place)

    def slugs(self, field: str) -> list[str]:
        """Values that must be among ours, each once. Raises Unreadable."""
        ours, what = SLUGS[field]
        found = [ours.get(key_of(value), value) for value in self.values(field)]
        return [one_of(slug, ours.values(), what) for slug in dict.fromkeys(found)]


def _as_text(value: object, separator: str) -> str:
    """A cell of a table or of a spreadsheet. Raises Unreadable for what no alphabet has."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return separator.join(_as_text(each, separator) for each in value)
    said = str(value)
    if _UNREADABLE.search(said):
        raise Unreadable("caractères illisibles")
    return said
