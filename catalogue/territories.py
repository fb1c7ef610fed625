"""Wider than a commune, or no commune at all: what one also says when asked where one is."""

# Regions, today's and those people still name: their departments, by number.
_REGIONS = {
    "alsace": "67 68",
    "aquitaine": "24 33 40 47 64",
    "ardeche": "07",
    "auvergne": "03 15 43 63",
    "auvergne rhone alpes": "01 03 07 15 26 38 42 43 63 69 73 74",
    "banlieue parisienne": "77 78 91 92 93 94 95",
    "basse normandie": "14 50 61",
    "bearn": "64",
    "bourgogne": "21 58 71 89",
    "bourgogne franche comte": "21 25 39 58 70 71 89 90",
    "bretagne": "22 29 35 44 56",
    "centre val de loire": "18 28 36 37 41 45",
    "champagne ardenne": "08 10 51 52",
    "corse": "2A 2B",
    "cote d azur": "06 83",
    "franche comte": "25 39 70 90",
    "grand est": "08 10 51 52 54 55 57 67 68 88",
    "haute normandie": "27 76",
    "hauts de france": "02 59 60 62 80",
    "idf": "75 77 78 91 92 93 94 95",
    "ile de france": "75 77 78 91 92 93 94 95",
    "languedoc": "11 30 34 48 66",
    "languedoc roussillon": "11 30 34 48 66",
    "limousin": "19 23 87",
    "lorraine": "54 55 57 88",
    "midi pyrenees": "09 12 31 32 46 65 81 82",
    "normandie": "14 27 50 61 76",
    "nouvelle aquitaine": "16 17 19 23 24 33 40 47 64 79 86 87",
    "occitanie": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "paca": "04 05 06 13 83 84",
    "pays basque": "64",
    "pays de la loire": "44 49 53 72 85",
    "perigord": "24",
    "picardie": "02 60 80",
    "poitou": "79 86",
    "poitou charentes": "16 17 79 86",
    "provence": "04 05 06 13 83 84",
    "region parisienne": "75 77 78 91 92 93 94 95",
    "rhone alpes": "01 07 26 38 42 69 73 74",
    "savoie mont blanc": "73 74",
    "seine et oise": "78 91 95",
}
REGIONS = {name: frozenset(departements.split()) for name, departements in _REGIONS.items()}

_NOWHERE = (
    "la campagne|la montagne|la mer|la maison|cote|tout pres|pres d ici|pied|l etranger|la rue|la gare|la plage|"
    "la ville|l hopital|l hotel|la fac|l ecole|l universite|la caf|la banque|la poste|la cite|"
    "chepa|chai pas|je sais pas|jsp|jsais pas|sais pas|nsp"
)
NOWHERE = frozenset(_NOWHERE.split("|"))

# Cities of other countries, which are near nothing of the guide: none is a misspelt commune.
_ABROAD = (
    "alger|amsterdam|athenes|anvers|bale|bamako|barcelone|barcelona|berlin|berne|beyrouth|bogota|bruges|bruxelles|"
    "brussels|bucarest|budapest|casablanca|charleroi|chisinau|conakry|cotonou|dakar|damas|douala|dublin|fes|francfort|"
    "fribourg|gand|geneve|hambourg|istanbul|kaboul|kiev|kinshasa|kyiv|lausanne|libreville|liege|lisbonne|lisboa|"
    "londres|london|luxembourg|madrid|marrakech|milan|monaco|montreal|moscou|mons|munich|namur|naples|new york|oran|"
    "ouagadougou|porto|prague|quebec|rabat|rome|sarrebruck|seville|tanger|tournai|tunis|turin|varsovie|vienne en "
    "autriche|yaounde|zurich|angleterre|belgique|suisse|allemagne|espagne|italie|portugal|maroc|algerie|tunisie"
)
ABROAD = frozenset(_ABROAD.split("|"))
