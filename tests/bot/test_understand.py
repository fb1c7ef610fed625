import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main

KEYS = ["text", "needs", "place", "candidates", "publics", "emergency", "language"]


def understand(*options: str, said: bytes | str | None = None) -> Result:
    return CliRunner().invoke(main, ["understand", *options], input=said, catch_exceptions=False)


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_line_is_answered_by_one_object() -> None:
    result = understand("--jsonl", said='jai faim a nanterr\n{"text": "je veux mourir"}\n\nmerci\n')
    read = lines(result)
    assert result.exit_code == 0
    assert [list(one) for one in read] == [KEYS] * 4
    hungry, danger, nothing, thanks = read
    assert hungry["needs"][0]["code"] == "alimentation"  # type: ignore[index]
    assert hungry["place"] == {"insee": "92050", "name": "Nanterre", "lat": 48.89222, "lon": 2.20694} | {
        "score": hungry["place"]["score"]  # type: ignore[index]
    }
    assert danger["emergency"] == "suicide"
    assert (nothing["needs"], nothing["place"]) == ([], None)
    assert thanks["needs"] == []


def test_what_may_be_meant_is_listed_when_there_are_several() -> None:
    (read,) = lines(understand("--jsonl", "--place-only", said="Boulogne\n"))
    assert read["place"]["name"] == "Boulogne-Billancourt"  # type: ignore[index]
    assert [place["name"] for place in read["candidates"]][:2] == ["Boulogne-Billancourt", "Boulogne-sur-Mer"]  # type: ignore[attr-defined]


def test_a_former_commune_is_the_commune_it_belongs_to() -> None:
    (read,) = lines(understand("--jsonl", "--place-only", said="Annecy-le-Vieux\n"))
    assert read["place"]["insee"] == "74010"  # type: ignore[index]


def test_an_answer_is_only_a_place() -> None:
    read = lines(understand("--jsonl", "--place-only", said="je suis du coté de nanter\nje sais pas\npartout\n"))
    assert [place["place"] and place["place"]["insee"] for place in read] == ["92050", None, None]  # type: ignore[index]
    assert all(place["needs"] == [] for place in read)


def test_a_json_object_without_a_text_is_named_and_the_rest_is_read() -> None:
    result = understand("--jsonl", said='{"texte": "faim"}\nfaim\n')
    assert result.exit_code == 1
    assert "ligne 1 : un objet JSON sans « text »" in result.stderr
    assert [read["text"] for read in lines(result)] == ["faim"]


@pytest.mark.parametrize("said", [b"\xff\xfe faim\n", b"{oups\n", b"{" * 5_000 + b"\n", b'{"text": "\\ud800"}\n'])
def test_what_is_not_quite_text_is_read_all_the_same(said: bytes) -> None:
    result = understand("--jsonl", said=said)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1


def test_a_message_is_explained_to_who_tunes_the_lexicon() -> None:
    explained = understand("plus de colis alimentaire à genevillier").stdout
    assert "Manger" in explained
    assert "colis alimentaire" in explained
    assert "Gennevilliers (92036)" in explained


@pytest.mark.parametrize("options", [(), ("faim", "--jsonl"), ("faim", "--place-only")])
def test_what_is_asked_must_be_clear(options: tuple[str, ...]) -> None:
    result = understand(*options)
    assert result.exit_code == 1
    assert result.stderr.startswith("bonne-porte : donnez un message")


def test_it_needs_neither_database_nor_setting(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-m", "bot", "understand", "je cherche un vélo"],
        cwd=root,
        env={"DATABASE_URL": f"sqlite:///{tmp_path}/none/none.db", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Me déplacer" in run.stdout
    assert list(tmp_path.iterdir()) == []
