"""What people write → what they need. For now, words that name a need on their own."""

from catalogue.needs import Need
from catalogue.places import fold

LONGEST = 500  # characters read

# Words that name a need on their own: the labels of the buttons, and what each need covers.
NEED_WORDS: dict[Need, str] = {
    Need.ALIMENTATION: "manger faim nourriture alimentation colis epicerie repas cuisiner paniers courses amap",
    Need.LIEN_SOCIAL: "isolement seul seule solitude rencontrer voisins monde amis cafe",
    Need.EQUIPEMENT: "reparer meubles vetements electromenager emprunter donner troquer equipement troc",
    Need.LOGEMENT: "logement loger loyer hebergement colocation dormir habitat insalubrite appartement",
    Need.MOBILITE: "transport permis velo covoiturage deplacer garage voiture mobilite bus",
    Need.EMPLOI: "emploi travail travailler cv metier formation former",
    Need.PROJET: "projet entreprise coworking creer activite",
    Need.NUMERIQUE: "internet ordinateur numerique wifi connexion telephone smartphone",
    Need.DROITS: "papiers demarches caf rsa titre avocat droits administratif",
    Need.BUDGET: "argent factures dettes microcredit budget facture",
    Need.FAMILLE: "enfants famille garde parentalite creche separation enfant",
    Need.SANTE: "sante moral soins mutuelle addictions medecin docteur",
    Need.FRANCAIS: "francais lire ecrire calcul",
    Need.LOISIRS: "sortir bouger culture sport vacances jardiner loisirs jardin",
    Need.ENGAGEMENT: "benevolat benevole aider engagement",
    Need.HANDICAP: "handicap mdph aidants aidant autonomie",
}

_LABELS = {fold(need.label): need for need in Need} | {fold(need.value): need for need in Need}
_WORDS = {word: need for need, said in NEED_WORDS.items() for word in said.split()}


def need_in(text: str) -> Need | None:
    """The one need some words name, or None when they name none, or several."""
    folded = fold(text[:LONGEST])
    named = {_WORDS[word] for word in folded.split() if word in _WORDS}
    return _LABELS.get(folded) or (named.pop() if len(named) == 1 else None)
