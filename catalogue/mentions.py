"""The place a message speaks of: where it is said among other words, and what may be meant.

Every run of words that is a name, or nearly one, is weighed by what is around it ("à …", a capital, a department) and
against how ordinary the words are: "cours", "lit" and "tours" are communes too. The weights are learned from the
sentences of the repository, where places are marked (tests/understanding).
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from math import exp, log1p

from catalogue.around import CONTEXT, LINKS
from catalogue.places import Place, PlaceIndex, PlaceMatch
from catalogue.spelling import Word, fold, sound, sound_of_word

MOST_WORDS = 5  # of a name looked for
MOST_GUESSED_WORDS = 3
SHORTEST_HEARD = 4  # letters of a misspelt name
MOST_GUESSED = 8  # runs of words compared with misspelt names, in one message
LIKELY = 0.5

_CITY_SOUNDS = {
    sound_of_word(said): city
    for city, names in {
        "paris": "paris pari paname panam",
        "lyon": "lyon lion",
        "marseille": "marseille marseil",
    }.items()
    for said in names.split()
}
_CODE = re.compile(r"\d{5}|2[ab]\d{3}")
_NUMBER = re.compile(r"(?P<number>[1-9]|1\d|20)(?P<ordinal>er|e|em|eme|ieme|nd|de)?")
_STUCK = re.compile(f"(?P<city>paris|lyon|marseille){_NUMBER.pattern}")
_ORDINAL = re.compile(r"er|e|em|eme|ieme|nd|arr|arrt|arrdt|arron|arrond|arrondis?sements?|ardt")
_ORDINALS = (
    "premier deuxieme troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme onzieme douzieme "
    "treizieme quatorzieme quinzieme seizieme dix_septieme dix_huitieme dix_neuvieme vingtieme"
)
ORDINALS = {word.replace("_", " "): number for number, word in enumerate(_ORDINALS.split(), 1)} | {"second": 2}
_CARDINALS = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
CARDINALS = {word: number for number, word in enumerate(_CARDINALS.split(), 1)}
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
ROMAN = {word: number for number, word in enumerate(_ROMAN.split(), 1)}
_ROMAN_NUMBER = re.compile(r"(?!vie$)(?P<number>[ivx]+)(?P<ordinal>er|e|em|eme|ieme|nd)?")

# What is counted after a number: "paris 2 enfants" is no arrondissement.
_COUNTED_WORDS = (
    "ans an enfants enfant gosses euros euro h heure heures mois jours jour semaines personnes personne pers pieces "
    "piece km minutes min fois m m2 filles fils bebes habitants balles boules etage "
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre"
)
_COUNTED = frozenset(_COUNTED_WORDS.split())

# What is said just before a place, each a sign of its own.
_BEFORE = {
    "a": "a",
    "sur": "sur",
    "vers": "vers pres proche cote autour secteur environs alentours near around cerca perto yakin langa",
    "de": "de d du des",
    "dans": "dans ds en au aux o",
    "habite": "habite habitons vis vit suis sommes ville commune quartier mairie gare loge domicilie",
    "ailleurs": "in em la din at from na no в у із из с по في ب من قرب біля возле около",
}
BEFORE = {sign: frozenset(said.split()) for sign, said in _BEFORE.items()}
_BEFORE_A_PLACE = frozenset().union(*BEFORE.values())
_DETERMINER_WORDS = "un une mon ma mes ton ta tes son sa ses notre votre nos vos leur leurs ce cet cette ces"
_DETERMINERS = frozenset(_DETERMINER_WORDS.split())
_SAINTS = frozenset({"saint", "sainte"})
_OF = frozenset({"de", "d", "du", "des"})
_SIDE_WORDS = "coin cote pres alentours environs secteur region autour proche loin centre ville gare mairie quartier"
_SIDES = frozenset(_SIDE_WORDS.split())
_STREET_WORDS = "rue avenue av bd boulevard place allee chemin impasse route cours quai square r"
_TITLES = frozenset(["d", "l", "general", "marechal", "docteur", "president"])
STREETS = frozenset(_STREET_WORDS.split())
_FIRST_WORDS = "la le les l saint sainte sain sin bois mont val ville villeneuve bourg clermont aix fort"
NAME_STARTS = frozenset(_FIRST_WORDS.split())


@dataclass(frozen=True, slots=True)
class Mention:
    """A place said in a message: which it may be, how likely it is meant (0 to 1), and from which word to which."""

    match: PlaceMatch
    score: float
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class Habits:
    """What was learned from sentences: the weight of each sign, and how often ordinary words are said."""

    weights: Mapping[str, float]
    ordinary: Mapping[str, int]
    ordinary_sounds: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ordinary_sounds", frozenset(map(sound, self.ordinary)))


@dataclass(frozen=True, slots=True)
class Run:
    """Words that may be a place: from one to another, what they may mean, and what that costs to believe."""

    first: int
    after: int
    match: PlaceMatch
    cost: float


def mentioned(index: PlaceIndex, words: Sequence[Word], habits: Habits, known: Place | None = None) -> Mention | None:
    """The place the words of a message speak of, None when they speak of none.

    `known` is the place already spoken of: among communes of one name, that of its department is meant.
    """
    if not words:
        return None
    if certain := certainly(index, words):
        return certain
    likely = [mention for mention in weighed(index, words, habits) if mention.score >= LIKELY]
    if not likely:
        return None
    best = max(likely, key=lambda mention: (not _in_a_street(words, mention.first), mention.score))
    best = _longest_around(best, likely, words)
    return replace(best, match=_among_namesakes(index, best, words, known))


def _in_a_street(words: Sequence[Word], first: int) -> bool:
    """Whether the words are a street's name: "rue de Verdun"."""
    at = first - 1
    while at > 0 and (words[at].folded in LINKS or words[at].folded in _TITLES):
        at -= 1
    return at >= 0 and words[at].folded in STREETS


