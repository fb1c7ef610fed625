"""`bonne-porte understand`: what is understood of messages, for people who tune the lexicon, and for other programs."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from catalogue.gazetteer import read_shipped_places, read_usual_names
from catalogue.places import Place, PlaceIndex, PlaceMatch
from catalogue.understanding import Understander, Understanding, read_understander

DOUBT = 0.6  # of the score of a place that would be confirmed by a button


class NotAMessage(ValueError):
    """A line that is a JSON object without a text."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Understands messages with what the product is shipped with: no database, no setting."""

    index: PlaceIndex
    understander: Understander

    def as_json(self, text: str) -> dict[str, Any]:
        """A message as other programs read it."""
        understood = self.understander.understand(text, self.index)
        mention = understood.place
        match = mention.match if mention else PlaceMatch((), False)
        return {
            "text": text,
            "needs": [{"code": need.value, "score": round(score, 3)} for need, score in understood.needs],
            **self._places(match, mention.score if mention else 0.0),
            "publics": [public.value for public in understood.publics],
            "emergency": understood.emergency.value if understood.emergency else None,
            "language": understood.language,
        }

    def place_as_json(self, text: str) -> dict[str, Any]:
        """An answer to "Où ?", in the same form."""
        match = self.understander.place_answered(text, self.index)
        said = self.understander.understand(text, self.index)
        emergency = said.emergency.value if said.emergency else None
        others = {
            "needs": [],
            **self._places(match, 1.0),
            "publics": [],
            "emergency": emergency,
            "language": said.language,
        }
        return {"text": text, **others}

    def _places(self, match: PlaceMatch, score: float) -> dict[str, Any]:
        """The likeliest place, and all that may be meant when there are several: communes as they are today."""
        sure = score if match.sure else score * DOUBT
        today = dict.fromkeys(self._today(place) for place in match.places)
        found = [_place(place, sure / (number + 1)) for number, place in enumerate(today)]
        return {"place": found[0] if found else None, "candidates": found if len(found) > 1 else []}

    def _today(self, place: Place) -> Place:
        """The commune a former one belongs to."""
        return (self.index.get(place.parent) if place.type == "ANC" and place.parent else None) or place

    def explained(self, text: str) -> str:
        """A message as people who tune the lexicon read it."""
        understood = self.understander.understand(text, self.index)
        return "\n".join(self._lines(text, understood))

    def _lines(self, text: str, understood: Understanding) -> Iterator[str]:
        needs = ", ".join(f"{need.label} ({score:.0%})" for need, score in understood.needs)
        yield f"Besoin   : {needs or 'aucun'}"
        if understood.needs:
            first = understood.needs[0][0]
            yield f"  lexique  : {', '.join(understood.evidence) or 'rien'}"
            yield f"  mots     : {', '.join(self.understander.telling(text, first)[:6]) or 'aucun'}"
        yield f"Lieu     : {_place_line(understood)}"
        yield f"Publics  : {', '.join(public.label for public in understood.publics) or 'aucun'}"
        yield f"Urgence  : {understood.emergency.label if understood.emergency else 'non'}"
        yield f"Langue   : {understood.language}"


def _place_line(understood: Understanding) -> str:
    if not understood.place:
        return "aucun"
    match = understood.place.match
    sure = "sûr" if match.sure else "à confirmer"
    named = ", ".join(f"{place.nom} ({place.insee})" for place in match.places[:3])
    return f"{named} : {sure}, {understood.place.score:.0%}"


def _place(place: Place, score: float) -> dict[str, Any]:
    known = {"insee": place.insee, "name": place.nom, "lat": place.latitude, "lon": place.longitude}
    return {**known, "score": round(score, 3)}


def read_reader() -> Reader:
    """With the shipped places, lexicon and model."""
    return Reader(PlaceIndex(read_shipped_places(), read_usual_names()), read_understander())


def messages(lines: Iterable[bytes]) -> Iterator[str | NotAMessage]:
    """The message of each line: the line itself, or the `text` of the JSON object it is."""
    for number, line in enumerate(lines, 1):
        said = line.decode("utf-8", "replace").rstrip("\r\n")
        yield _text_of(said, number) if said.lstrip().startswith("{") else said


def _text_of(said: str, number: int) -> str | NotAMessage:
    try:
        read = json.loads(said)
    except (ValueError, RecursionError):
        return said  # people may write a brace too
    if isinstance(read, dict) and isinstance(read.get("text"), str):
        return str(read["text"])
    return NotAMessage(f"ligne {number} : un objet JSON sans « text »")
