"""What is said around the name of a town: "je suis à Nanterre", "du côté de Sceaux, svp"."""

from collections.abc import Iterator

from catalogue.spelling import LONGEST, LONGEST_WORD, fold

ARTICLES = frozenset({"le", "la", "les", "l"})
_SAID_AROUND = (
    "a ai alors alentours au autour aux besoin bonjour bonsoir c centre ce chercher cherche chez chui chuis ci commune "
    "cote d dans de des ds du en environs est et etre euh gare h habite habitons ici il j jabite je jhabite jsuis jsui "
    "la mairie me moi mon ne non nous o ok on oui par pas pour pres proche quartier reside residence salut secteur "
    "sommes suis sur tout vers viens village ville vis vit vous y"
)
_SAID_AFTER = "cedex centre france il mairie merci ok plait prefecture s si stp svp te ville vous"
AROUND = frozenset(_SAID_AROUND.split())
AFTER = frozenset(_SAID_AFTER.split())
LINKS = frozenset({"a", "d", "dans", "de", "des", "ds", "du", "en", "l", "la", "le", "les"})
TOWARDS = frozenset({"a", "au", "aux", "vers"})
CONTEXT = AROUND | AFTER | TOWARDS
JOINING = LINKS | {"sur", "sous", "les", "lez", "d", "l", "et", "aux", "au"}
INSIDE = frozenset({"en", "dans"})


def without_article(folded: str) -> str:
    """Folded words without their leading article, unless they are nothing else."""
    first, _, rest = folded.partition(" ")
    return rest if rest and first in ARTICLES else folded


def parts(words: str) -> Iterator[str]:
    """The whole, then what is between commas, from the end: an address ends with its town."""
    yield words
    if "," in words:
        yield from reversed(words.split(","))


def phrases(folded: str) -> Iterator[str]:
    """The words, then the same with less and less of what is said around a town."""
    words = folded.split()
    while words:
        yield " ".join(words)
        if shorter := without_ending(words):
            yield " ".join(shorter)
        if words[0] not in AROUND:
            return
        words = words[1:]


def without_ending(words: list[str]) -> list[str]:
    end = len(words)
    while end and (words[end - 1] in AFTER or (words[end - 1].isdigit() and "cedex" in words)):
        end -= 1
    return words[:end]


def without_link(words: list[str]) -> list[str]:
    """The words without what joins a town to its department: "dans les", "en"…"""
    end = len(words)
    while end and words[end - 1] in LINKS:
        end -= 1
    return words[:end]


def without_joints(name: str) -> str:
    """A name without "sur", "en", "les"…, which people leave out: "la roche yon"."""
    first, *others = name.split()
    return " ".join((first, *(word for word in others if word not in JOINING)))


def words_of_name(name: str) -> list[str]:
    """The folded words of a name, each once, without "de", "la"… unless it has no other."""
    words = list(dict.fromkeys(word[:LONGEST_WORD] for word in fold(name[:LONGEST]).split()))
    return [word for word in words if word not in JOINING] or words


def bared(folded: str) -> str:
    """The words without anything that is only said around a town."""
    words = without_ending(folded.split())
    while words and words[0] in AROUND and words[0] not in ARTICLES:
        words = words[1:]
    return "" if all(word in AROUND or word in AFTER for word in words) else " ".join(words)