def _ends_an_address(words: Sequence[Word], first: int) -> bool:
    """Whether a number and a street come before, with the street's name in between: "12 rue de Verdun, Champigny"."""
    streets = [number for number, word in enumerate(words[: max(0, first - 1)]) if word.folded in STREETS]
    return any(number and words[number - 1].folded.isdigit() for number in streets)


def certainly(index: PlaceIndex, words: Sequence[Word]) -> Mention | None:
    """A postcode or an arrondissement, which nothing else looks like."""
    return _coded(index, words) or _numbered(index, words)


def _longest_around(best: Mention, likely: Sequence[Mention], words: Sequence[Word]) -> Mention:
    """The longest likely name that holds another: "villeneuve saint georges" is not "villeneuve".

    But "chartres et" is not Chartrettes: what it holds besides must be more than small words.
    """

    def says_more(other: Mention) -> bool:
        besides = (*words[other.first : best.first], *words[best.after : other.after])
        return any(word.folded not in CONTEXT for word in besides)

    around = [other for other in likely if other.first <= best.first and best.after <= other.after and says_more(other)]
    return max(around, key=lambda mention: mention.after - mention.first, default=best)


def _coded(index: PlaceIndex, words: Sequence[Word]) -> Mention | None:
    """A postcode, with the name before or after it."""
    for at, word in enumerate(words):
        first, after = at, at + 1
        code = word.folded
        if len(code) == 2 and code.isdigit() and at + 1 < len(words) and re.fullmatch(r"\d{3}", words[at + 1].folded):
            if len(words) > MOST_WORDS:
                continue  # "33 000 euros"
            code, after = code + words[at + 1].folded, at + 2
        if _CODE.fullmatch(code) and index.has_postcode(code):
            said = [code, *(near.folded for near in words[after : after + MOST_WORDS])]
            before = [near.folded for near in words[max(0, at - MOST_WORDS) : at]]
            match = index.find(" ".join((*before, *said)))
            return Mention(match, 1.0, *_with_the_name(words, match, first, after))
    return None


