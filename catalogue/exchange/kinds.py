"""What a place is, from the networks it belongs to or from its name; and the needs that are told by that alone."""

import re
from collections.abc import Collection

from catalogue.needs import Kind, Need
from catalogue.spelling import fold

_NETWORK_KINDS = {
    "france-service": Kind.FRANCE_SERVICES,
    "ressourceries": Kind.RESSOURCERIE,
    "fcsf": Kind.CENTRE_SOCIAL,
    "fabrique-de-territoire": Kind.TIERS_LIEU,
    "espaces-publics-numeriques": Kind.ESPACE_NUMERIQUE,
}
# What a name says of a place, folded. The first that is there is right: a "repair café" is more than where it is held.
_NAMES: tuple[tuple[Kind, str], ...] = (
    (Kind.FRANCE_SERVICES, "france services?"),
    (Kind.REPAIR_CAFE, "repair cafes?"),
    (Kind.EPICERIE_SOLIDAIRE, "epiceries? (?:sociales? (?:et )?)?(?:solidaires?|sociales?)"),
    (Kind.GARAGE_SOLIDAIRE, "garages? (?:solidaires?|associatifs?)"),
    (Kind.ATELIER_VELO, "ateliers? (?:de reparation de )?velos?"),
    (Kind.COVOITURAGE_SOLIDAIRE, "covoiturages? solidaires?"),
    (Kind.JARDIN_PARTAGE, "jardins? (?:partages?|collectifs?|solidaires?)"),
    (Kind.AMAP, "amap"),
    (Kind.CAFE_ASSOCIATIF, "cafes? (?:associatifs?|solidaires?)"),
    (Kind.CANTINE_PARTICIPATIVE, "cantines? (?:participatives?|solidaires?)"),
    (Kind.RESSOURCERIE, "ressourceries?|recycleries?"),
    (Kind.BRICOTHEQUE, "bricotheques?|outilotheques?|outiltheques?|objetheques?"),
    (Kind.DONNERIE_TROC, "donneries?|gratiferias?|trocs?"),
    (Kind.SEL, r"systemes? d echanges? loca(?:l|ux)|\A(?:le )?sel (?:de|du|des|d)"),
    (Kind.ACCORDERIE, "accorderies?"),
    (Kind.CONCIERGERIE_SOLIDAIRE, "conciergeries? (?:solidaires?|de quartier)"),
    (Kind.HABITAT_PARTAGE, "habitats? (?:partages?|participatifs?)"),
    (Kind.BAGAGERIE, "bagageries?"),
    (Kind.COOPERATIVE_ACTIVITES, "cooperatives? d activites?"),
    (Kind.HALTE_GARDERIE_PARENTALE, "(?:haltes? garderies?|creches?) parentales?"),
    (Kind.GROUPE_DE_PAROLE, "groupes? de parole"),
    (Kind.TIERS_LIEU, "tiers lieux?"),
    (Kind.CENTRE_SOCIAL, "centres? socia(?:l|ux)|centres? socio ?culturels?"),
    (Kind.BIBLIOTHEQUE, "bibliotheques?|mediatheques?"),
    (Kind.ESPACE_NUMERIQUE, "espaces? (?:publics? )?numeriques?|cyber ?(?:bases?|espaces?|centres?)"),
)
_SAID = tuple((kind, re.compile(rf"\b(?:{words})\b")) for kind, words in _NAMES)
# What a place of a kind is always there for, as the glossary has it and as our own lists do; the main one first. Those
# of which no two offer the same (tiers-lieux, conciergeries) are left out: nobody must be sent to the wrong door.
_NEEDS: dict[Kind, tuple[Need, ...]] = {
    Kind.FRANCE_SERVICES: (Need.DROITS, Need.NUMERIQUE),
    Kind.REPAIR_CAFE: (Need.EQUIPEMENT,),
    Kind.EPICERIE_SOLIDAIRE: (Need.ALIMENTATION,),
    Kind.GARAGE_SOLIDAIRE: (Need.MOBILITE,),
    Kind.ATELIER_VELO: (Need.MOBILITE, Need.EQUIPEMENT),
    Kind.COVOITURAGE_SOLIDAIRE: (Need.MOBILITE,),
    Kind.JARDIN_PARTAGE: (Need.LOISIRS, Need.LIEN_SOCIAL),
    Kind.AMAP: (Need.ALIMENTATION,),
    Kind.CAFE_ASSOCIATIF: (Need.LIEN_SOCIAL,),
    Kind.CANTINE_PARTICIPATIVE: (Need.ALIMENTATION,),
    Kind.RESSOURCERIE: (Need.EQUIPEMENT,),
    Kind.BRICOTHEQUE: (Need.EQUIPEMENT,),
    Kind.DONNERIE_TROC: (Need.EQUIPEMENT,),
    Kind.SEL: (Need.LIEN_SOCIAL, Need.ENGAGEMENT),
    Kind.ACCORDERIE: (Need.LIEN_SOCIAL, Need.ENGAGEMENT),
    Kind.HABITAT_PARTAGE: (Need.LOGEMENT,),
    Kind.BAGAGERIE: (Need.LOGEMENT,),
    Kind.COOPERATIVE_ACTIVITES: (Need.PROJET,),
    Kind.HALTE_GARDERIE_PARENTALE: (Need.FAMILLE,),
    Kind.GROUPE_DE_PAROLE: (Need.LIEN_SOCIAL,),
    Kind.CENTRE_SOCIAL: (Need.LIEN_SOCIAL,),
    Kind.BIBLIOTHEQUE: (Need.LOISIRS,),
    Kind.ESPACE_NUMERIQUE: (Need.NUMERIQUE,),
}


def kind_of(nom: str, reseaux: Collection[str]) -> Kind | None:
    """What a place is, from its networks or else from its name; None when neither tells."""
    if known := next((kind for reseau, kind in _NETWORK_KINDS.items() if reseau in reseaux), None):
        return known
    folded = fold(nom)
    return next((kind for kind, words in _SAID if words.search(folded)), None)


def needs_of_kind(kind: Kind) -> list[str]:
    """The needs that every place of a kind answers, the main one first; none when they do not all answer the same."""
    return [need.value for need in _NEEDS.get(kind, ())]
