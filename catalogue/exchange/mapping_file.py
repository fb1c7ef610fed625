"""Reading the file that says how somebody else's list is read (docs/correspondances.md tells how to write one)."""

import re
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from catalogue.exchange.located import PRECISIONS
from catalogue.exchange.mapping import Mapping, Rule, Texts, key_of
from catalogue.exchange.readers import FIELDS, NAMED, SEVERAL, SLUGS, USUAL, Reader
from catalogue.exchange.rows import Unreadable
from catalogue.needs import Reach

COLUMNS, VALUES, READING, RULES, EXPECTED = "colonnes", "valeurs", "lecture", "si", "attendu"
SOURCE, SEPARATOR, DUPLICATES = "source", "separateur", "doublons"
_REFUSE, _MERGE = "refuser", "fusionner"
_KEYS = (SOURCE, SEPARATOR, DUPLICATES, COLUMNS, VALUES, READING, RULES, EXPECTED)
_RULE_KEYS = ("colonne", "contient", "kind", "needs")
_ALLOWED = {field: tuple(slugs.values()) for field, (slugs, _) in SLUGS.items()} | {"precision": PRECISIONS}


class WrongMapping(ValueError):
    """A mapping file that cannot be followed; the message says why in French, and names the key."""


def read_mapping(path: Path) -> Mapping:
    """The mapping a TOML file holds. Raises WrongMapping, for a file that is not there too."""
    try:
        return _mapping(_loaded(path))
    except WrongMapping as error:
        raise WrongMapping(f"{path.name} : {error}") from None