def _with_the_name(words: Sequence[Word], match: PlaceMatch, first: int, after: int) -> tuple[int, int]:
    """From which word to which a postcode is said with the name of its commune, on either side."""
    named = {word for place in match.places[:1] for word in fold(place.nom).split()}
    while first and words[first - 1].folded in named:
        first -= 1
    while after < len(words) and words[after].folded in named:
        after += 1
    return first, after


def _numbered(index: PlaceIndex, words: Sequence[Word]) -> Mention | None:
    """An arrondissement: "paris 13", "lyon 7e", "dans le dix-huitième à Paris", "13e arrondissement"."""
    folded = [word.folded for word in words]
    cities = [number for number, word in enumerate(folded) if sound_of_word(word) in _CITY_SOUNDS]
    for at, word in enumerate(folded):
        stuck = _STUCK.fullmatch(word)
        said = (int(stuck["number"]), bool(stuck["ordinal"]), at + 1) if stuck else _number_at(words, at)
        if not said:
            continue
        number, ordinal, after = said
        if stuck:
            city: str | None = stuck["city"]
            first = at
        else:
            first, after, city = _city_of(folded, cities, at, after, ordinal)
        if not city or (after < len(folded) and folded[after] in _COUNTED):
            continue
        match = index.find(f"{city} {number}{'e' if ordinal else ''}")
        if match.places:
            return Mention(match, 1.0, first, after)
    return None


def _number_at(words: Sequence[Word], at: int) -> tuple[int, bool, int] | None:
    """A number from 1 to 20 there, in figures or letters; whether it is an ordinal; and where it ends."""
    word, after = words[at].folded, at + 1
    figures = _NUMBER.fullmatch(word)
    if figures:
        number, ordinal = int(figures["number"]), bool(figures["ordinal"])
    elif at + 1 < len(words) and f"{word} {words[after].folded}" in ORDINALS:
        number, ordinal, after = ORDINALS[f"{word} {words[after].folded}"], True, at + 2
    elif word in ORDINALS:
        number, ordinal = ORDINALS[word], True
    elif word in CARDINALS:
        number, ordinal = CARDINALS[word], False
    elif words[at].capital and (roman := _ROMAN_NUMBER.fullmatch(word)) and roman["number"] in ROMAN:
        number, ordinal = ROMAN[roman["number"]], bool(roman["ordinal"])
    else:
        return None
    while after < len(words) and _ORDINAL.fullmatch(words[after].folded):
        ordinal, after = True, after + 1
    return number, ordinal, after


def _city_of(
    folded: Sequence[str], cities: Sequence[int], at: int, after: int, ordinal: bool
) -> tuple[int, int, str | None]:
    """The city a number is an arrondissement of, and from which word to which it is said."""
    first = at
    while first and folded[first - 1] in ("le", "la", "dans", "du", "ds", "l"):
        first -= 1
    following = after + 1 if after < len(folded) and folded[after] in ("a", "de") else after
    if first and first - 1 in cities:
        return first - 1, after, _city(folded[first - 1])
    if following in cities and (ordinal or first < at):
        return first, following + 1, _city(folded[following])
    if ordinal and cities and first < at:
        return first, after, _city(folded[cities[0]])
    arrondissement = any(word.startswith("ar") for word in folded[at + 1 : after])
    in_paris = arrondissement or (ordinal and folded[first:at] and folded[first] in ("dans", "ds"))
    return first, after, "paris" if in_paris else None


def _city(word: str) -> str:
    return _CITY_SOUNDS[sound_of_word(word)]


