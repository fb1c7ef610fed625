"""Texts somebody may write to harm, or by accident, and what the guide keeps of each."""

from dataclasses import dataclass

# Kept to the letter, wherever they are written.
PLAIN = {
    "tags": "<b>Café</b><script>alert(1)</script>",
    "attribute": 'Café"><img src=x onerror=alert(1)>',
    "quotes": "Café' onclick='alert(1)",
    "address": "javascript:alert(1)//<a href='javascript:alert(1)'>ici</a>",
    "references": "&amp; &lt;b&gt; &#39; &nbsp",
    "telegram": "*gras* _penché_ [lien](tg://user?id=1) ||caché|| ~rayé~ <tg-spoiler> `code`",
    "typst": '#import "x": y; #panic("!") $x$ *a* \\ `b` @ref <label> // fin',
    "braces": "{name} {0} %s %(nom)s {{ 7*7 }} {% raw %}",
    "sql": "'; DROP TABLE initiatives; --",
    "equals": '=HYPERLINK("http://exemple.fr";"ici")',
    "plus": "+33 et plus",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "calendar": "BEGIN:VEVENT;SUMMARY:Faux, END:VEVENT\\nSTATUS:CANCELLED",
    "long word": "Anticonstitutionnellement" * 4,
    "arabic": "مرحبا بكم",
    "emoji": "❤\ufe0f ✌🏽",
    "joined emoji": "👨\u200d👩\u200d👧 unis",
}


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text with something that nobody sees, and what is kept; None where it is refused."""

    written: str
    on_a_card: str | None
    elsewhere: str


CLEANED = {
    "turned round": Cleaned("Café \u202eerret", "Café erret", "Café erret"),
    "isolated": Cleaned("Le \u2066Pot\u2069 bleu", "Le Pot bleu", "Le Pot bleu"),
    "right to left": Cleaned("Café\u200f noir", "Café noir", "Café noir"),
    "no width": Cleaned("Café \u200bnoir", "Café noir", "Café noir"),
    "escapes": Cleaned("Café \x1b]0;x\x07noir\x9b", "Café ]0;x noir", "Café ]0;x noir"),
    "null": Cleaned("Café\0noir", None, "Café noir"),
    "half a character": Cleaned("Café\ud800noir", None, "Café noir"),
    "tab": Cleaned("\t=1+1", "=1+1", "=1+1"),
    "lines": Cleaned("Un\r\nEND:VEVENT\r\n\r\nfin", "Un END:VEVENT fin", "Un END:VEVENT fin"),
    "line ends": Cleaned("Un\u2028deux\u2029trois\x85", "Un deux trois", "Un deux trois"),
    "spaces": Cleaned("  Café   noir  ", "Café noir", "Café noir"),
}  # fmt: skip

# What somebody may write in words of their own, one of each sort, and what is kept of it.
SENTENCES = {name: (PLAIN[name], PLAIN[name]) for name in ("tags", "equals", "braces")} | {
    name: (CLEANED[name].written, CLEANED[name].elsewhere)
    for name in ("null", "turned round", "half a character", "escapes", "lines")
}

TOO_LONG = "mot " * 2_500

# What a database may hold: written before it was cleaned, or by another program.
HELD = PLAIN | {
    name: one.written
    for name, one in CLEANED.items()
    if name not in ("null", "half a character")  # which no database takes
}
