"""A structure or a service as the national schema wants it, and why it refuses one: in French, field by field."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from catalogue.exchange.given_values import json_value, quoted
from catalogue.exchange.rows import Unreadable

Fields = dict[str, Any]
Model = type[BaseModel]

_EXPECTED = {
    "code_postal": "cinq chiffres attendus",
    "code_insee": "code de cinq caractères attendu",
    "siret": "quatorze chiffres attendus",
    "courriel": "adresse électronique illisible",
    "zone_eligibilite": "« france », ou des codes de communes, de départements ou d'EPCI attendus",
    **dict.fromkeys(
        ("site_web", "lien_source", "lien_mobilisation", "accessibilite_lieu"),
        "adresse illisible, elle commence par https:// ou http://",
    ),
}
_REASONS = {  # by what the names of pydantic's errors begin with
    "missing": "manquant",
    "string_too_short": "trop court ({min_length} caractères au moins)",
    "string_too_long": "trop long ({max_length} caractères au plus)",
    "string_type": "texte attendu",
    "string_unicode": "caractères illisibles",
    "enum": "valeur inconnue",
    "too_short": "liste vide",
    "set_type": "liste attendue",
    "list_type": "liste attendue",
    "dict_type": "objet attendu",
    "date": "date illisible",
    "int": "nombre entier attendu",
    "float": "nombre attendu",
    "bool": "vrai ou faux attendu",
    "greater_than_equal": "{ge:g} au moins",
    "less_than_equal": "{le:g} au plus",
    "extra_forbidden": "champ inconnu",
}


def read_fields(model: Model, given: Mapping[str, Any]) -> tuple[Fields, dict[str, str]]:
    """The fields of a record that the schema knows, and why some are refused."""
    fields: Fields = {}
    problems: dict[str, str] = {}
    for name in model.model_fields:
        try:
            value = None if given.get(name) is None else json_value(name, given[name])
        except Unreadable as error:
            problems[name] = str(error)
        else:
            if value is not None:
                fields[name] = value
    try:
        model.model_validate(fields)
    except ValidationError as error:
        problems = explained(error) | problems
    return fields, problems


def explained(error: ValidationError, prefix: str = "") -> dict[str, str]:
    """Why each field is refused, in French."""
    found: dict[str, str] = {}
    for one in error.errors(include_url=False):
        name = str(one["loc"][0]) if one["loc"] else ""
        found.setdefault(f"{prefix}{name}".strip("."), _reason(name, one))
    return found


def _reason(name: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if isinstance(context.get("error"), ValueError):
        return str(context["error"]).rstrip(".")  # the schema's own rules, which it tells in French
    if name in _EXPECTED and error["type"] not in ("missing", "too_short", "list_type"):
        return _EXPECTED[name] + quoted(error["input"])
    begins = next((begins for begins in _REASONS if error["type"].startswith(begins)), None)
    return (_REASONS[begins].format(**context) if begins else "valeur inattendue") + quoted(error["input"])