def weighed(index: PlaceIndex, words: Sequence[Word], habits: Habits) -> Iterator[Mention]:
    """Every run of words that may be a place, with how likely it is meant."""
    departements = frozenset().union(*(territory for _at, territory in territories_of(index, words)))
    for run in runs(index, words, habits):
        signs = signs_of(words, run, habits, departements)
        total = sum(habits.weights.get(name, 0.0) * value for name, value in signs.items())
        likely = 1 / (1 + exp(-max(-30.0, min(30.0, total))))
        yield Mention(run.match, likely, run.first, run.after)


def runs(index: PlaceIndex, words: Sequence[Word], habits: Habits) -> Iterator[Run]:
    """Every run of words that is a name, or may be one misspelt."""
    folded = [word.folded for word in words]
    guessed, wide = 0, _wide(index, words)
    for first, start in enumerate(folded):
        longest = _until_closed(words, first)
        for length in range(longest, 0, -1):
            after = first + length
            if length == 1 and (len(start) < 2 or start.isdigit()):
                continue
            if any(begins <= first and after <= ends for begins, ends in wide):
                continue  # in "Maine-et-Loire" there is no commune
            known = index.begins_a_name(start) and index.is_name(" ".join(folded[first:after]))
            if known:
                if (match := index.find(" ".join(folded[first:after]))).places:
                    yield Run(first, after, match, 0.0)
            elif _worth_hearing(words, first, after, habits):
                said = " ".join(folded[first:after])
                match, cost = index.heard(said)
                if not match.places and guessed < MOST_GUESSED and _worth_guessing(words, first, after, habits):
                    guessed += 1
                    match, cost = index.guess(said)
                if match.places:
                    yield Run(first, after, match, cost)


def _wide(index: PlaceIndex, words: Sequence[Word]) -> list[tuple[int, int]]:
    """Where departments and regions are named."""
    folded = [word.folded for word in words]
    found = []
    for first, start in enumerate(folded):
        if not index.begins_a_territory(start):
            continue
        for after in range(first + _until_closed(words, first), first, -1):
            said = " ".join(folded[first:after])
            if not said.isdigit() and index.is_territory(said):
                found.append((first, after))
                break
    return found


def _until_closed(words: Sequence[Word], first: int) -> int:
    """How many words a name may have from there: it does not go over a comma."""
    for length in range(1, min(MOST_WORDS, len(words) - first)):
        if words[first + length - 1].closed:
            return length
    return min(MOST_WORDS, len(words) - first)


def _worth_hearing(words: Sequence[Word], first: int, after: int, habits: Habits) -> bool:
    """Not ordinary words, nor what is said before a place."""
    start, end = words[first].folded, words[after - 1].folded
    if after == first + 1:
        return (
            len(start) >= SHORTEST_HEARD
            and not start.isdigit()
            and (start not in habits.ordinary or words[first].capital)
        )
    if start in habits.ordinary and end in habits.ordinary and start not in NAME_STARTS:
        return False
    return (start not in _BEFORE_A_PLACE or start in NAME_STARTS) and end not in _BEFORE_A_PLACE


def _worth_guessing(words: Sequence[Word], first: int, after: int, habits: Habits) -> bool:
    """Only where a place is often said, and only what no ordinary word would be."""
    start, end = words[first].folded, words[after - 1].folded
    if after - first > MOST_GUESSED_WORDS or end in habits.ordinary:
        return False
    if after > first + 1 and start in habits.ordinary and start not in NAME_STARTS:
        return False
    if after == first + 1 and not words[first].capital and sound_of_word(start) in habits.ordinary_sounds:
        return False
    placed = first == 0 or words[after - 1].closed or words[first].capital
    return placed or words[first - 1].folded in _BEFORE_A_PLACE


