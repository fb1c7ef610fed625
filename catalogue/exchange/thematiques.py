"""The vocabulary of data·inclusion v1 and ours: thématiques, networks and needs; labels and codes."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from data_inclusion.schema import v1

from catalogue.exchange.services import SERVICES
from catalogue.needs import Need
from catalogue.spelling import fold

# By need, as the glossary has it. A thématique without a line of its own has that of its category, before "--".
THEMATIQUES: dict[Need, tuple[str, ...]] = {
    Need.ALIMENTATION: ("equipement-et-alimentation--alimentation",),
    Need.LIEN_SOCIAL: ("remobilisation--lien-social",),
    Need.EQUIPEMENT: (
        "equipement-et-alimentation--electromenager",
        "equipement-et-alimentation--habillement",
        "equipement-et-alimentation--aide-menagere",
    ),
    Need.LOGEMENT: ("logement-hebergement",),
    Need.MOBILITE: ("mobilite",),
    Need.EMPLOI: (
        "trouver-un-emploi",
        "preparer-sa-candidature",
        "choisir-un-metier",
        "se-former",
        "souvrir-a-linternational",
    ),
    Need.PROJET: ("creer-une-entreprise",),
    Need.NUMERIQUE: ("numerique",),
    Need.DROITS: ("difficultes-administratives-ou-juridiques",),
    Need.BUDGET: ("difficultes-financieres",),
    Need.FAMILLE: (
        "famille--garde-denfants",
        "famille--soutien-a-la-parentalite-et-a-leducation",
        "famille--surmonter-conflits-separation-violence",
    ),
    Need.SANTE: ("sante", "remobilisation--bien-etre-confiance-en-soi"),
    Need.FRANCAIS: ("lecture-ecriture-calcul",),
    Need.LOISIRS: ("remobilisation--activites-sportives-et-culturelles",),
    Need.ENGAGEMENT: ("remobilisation--benevolat-action-citoyenne",),
    Need.HANDICAP: (
        "famille--prise-en-charge-personne-dependante",
        "famille--soutien-aidants",
        "sante--constituer-un-dossier-mdph-invalidite",
    ),
}
_NEEDS = {prefix: need for need, prefixes in THEMATIQUES.items() for prefix in prefixes}

# The thématique that tells a need to those who read our entries, the widest there is.
THEMATIQUE_OF: dict[Need, str] = {
    Need.ALIMENTATION: "equipement-et-alimentation--alimentation",
    Need.LIEN_SOCIAL: "remobilisation--lien-social",
    Need.EQUIPEMENT: "equipement-et-alimentation--electromenager",
    Need.LOGEMENT: "logement-hebergement--sinformer-sur-les-demarches-liees-a-lacces-au-logement",
    Need.MOBILITE: "mobilite--etre-accompagne-dans-son-parcours-mobilite",
    Need.EMPLOI: "trouver-un-emploi--repondre-a-des-offres-demploi",
    Need.PROJET: "creer-une-entreprise--definir-son-projet-de-creation-dentreprise",
    Need.NUMERIQUE: "numerique--maitriser-les-fondamentaux-du-numerique",
    Need.DROITS: "difficultes-administratives-ou-juridiques--accompagnement-aux-demarches-administratives",
    Need.BUDGET: "difficultes-financieres--ameliorer-sa-gestion-budgetaire",
    Need.FAMILLE: "famille--soutien-a-la-parentalite-et-a-leducation",
    Need.SANTE: "sante--acces-aux-soins",
    Need.FRANCAIS: "lecture-ecriture-calcul--maitriser-le-francais",
    Need.LOISIRS: "remobilisation--activites-sportives-et-culturelles",
    Need.ENGAGEMENT: "remobilisation--benevolat-action-citoyenne",
    Need.HANDICAP: "famille--soutien-aidants",
}

# What the members of a network are all there for. Those that help in several ways, or that one only reaches through
# somebody else (hébergement d'urgence, demandeurs d'asile), are left out: nobody must be sent to the wrong door.
# In the order in which they matter to who comes: to a maison France services, first for paperwork.
_NETWORK_NEEDS: dict[Need, tuple[str, ...]] = {
    Need.ALIMENTATION: ("banques-alimentaires", "restos-du-coeur"),
    Need.LIEN_SOCIAL: ("fcsf",),
    Need.EQUIPEMENT: ("ressourceries",),
    Need.LOGEMENT: ("action-logement", "residences-fjt"),
    Need.MOBILITE: ("mobin", "wimoov"),
    Need.EMPLOI: (
        *("aci", "afpa", "ai", "alliance-villes-emploi", "cap-emploi-reseau-cheops", "ea", "eatt", "ei", "eiti"),
        *("ecoles-de-la-deuxieme-chance", "epide", "etti", "france-travail", "geiq", "la-cravate-solidaire"),
        *("maisons-de-l-emploi", "mission-locale", "nqt", "plie", "snc"),
    ),
    Need.PROJET: ("60000-rebonds", "adie", "initiative-france", "les-premieres", "reseau-bge", "reseau-entreprendre"),
    Need.DROITS: ("caf", "france-service", "msap", "pimms-mediation", "points-justice"),
    Need.NUMERIQUE: (
        *("aidants-connect", "conseillers-numeriques", "espaces-publics-numeriques", "france-service", "msap"),
        "pimms-mediation",
    ),
    Need.BUDGET: ("cresus", "points-conseil-budget"),
    Need.FAMILLE: ("creches-avip",),
    Need.SANTE: ("caarud", "cmp", "csapa"),
    Need.LOISIRS: ("mjc",),
    Need.ENGAGEMENT: ("unis-cite",),
    Need.HANDICAP: ("maison-departementale-de-lautonomie", "mdph"),
}


def need_of(thematique: str) -> Need:
    """The need that a thématique answers. Raises KeyError for what is not one."""
    category, _, _ = thematique.partition("--")
    return _NEEDS.get(thematique) or _NEEDS[category]


def needs_of(thematiques: Iterable[str]) -> list[str]:
    """The needs that thématiques answer, the most frequent first; those as frequent in the order of the buttons."""
    count = Counter(map(need_of, thematiques))
    return sorted((need.value for need in Need if need in count), key=lambda slug: -count[Need(slug)])


def needs_without_thematique(reseaux: Collection[str], description: str) -> list[str]:
    """The needs that networks answer beyond doubt, or else those that services of digital help do; none otherwise."""
    if known := [need.value for need, networks in _NETWORK_NEEDS.items() if not set(networks).isdisjoint(reseaux)]:
        return known
    if not is_digital_help(description):
        return []
    paperwork = "démarches administratives" in description
    return [Need.NUMERIQUE.value, Need.DROITS.value] if paperwork else [Need.NUMERIQUE.value]


def is_digital_help(description: str) -> bool:
    """Whether a description is nothing but a list of the services of digital help."""
    services = {service.strip() for service in description.split(";") if service.strip()}
    return bool(services) and services <= SERVICES


# The fields whose values are among some, and those that hold several.
_CHOICES: dict[str, Any] = {
    "thematiques": v1.Thematique,
    "publics": v1.Public,
    "frais": v1.Frais,
    "type": v1.TypeService,
    "modes_accueil": v1.ModeAccueil,
    "modes_mobilisation": v1.ModeMobilisation,
    "mobilisable_par": v1.PersonneMobilisatrice,
    "reseaux_porteurs": v1.ReseauPorteur,
}
LISTS = frozenset({*_CHOICES, "zone_eligibilite"} - {"frais", "type"})
_WITH_COMMA = {one.label: one.value for choices in _CHOICES.values() for one in choices if "," in one.label}


def code_of_label(name: str, said: str) -> str:
    """The code that a field of the schema has for a French label; any other value as it is."""
    labels = _labels(name)
    return labels.get(said) or labels.get(fold(said), said) if labels else said


@cache
def _labels(name: str) -> Mapping[str, str]:
    choices = _CHOICES.get(name, ())
    return {fold(one.label): one.value for one in choices} | {one.value: one.value for one in choices}


def several(cell: str) -> list[object]:
    """The values of a cell: a list in JSON or PostgreSQL ("{a,b}"), or values with commas, semicolons, bars between."""
    said = cell.strip()
    if said.startswith("["):
        try:
            found = json.loads(said)
            return found if isinstance(found, list) else [found]
        except (ValueError, RecursionError):
            pass  # values between brackets
    for label, code in _WITH_COMMA.items():
        said = said.replace(label, code)
    return [item.strip(' "') for item in re.split(r"[,;|\n]", said.strip("{}[]"))]