def _loaded(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError:
        raise WrongMapping("ce fichier n'existe pas ou ne peut pas être lu") from None
    except UnicodeDecodeError:
        raise WrongMapping("ce fichier doit être enregistré en UTF-8") from None
    except (ValueError, RecursionError) as error:
        where = re.search(r"line (\d+)", str(error))
        raise WrongMapping(f"écriture incorrecte, {f'ligne {where[1]}' if where else 'fin du fichier'}") from None


def _mapping(said: dict[str, Any]) -> Mapping:
    _known(said, _KEYS, "clés")
    columns = {field: _text(column, f"{COLUMNS}.{field}") for field, column in _table(said, COLUMNS).items()}
    _known(columns, FIELDS, COLUMNS)
    constants, translations = _values(_table(said, VALUES), columns)
    mapping = Mapping(
        source=_source(said),
        columns=columns,
        constants=constants,
        translations=translations,
        readers=_readers(_table(said, READING), [*columns, *constants]),
        rules=tuple(_rules(said.get(RULES, []))),
        expected={column: _expected(column, values) for column, values in _table(said, EXPECTED).items()},
        separator=_separator(said.get(SEPARATOR, ";")),
        merges=_choice(said.get(DUPLICATES, _REFUSE), (_REFUSE, _MERGE), DUPLICATES) == _MERGE,
    )
    _check_constants(mapping)
    _check_whole(mapping)
    return mapping


def _source(said: dict[str, Any]) -> str:
    source = _text(said.get(SOURCE, ""), SOURCE)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", source):
        raise WrongMapping(f"{SOURCE} : « {source} » doit être en minuscules sans accent, chiffres et tirets")
    return source


def _separator(said: object) -> str:
    if not isinstance(said, str) or not said:
        raise WrongMapping(f"{SEPARATOR} : il faut un texte entre guillemets")
    return said.strip() or said  # a line break separates too


def _values(said: dict[str, Any], columns: Collection[str]) -> tuple[dict[str, Texts], dict[str, dict[str, Texts]]]:
    """The values that every line has, and what the words of the list are in ours."""
    _known(said, FIELDS, VALUES)
    constants: dict[str, Texts] = {}
    translations: dict[str, dict[str, Texts]] = {}
    for field, value in said.items():
        key = f"{VALUES}.{field}"
        if isinstance(value, dict):
            if field not in columns:
                raise WrongMapping(f"{key} : dites dans [{COLUMNS}] la colonne à traduire")
            translations[field] = {
                key_of(theirs): _ours(field, ours, f"{key}.{theirs}") for theirs, ours in value.items()
            }
        elif field in columns:
            raise WrongMapping(f"{key} : ce champ est déjà dans [{COLUMNS}]")
        else:
            constants[field] = _ours(field, value, key)
    return constants, translations


def _ours(field: str, value: object, key: str) -> Texts:
    values = _texts(value, key)
    if len(values) > 1 and (field == "kind" or field not in SEVERAL):
        raise WrongMapping(f"{key} : une seule valeur est possible")
    if field in _ALLOWED:
        for slug in values:
            _choice(slug, _ALLOWED[field], key)
    return values


def _readers(said: dict[str, Any], fields: Collection[str]) -> dict[str, Reader]:
    for field, name in said.items():
        _choice(field, [known for known in NAMED if known in fields], READING)
        _choice(name, NAMED[field], f"{READING}.{field}")
    return {field: NAMED[field][name] for field, name in said.items()}


def _rules(said: object) -> Iterable[Rule]:
    if not isinstance(said, list) or not all(isinstance(rule, dict) for rule in said):
        raise WrongMapping(f"{RULES} : une règle commence par [[{RULES}]], entre doubles crochets")
    for number, rule in enumerate(said, 1):
        key = f"{RULES} (règle {number})"
        _known(rule, _RULE_KEYS, key)
        if "kind" not in rule and "needs" not in rule:
            raise WrongMapping(f"{key} : il manque kind ou needs, ce que la règle change")
        yield Rule(
            _text(rule.get("colonne", ""), f"{key}, colonne"),
            tuple(map(key_of, _texts(rule.get("contient", ""), f"{key}, contient"))),
            _ours("kind", rule["kind"], f"{key}, kind")[0] if "kind" in rule else None,
            _ours("needs", rule["needs"], f"{key}, needs") if "needs" in rule else (),
        )


def _expected(column: str, value: object) -> Texts:
    return ("",) if value == "" else tuple(map(key_of, _texts(value, f"{EXPECTED}.{column}")))


def _check_constants(mapping: Mapping) -> None:
    """A value that cannot be read would have every line refused."""
    for field in USUAL.keys() & mapping.constants.keys():
        try:
            mapping.readers.get(field, USUAL[field])(mapping.constants[field][0], None)
        except Unreadable as error:
            raise WrongMapping(f"{VALUES}.{field} : {error}") from None


def _check_whole(mapping: Mapping) -> None:
    """What a line cannot do without."""
    columns, told = mapping.columns.keys(), mapping.columns.keys() | mapping.constants.keys()
    if "id" not in columns:
        raise WrongMapping(f"{COLUMNS} : il manque id, la ou les colonnes qui disent de quel lieu parle une ligne")
    ruled = {"kind": any(rule.kind for rule in mapping.rules), "needs": any(rule.needs for rule in mapping.rules)}
    for field in ("nom", "kind", "needs"):
        if field not in told and not ruled.get(field):
            raise WrongMapping(f"{field} : ce champ manque, dans [{COLUMNS}] ou dans [{VALUES}]")
    if ("latitude" in told) != ("longitude" in told) or {"position", "latitude"} <= told:
        raise WrongMapping(f"{COLUMNS} : il faut latitude et longitude, ou position pour une seule colonne")
    _check_where(mapping, told)


def _check_where(mapping: Mapping, told: Collection[str]) -> None:
    reach = mapping.constants.get("reach", (Reach.LOCAL.value,))[0]
    if reach == Reach.LOCAL and not (
        {"code_insee", "code_postal"} & set(told) or {"commune", "departement"} <= set(told)
    ):
        raise WrongMapping(f"{COLUMNS} : il manque la commune, par code_insee, code_postal, ou commune et departement")
    if reach == Reach.DEPARTEMENTAL and not {"zones", "departement", "code_insee", "code_postal"} & set(told):
        raise WrongMapping(f"{COLUMNS} : il manque departement ou zones, pour une portée départementale")


def _table(said: dict[str, Any], key: str) -> dict[str, Any]:
    table = said.get(key, {})
    if not isinstance(table, dict):
        raise WrongMapping(f"{key} : cette partie commence par [{key}], seul sur sa ligne")
    return table


def _texts(value: object, key: str) -> Texts:
    """The texts of a value, or of a list of them."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise WrongMapping(f"{key} : la liste est vide")
    return tuple(_text(each, key) for each in values)


def _text(value: object, key: str) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise WrongMapping(f"{key} : il faut un texte entre guillemets")
    if not value.strip():
        raise WrongMapping(f"{key} : il manque un texte")
    return value.strip()


def _choice(value: object, allowed: Collection[str], key: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise WrongMapping(f"{key} : « {value} » n'existe pas ; au choix : {', '.join(allowed)}")
    return value


def _known(said: Iterable[str], allowed: Collection[str], key: str) -> None:
    for each in said:
        _choice(each, allowed, key)