def signs_of(
    words: Sequence[Word], said: Run, habits: Habits, departements: Set[str] = frozenset()
) -> dict[str, float]:
    """What tells a place from ordinary words, by name: what was said before and after, how it is written, how known."""
    first, after, cost = said.first, said.after, said.cost
    run = [word.folded for word in words[first:after]]
    before = words[first - 1] if first else None
    inhabited, otherwise = log1p(said.match.places[0].population) / 10, float(cost > 0)
    ordinary = log1p(min(habits.ordinary.get(word, 0) for word in run)) / 5
    signs = {
        "toujours": 1.0,
        "habitants": inhabited,
        "mots": min(len(run), 4) / 2,
        "lettres": min(len("".join(run)), 15) / 10,
        "ecart": cost,
        "ecrit autrement": otherwise,
        "ecrit autrement, habitants": otherwise * inhabited,
        "ordinaire": ordinary,
        "ordinaire seul": ordinary * (len(run) == 1),
        "jamais dit": float(len(run) == 1 and run[0] not in habits.ordinary),
        "au debut": float(before is None),
        "apres une virgule": float(before is not None and before.closed),
        "a la fin": float(after == len(words)),
        "avant une virgule": float(words[after - 1].closed),
        "seul": float(before is None and after == len(words)),
        "entre virgules": float((before is None or before.closed) and words[after - 1].closed),
        "entre virgules, jamais dit": float(
            (before is None or before.closed) and words[after - 1].closed and run[0] not in habits.ordinary
        ),
        "commence par saint": float(len(run) > 1 and run[0] in _SAINTS),
        "du cote de": float(first > 1 and words[first - 1].folded in _OF and words[first - 2].folded in _SIDES),
        "apres un determinant": float(before is not None and before.folded in _DETERMINERS),
        "capitale": float(words[first].capital and before is not None and any(not word.capital for word in words)),
        "sans capitale": float(not words[first].capital and any(word.capital for word in words[1:])),
        "dans une rue": float(_in_a_street(words, first)),
        "au bout d'une adresse": float(words[after - 1].closed and _ends_an_address(words, first)),
        "avant un nombre": float(after < len(words) and bool(re.fullmatch(r"\d\d", words[after].folded))),
        "departement dit": float(any(place.departement in departements for place in said.match.places)),
    }
    for name, announces in BEFORE.items():
        if before and before.folded in announces and not before.closed:
            signs["apres " + name] = 1.0
            signs["ecrit autrement, apres " + name] = otherwise
            signs["ordinaire, apres " + name] = ordinary
    return signs


def territories_of(index: PlaceIndex, words: Sequence[Word]) -> list[tuple[int, frozenset[str]]]:
    """The departments and regions named, by their name or their number, each with the word it begins at."""
    folded = [word.folded for word in words]
    found = []
    for first, word in enumerate(folded):
        if not index.begins_a_territory(word):
            continue
        for length in range(_until_closed(words, first), 0, -1):
            said = " ".join(folded[first : first + length]) if length > 1 else word
            territory = index.territory(said)
            if territory and not (said.isdigit() and first + 1 < len(folded) and folded[first + 1] in _COUNTED):
                found.append((first, territory))
                break
    return found


def _among_namesakes(index: PlaceIndex, mention: Mention, words: Sequence[Word], known: Place | None) -> PlaceMatch:
    """Which commune of that name: in the department said after it or with words, else in that already spoken of."""
    name = " ".join(word.folded for word in words[mention.first : mention.after])
    for at, territory in territories_of(index, words):
        if mention.first <= at < mention.after:
            continue
        beside = at == mention.after or (at and words[at - 1].folded in ("le", "du", "en"))
        named = index.find_in(name, territory) if beside else _inside(mention.match, territory)
        if named.places and (beside or not words[at].folded.isdigit()):
            return named
    nearby = _inside(mention.match, frozenset({known.departement})).places if known else ()
    if not nearby or (mention.match.sure and mention.match.places[0] in nearby):
        return mention.match
    others = tuple(place for place in mention.match.places if place not in nearby)
    return PlaceMatch((*nearby, *others), len(nearby) == 1 and not mention.match.sure)


def _inside(match: PlaceMatch, territory: Set[str]) -> PlaceMatch:
    inside = tuple(place for place in match.places if place.departement in territory)
    return PlaceMatch(inside, len(inside) == 1)
