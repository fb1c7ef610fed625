"""Reading a CSV file that somebody else wrote: what cannot be read is refused line by line, the rest goes on."""

import csv
import html
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from math import isfinite
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not loaded, and why, in French for the person who can correct it."""

    file: str
    line: int
    reason: str


class Unreadable(ValueError):
    """A row that cannot be loaded; the message says why, in French."""


def read_rows(
    file: str, content: bytes, needed: Collection[str], read: Callable[[dict[str, str]], None], refused: list[Refused]
) -> None:
    """Call `read` with each row of a CSV file that has a header; what it finds Unreadable is added to `refused`."""
    for line, fields in _rows(file, content, needed, refused):
        try:
            read(fields)
        except Unreadable as error:
            refused.append(Refused(file, line, str(error)))


def _rows(
    file: str, content: bytes, needed: Collection[str], refused: list[Refused]
) -> Iterator[tuple[int, dict[str, str]]]:
    header: list[str] = []
    for line, values in _lines(file, content, refused):
        if not header:
            header = values
            if missing := [name for name in needed if name not in header]:
                refused.append(Refused(file, line, f"colonnes manquantes : {', '.join(missing)}"))
                return
        elif reason := _damage(values, len(header)):
            refused.append(Refused(file, line, reason))
        else:
            yield line, dict(zip(header, values, strict=True))


def _lines(file: str, content: bytes, refused: list[Refused]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a field longer than any field is
            refused.append(Refused(file, line, "ligne illisible"))
            continue
        if values:
            yield line, values


def _damage(values: list[str], expected: int) -> str | None:
    if len(values) != expected:
        return f"{len(values)} colonnes au lieu de {expected}"
    whole = "".join(values)
    if "\0" in whole or "\ufffd" in whole:
        return "caractères illisibles"
    return None


# Joiners are kept between what they join: letters of other scripts, the parts of an emoji.
_JOINED = r"[\u0300-\u1fff\u2190-\u2bff\u3000-\U0001faff]"
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
    rf"|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
)
_SOFT = str.maketrans("", "", "\xad\u200b\ufeff")


def text(value: str) -> str | None:
    """The words, one space apart, without what cannot be seen; None when nothing is left."""
    if not value.isprintable():
        value = _UNSEEN.sub(" ", value.translate(_SOFT))
    return " ".join(value.split()) or None


def plain_text(value: str) -> str:
    """The same from what may hold HTML."""
    return text(re.sub(r"<[^<>]*>", " ", html.unescape(value))) or ""


def sentence(value: str) -> str:
    """Words that begin with a capital and end with a stop."""
    said = value.strip()
    return said[:1].upper() + said[1:] + ("" if said.endswith((".", "!", "?", "…")) or not said else ".")


def one_of(value: str, allowed: Collection[str], what: str) -> str:
    """A value that must be among some. Raises Unreadable."""
    if value not in allowed:
        raise Unreadable(f"{what} : « {value[:40]} »")
    return value


_CALLING_CODES = re.compile(r"^(?:\+|00)(33|262|508|590|594|596)(?:\(0\))?(\d{9})$")


def phone(value: str) -> str | None:
    """ "01 23 45 67 89" for a French number, however it was written; any other as it is."""
    said = text(value)
    digits = re.sub(r"[ .\-/]", "", said or "")
    if abroad := _CALLING_CODES.match(digits):
        digits = f"0{abroad[2]}"
    if re.fullmatch(r"0\d{9}", digits):
        return " ".join(digits[start : start + 2] for start in range(0, 10, 2))
    return said


def email(value: str) -> str | None:
    """The first e-mail address there is."""
    found = re.search(r"[^\s@,;<>]+@[^\s@,;<>]+\.[a-zA-Z]{2,}", value)
    return found[0] if found and found[0].isprintable() else None


def web_address(value: str) -> str | None:
    """The address when it is one that can be followed, from anywhere, and of which nothing is hidden."""
    address = value.strip()
    if not re.fullmatch(r"https?://[^\s<>\"]+", address) or not address.isprintable():
        return None
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return None
    return address if "." in host.strip(".") else None


def point(latitude: str, longitude: str) -> tuple[float, float] | None:
    """A position in degrees, None when there is none. Raises Unreadable."""
    if not latitude.strip() and not longitude.strip():
        return None
    try:
        found = float(latitude), float(longitude)
    except ValueError:
        raise Unreadable(f"coordonnées illisibles : « {latitude[:20]} », « {longitude[:20]} »") from None
    if not (isfinite(found[0]) and isfinite(found[1]) and abs(found[0]) <= 90 and abs(found[1]) <= 180):
        raise Unreadable(f"coordonnées impossibles : « {latitude[:20]} », « {longitude[:20]} »")
    return found
