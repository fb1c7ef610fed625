"""The sixteen needs, the kinds of initiative, and the words a person meets for them (docs: domain glossary)."""

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A stored slug with the French words shown for it."""

    label: str

    def __new__(cls, slug: str, label: str = "") -> Self:
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.label = label
        return member

    @classmethod
    def of(cls, slug: str) -> Self | None:
        """The member stored as `slug`, or None: for values that come from outside."""
        try:
            return cls(slug)
        except ValueError:
            return None


class Need(Labelled):
    """What a person says they need, in the order of the buttons."""

    ALIMENTATION = "alimentation", "Manger"
    LIEN_SOCIAL = "lien-social", "Voir du monde"
    EQUIPEMENT = "equipement", "M'équiper, réparer"
    LOGEMENT = "logement", "Me loger"
    MOBILITE = "mobilite", "Me déplacer"
    EMPLOI = "emploi", "Travailler, me former"
    PROJET = "projet", "Lancer mon projet"
    NUMERIQUE = "numerique", "Internet, ordinateur"
    DROITS = "droits", "Papiers, démarches"
    BUDGET = "budget", "Argent, factures"
    FAMILLE = "famille", "Enfants, famille"
    SANTE = "sante", "Santé, moral"
    FRANCAIS = "francais", "Apprendre le français"
    LOISIRS = "loisirs", "Sortir, bouger"
    ENGAGEMENT = "engagement", "Donner un coup de main"
    HANDICAP = "handicap", "Handicap, aidants"


class Emergency(Labelled):
    """What may be happening, in the order the numbers are shown."""

    URGENCE_MEDICALE = "urgence-medicale", "Urgence médicale"
    SUICIDE = "suicide", "Idées de suicide"
    VIOLENCES = "violences", "Violences"
    SANS_ABRI = "sans-abri", "Dehors ce soir"
    ENFANCE = "enfance", "Enfant en danger"
    HARCELEMENT = "harcelement", "Harcèlement"
    MALTRAITANCE = "maltraitance", "Personne âgée ou handicapée maltraitée"


class Kind(Labelled):
    """What a place is; its needs say what it answers."""

    TIERS_LIEU = "tiers-lieu", "Tiers-lieu"
    EPICERIE_SOLIDAIRE = "epicerie-solidaire", "Épicerie solidaire"
    CAFE_ASSOCIATIF = "cafe-associatif", "Café associatif"
    CANTINE_PARTICIPATIVE = "cantine-participative", "Cantine participative"
    JARDIN_PARTAGE = "jardin-partage", "Jardin partagé"
    AMAP = "amap", "Paniers paysans"
    REPAIR_CAFE = "repair-cafe", "Repair café"
    RESSOURCERIE = "ressourcerie", "Ressourcerie"
    BRICOTHEQUE = "bricotheque", "Bricothèque"
    DONNERIE_TROC = "donnerie-troc", "Dons et troc"
    SEL = "sel", "Échange de services"
    ACCORDERIE = "accorderie", "Accorderie"
    PLATEFORME_ENTRAIDE = "plateforme-entraide", "Entraide"
    CONCIERGERIE_SOLIDAIRE = "conciergerie-solidaire", "Conciergerie solidaire"
    GARAGE_SOLIDAIRE = "garage-solidaire", "Garage solidaire"
    ATELIER_VELO = "atelier-velo", "Atelier vélo"
    COVOITURAGE_SOLIDAIRE = "covoiturage-solidaire", "Covoiturage solidaire"
    HABITAT_PARTAGE = "habitat-partage", "Habitat partagé"
    BAGAGERIE = "bagagerie", "Bagagerie"
    ESPACE_NUMERIQUE = "espace-numerique", "Aide au numérique"
    FRANCE_SERVICES = "france-services", "France services"
    CENTRE_SOCIAL = "centre-social", "Centre social"
    BIBLIOTHEQUE = "bibliotheque", "Bibliothèque"
    FINANCEMENT_PARTICIPATIF = "financement-participatif", "Financement participatif"
    COOPERATIVE_ACTIVITES = "cooperative-activites", "Coopérative d'activités"
    GROUPE_DE_PAROLE = "groupe-de-parole", "Groupe de parole"
    HALTE_GARDERIE_PARENTALE = "halte-garderie-parentale", "Halte-garderie parentale"
    AUTRE = "autre", "Autre lieu"


class Reach(Labelled):
    """How far an initiative serves: only a `local` one is a place one goes to."""

    LOCAL = "local", "près de chez vous"
    DEPARTEMENTAL = "departemental", "dans tout le département"
    NATIONAL = "national", "partout en France"
    A_DISTANCE = "a-distance", "à distance"


class Status(Labelled):
    """Only a person closes an entry; a closed one is never shown."""

    ACTIVE = "active", "ouvert"
    SUSPENDED = "suspended", "suspendu"
    CLOSED = "closed", "fermé"


class EventKind(Labelled):
    """What is done together at a date."""

    CAFE_SOLIDAIRE = "cafe-solidaire", "Café solidaire"
    DISCO_SOUPE = "disco-soupe", "Disco soupe"
    FETE_DU_TROC = "fete-du-troc", "Fête du troc"
    VEGETALISATION = "vegetalisation", "Végétalisation"
    REPAIR_CAFE = "repair-cafe", "Repair café"
    ATELIER = "atelier", "Atelier"
    DISTRIBUTION = "distribution", "Distribution"
    PERMANENCE = "permanence", "Permanence"
    RENCONTRE = "rencontre", "Rencontre"
    AUTRE = "autre", "Autre rendez-vous"


class EventStatus(Labelled):
    """What becomes of one date; whether it is confirmed is another thing."""

    PLANNED = "planned", "prévu"
    MOVED = "moved", "déplacé"
    FULL = "full", "complet"
    CANCELLED = "cancelled", "annulé"


class Ahead(Labelled):
    """When a reminder is wanted; the times are those of the place."""

    VEILLE = "veille", "la veille à 18 h"
    HEURES = "heures", "deux heures avant"


class Rhythm(Labelled):
    """When somebody wants to hear of the dates to come."""

    DIMANCHE = "dimanche", "le dimanche à 18 h"
    AU_FIL = "au-fil", "dès qu'il y en a"


class NoticeKind(Labelled):
    """What is true for a time."""

    FERMETURE = "fermeture", "Fermé"
    HORAIRES = "horaires", "Autres horaires"
    MESSAGE = "message", "À savoir"


class Frais(Labelled):
    """What it costs, in the codes of data·inclusion v1."""

    GRATUIT = "gratuit", "Gratuit"
    PAYANT = "payant", "Payant"


class Public(Labelled):
    """For whom, in the codes of data·inclusion v1."""

    TOUS_PUBLICS = "tous-publics", "Tout le monde"
    ACTIFS = "actifs", "Personnes qui travaillent"
    BENEFICIAIRES_DES_MINIMAS_SOCIAUX = "beneficiaires-des-minimas-sociaux", "Minima sociaux"
    DEMANDEURS_EMPLOI = "demandeurs-emploi", "Recherche d'emploi"
    ETUDIANTS = "etudiants", "Étudiants"
    FAMILLES = "familles", "Familles"
    FEMMES = "femmes", "Femmes"
    JEUNES = "jeunes", "Jeunes"
    PERSONNES_EN_SITUATION_DE_HANDICAP = "personnes-en-situation-de-handicap", "Personnes handicapées"
    PERSONNES_EN_SITUATION_DURGENCE = "personnes-en-situation-durgence", "Situation d'urgence"
    PERSONNES_EN_SITUATION_JURIDIQUE_SPECIFIQUE = "personnes-en-situation-juridique-specifique", "Suivi de justice"
    PERSONNES_EXILEES = "personnes-exilees", "Personnes exilées"
    RESIDENTS_QPV_FRR = "residents-qpv-frr", "Habitants des quartiers prioritaires"
    SENIORS = "seniors", "Seniors"


class Method(Labelled):
    """How an entry was last verified."""

    VISITE = "visite", "sur place"
    TELEPHONE = "telephone", "par téléphone"
    COURRIEL = "courriel", "par courriel"
    BOT = "bot", "par message"
    IMPORT = "import", "d'après une liste"


class Moment(Labelled):
    """When one can come, read from the opening hours."""

    SEMAINE = "semaine", "En semaine, la journée"
    SOIR = "soir", "Le soir, après 18 h"
    WEEK_END = "week-end", "Le week-end"


class Role(Labelled):
    """Who may do more than a resident: read in the database at each action."""

    ORGANISATEUR = "organisateur", "organisateur"
    CORRESPONDANT = "correspondant", "correspondant du guide"
    COORDINATEUR = "coordinateur", "coordinateur du guide"
    TRAVAILLEUR_SOCIAL = "travailleur-social", "travailleur social"


class Verdict(Labelled):
    """What is answered to "Toujours vrai ?"."""

    OUI = "oui", "Oui"
    CORRIGER = "corriger", "Corriger"
    FERME = "ferme", "Fermé"
    NE_SAIS_PAS = "ne-sais-pas", "Je ne sais pas"
    PLUS_TARD = "plus-tard", "Plus tard"
    PAS_POUR_MOI = "pas-pour-moi", "Pas pour moi"


class Reason(Labelled):
    """What is reported of an entry."""

    FERME = "ferme", "C'est fermé"
    HORAIRES = "horaires", "Les horaires"
    ADRESSE = "adresse", "L'adresse"
    TELEPHONE = "telephone", "Le téléphone"
    PAS_CA = "ce-nest-pas-ca", "Ce n'est pas ce qui est écrit"
    ACCUEIL = "accueil", "J'ai été mal accueilli"
    AUTRE = "autre", "Autre chose"


class Refusal(Labelled):
    """Why what somebody says of an entry is not shown: they are told, and may write another."""

    PERSONNE = "personne", "on pourrait y reconnaître une personne"
    BLESSANT = "blessant", "le ton est trop dur"
    VAGUE = "vague", "il ne dit pas ce qui a aidé"
    AILLEURS = "ailleurs", "il ne parle pas de ce lieu"


class CampaignAnswer(Labelled):
    """What is answered to the one question of a campaign."""

    OUI = "oui", "Oui"
    NON = "non", "Non"
    NE_SAIS_PAS = "ne-sais-pas", "Je ne sais pas"


class Outcome(Labelled):
    """What becomes of a report."""

    CORRIGE = "corrige", "la fiche a été corrigée"
    FERME = "ferme", "le lieu est fermé, la fiche n'est plus montrée"
    JUSTE = "juste", "vérifié : la fiche est juste"
    TRANSMIS = "transmis", "transmis à qui peut agir"


class Settled(Labelled):
    """What is answered to "Maintenu ?"."""

    OUI = "oui", "Oui, maintenu"
    ANNULE = "annule", "Annulé"
    NE_SAIS_PAS = "ne-sais-pas", "Je ne sais pas"
