"""What is understood of messages. The whole sets are scored by `make quality`; here, what must never be lost."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalogue.needs import Emergency, Need, Public
from catalogue.places import MOST_GUESSES, PlaceIndex
from catalogue.spelling import fold
from catalogue.understanding import Understander, Understanding, read_understander
from tests.bench.understanding import hostile_texts
from tests.dialogues import transcripts
from tests.messages import gathered
from tests.understanding.quality.__main__ import FILES, Answer, answered, read_messages, read_near_danger


@dataclass(frozen=True)
class Reader:
    understander: Understander
    index: PlaceIndex

    def read(self, text: str) -> Understanding:
        return self.understander.understand(text, self.index)


@pytest.fixture(scope="module")
def reader(place_index: PlaceIndex) -> Reader:
    return Reader(read_understander(), place_index)


@pytest.mark.parametrize(
    ("text", "need", "insee"),
    [
        ("jai plus rien a mangé je suis a genevillier", Need.ALIMENTATION, "92036"),
        ("Je cherche une épicerie solidaire à Nanterre.", Need.ALIMENTATION, "92050"),
        ("le frigo est vide", Need.ALIMENTATION, None),
        ("je parle à personne de la journée", Need.LIEN_SOCIAL, None),
        ("ki peu réparé ma machine a lavé", Need.EQUIPEMENT, None),
        ("jvoudrai une colocassion a nanterr", Need.LOGEMENT, "92050"),
        ("apprendr a lir e a ecrir", Need.FRANCAIS, None),
        ("RSA, 2 enfants, Colombes, cherche vestiboutique", Need.EQUIPEMENT, "92025"),
        ("pas de colis, plutôt cuisiner avec des gens", Need.ALIMENTATION, None),
        ("I need help to write my CV, I live in Lyon", Need.EMPLOI, "69123"),
        ("Necesito clases de francés en Toulouse", Need.FRANCAIS, "31555"),
        ("Ищу работу в Нантере", Need.EMPLOI, "92050"),
    ],
)
def test_a_message_is_a_need_and_a_place(reader: Reader, text: str, need: Need, insee: str | None) -> None:
    understood = reader.read(text)
    assert understood.needs[0][0] is need
    assert (understood.place.match.places[0].insee if understood.place else None) == insee


@pytest.mark.parametrize(
    "text", ["bonjour", "merci beaucoup", "il fait beau", "c'est gratuit ?", "92100", "ok", "", "🙂", "?!"]
)
def test_no_need_is_invented_for_chatter(reader: Reader, text: str) -> None:
    assert reader.read(text).needs == ()


@pytest.mark.parametrize(
    ("text", "courtesy"),
    [("Bonjour !", "bonjour"), ("merci", "merci"), ("il pleut encore", "temps"), ("vous êtes un robot ?", "qui")],
)
def test_what_is_said_out_of_courtesy_is_known(reader: Reader, text: str, courtesy: str) -> None:
    assert reader.read(text).courtesy == courtesy


@pytest.mark.parametrize(
    ("text", "emergency"),
    [
        ("je veux mourir", Emergency.SUICIDE),
        ("jai envi den finir avec la vie", Emergency.SUICIDE),
        ("mon mari me frappe", Emergency.VIOLENCES),
        ("mon voisin bat son enfant tous les soirs", Emergency.ENFANCE),
        ("je dors dehors ce soir avec mes enfants", Emergency.SANS_ABRI),
        ("mon père a mal dans la poitrine et ne respire plus", Emergency.URGENCE_MEDICALE),
        ("ils ont mis une photo de moi nue sur snap, toute la classe l'a vue", Emergency.HARCELEMENT),
        ("ma mère est attachée à son lit à la maison de retraite et on la frappe", Emergency.MALTRAITANCE),
        ("I want to kill myself", Emergency.SUICIDE),
        ("au secours", Emergency.URGENCE_MEDICALE),
        ("il garde mes papiers et mon téléphone, je n'ai pas le droit de sortir", Emergency.VIOLENCES),
    ],
)
def test_someone_in_danger_is_heard(reader: Reader, text: str, emergency: Emergency) -> None:
    assert reader.read(text).emergency is emergency
    assert reader.understander.emergency(text) is emergency


@pytest.mark.parametrize(
    "text",
    [
        "je suis mort de faim",
        "ma fille me tue",
        "je dors mal, il y a du bruit dehors",
        "ma voiture est morte",
        "je meurs de chaud dans cet appartement",
        "c'est urgent j'ai plus internet",
        "je suis hébergée chez une amie en attendant",
        "é" * 4_000,
        "qsdfgh",
        "ce soir",
        "mon mari",
        "papa",
    ],
)
def test_an_idiom_is_not_an_emergency(reader: Reader, text: str) -> None:
    assert reader.read(text).emergency is None


def button_labels() -> set[str]:
    """What may be written on a button: every text that is no sentence, and every button of the transcripts.

    Not what handlers/emergency.py says, nor the names of emergencies: those are about danger.
    """
    emergencies = {emergency.label for emergency in Emergency}
    elsewhere = [
        message for message in gathered() if any(file != "handlers/emergency.py" for file, _line in message.locations)
    ]
    texts = [text for message in elsewhere for text in (message.id if message.pluralizable else (message.id,))]
    lines = [line for path in transcripts() for line in path.read_text("utf-8").splitlines() if line.startswith("  ")]
    shown = {label for line in lines for label in re.findall(r"\[([^\]]+)\]", line)}
    return {text for text in texts if text and not text.endswith(".")} - emergencies | shown


def test_the_label_of_a_button_that_is_typed_is_not_an_emergency(reader: Reader) -> None:
    labels = button_labels()
    assert {"Prévenez-moi des prochains", "Tout arrêter", "La veille à 18 h", "Manger"} <= labels
    typed = [written for label in sorted(labels) for written in (label, label.upper(), fold(label), f"{label} svp")]
    assert [written for written in typed if reader.understander.emergency(written)] == []


@pytest.mark.parametrize(
    "text", ["cours de dessin", "je cherche un lit", "c'est à mon tour de garde", "je suis maçon", "un bon plat"]
)
def test_ordinary_words_are_not_towns(reader: Reader, text: str) -> None:
    assert reader.read(text).place is None


@pytest.mark.parametrize("text", ["sorties gratuites hauts de seine", "je vis en Bretagne", "je suis dans le 93"])
def test_a_department_or_a_region_is_not_a_commune(reader: Reader, text: str) -> None:
    assert reader.read(text).place is None


@pytest.mark.parametrize(
    ("text", "insee"),
    [
        ("un repas chaud à paris 13", "75113"),
        ("cours de français dans le dix-huitième à Paris", "75118"),
        ("un vélo, Lyon 7e", "69387"),
        ("12 rue de Verdun, champigny sur marne", "94017"),
        ("qui aide à st denis 93", "93066"),
        ("Saint-Denis, à la Réunion, je cherche un médecin", "97411"),
        ("je suis à la rochel", "17300"),
        ("94500 champigny", "94017"),
        ("Où manger à Paris XIVe ?", "75114"),
        ("Je viens d'emménager à Chartres et je ne connais personne", "28085"),
    ],
)
def test_a_place_is_found_however_it_is_said(reader: Reader, text: str, insee: str) -> None:
    understood = reader.read(text)
    assert understood.place
    assert understood.place.match.places[0].insee == insee


def test_among_namesakes_the_department_already_spoken_of_is_meant(reader: Reader) -> None:
    antony = reader.index.get("92002")
    known = reader.understander.understand("un repas à Montreuil", reader.index, reader.index.get("28085"))
    assert known.place
    assert known.place.match.places[0].departement == "28"
    lyon = reader.understander.understand("un repas à Lyon", reader.index, antony)
    assert lyon.place
    assert lyon.place.match.places[0].insee == "69123"


def test_publics_are_read_from_words_and_ages(reader: Reader) -> None:
    assert set(reader.read("DELD, RSA, besoin ACI bâtiment").publics) >= {
        Public.DEMANDEURS_EMPLOI,
        Public.BENEFICIAIRES_DES_MINIMAS_SOCIAUX,
    }
    assert reader.read("M. 71 ans, ne cuisine plus").publics == (Public.SENIORS,)
    assert Public.JEUNES in reader.read("j'ai 17 ans, je cherche un apprentissage").publics


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Où trouver un repas ?", "fr"),
        ("Nanterre", "fr"),
        ("where can I find a warm meal tonight", "en"),
        ("necesito ayuda con mis papeles", "es"),
        ("preciso de ajuda com os documentos", "pt"),
        ("أحتاج إلى مساعدة في الأوراق", "ar"),
        ("мені потрібна допомога з документами", "uk"),
        ("мне нужна помощь с документами", "ru"),
        ("evraklarım için yardıma ihtiyacım var", "tr"),
        ("am nevoie de ajutor cu actele", "ro"),
    ],
)
def test_the_language_is_told(reader: Reader, text: str, language: str) -> None:
    assert reader.read(text).language == language


def test_the_same_message_is_always_understood_the_same() -> None:
    text = "jai plus rien a mangé, mon fils a 17 ans, je suis a genevillier"
    places = PlaceIndex([])
    assert read_understander().understand(text, places) == read_understander().understand(text, places)


# Pieces that meet what is looked for, so that chance goes where the code goes.
PIECES = st.sampled_from(
    [
        "92000",
        "75 013",
        "paris ",
        "13e ",
        "à ",
        "st ",
        "saint-",
        "pas ",
        ", ",
        "le ",
        "nanter",
        "Ù",
        "\0",
        "🙂",
        "ﷺ",
        "s/",
        "ans ",
        "17",
    ]
)
ANYTHING = st.one_of(st.text(max_size=300), st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40).map("".join))


@settings(max_examples=10_000, deadline=None)
@example("\ud800")
@example("a" * 5_000)
@given(ANYTHING)
def test_whatever_is_written_is_read_without_failing(place_index: PlaceIndex, text: str) -> None:
    understander = SHIPPED
    understood = understander.understand(text, place_index)
    assert all(0 <= score <= 1 for _need, score in understood.needs)
    understander.place_answered(text, place_index)


SHIPPED = read_understander()


def test_a_megabyte_is_read_without_failing(reader: Reader) -> None:
    for text in hostile_texts():
        assert all(0 <= score <= 1 for _need, score in reader.read(text).needs)
        assert len(reader.understander.place_answered(text, reader.index).places) <= MOST_GUESSES


@pytest.fixture(scope="module")
def answers(reader: Reader) -> list[Answer]:
    return [answer for name in FILES for answer in answered(reader.understander, reader.index, read_messages(name))]


def share(rights: list[bool]) -> float:
    assert rights
    return sum(rights) / len(rights)


def test_most_messages_are_understood(answers: list[Answer]) -> None:
    """A little under what `make quality` prints: what falls below was broken, not unlucky."""
    needing = [answer for answer in answers if answer.message.first and not answer.message.emergency]
    assert share([a.need_right for a in needing if a.message.language == "fr"]) > 0.91
    assert share([a.need_right for a in needing if a.message.language != "fr"]) > 0.88
    assert share([a.need is None for a in answers if not a.message.first]) > 0.85
    assert share([a.place_right for a in answers]) > 0.96


def test_danger_is_heard_and_seldom_imagined(answers: list[Answer]) -> None:
    assert share([a.understood.emergency is not None for a in answers if a.message.emergency]) > 0.95
    assert share([a.understood.emergency is not None for a in answers if not a.message.emergency]) < 0.02


def test_asking_for_reminders_is_told_from_danger_said_with_the_same_words(reader: Reader) -> None:
    near = answered(reader.understander, reader.index, read_near_danger())
    assert share([a.understood.emergency is not None for a in near if a.message.emergency]) > 0.97
    assert share([a.understood.emergency is not None for a in near if not a.message.emergency]) < 0.04
    assert share([a.need is None for a in near if a.message.style == "aucun"]) > 0.85
