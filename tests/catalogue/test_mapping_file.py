"""A mapping file is followed, or said to be wrong with the key that is."""

from pathlib import Path

import pytest

from catalogue.exchange.mapped import WrongMapping, read_mapping
from tests.catalogue.lists import WHOLE, with_column, written

WRONG = [
    ('source = "\n[colonnes]', "écriture incorrecte, ligne 1"),
    ("[colonnes", "écriture incorrecte"),
    (WHOLE.replace('source = "essai"', ""), "source : il manque un texte"),
    (WHOLE.replace("essai", "Mon essai"), "source : « Mon essai » doit être en minuscules"),
    (f'sources = "essai"\n{WHOLE}', "clés : « sources » n'existe pas ; au choix : source, separateur, doublons"),
    (WHOLE.replace("insee =", "insees ="), "colonnes : « code_insees » n'existe pas ; au choix : id, nom"),
    (WHOLE.replace('"numero"', "12.5"), "colonnes.id : il faut un texte entre guillemets"),
    (WHOLE.replace('id = "numero"', ""), "colonnes : il manque id"),
    (WHOLE.replace('nom = "nom"', ""), "nom : ce champ manque"),
    (WHOLE.replace('kind = "autre"', ""), "kind : ce champ manque"),
    (WHOLE.replace('needs = "alimentation"', ""), "needs : ce champ manque"),
    (WHOLE.replace('code_insee = "insee"', 'commune = "c"'), "colonnes : il manque la commune"),
    (
        WHOLE.replace('code_insee = "insee"', "") + 'reach = "departemental"',
        "colonnes : il manque departement ou zones",
    ),
    (with_column("latitude"), "colonnes : il faut latitude et longitude"),
    (with_column("kind"), "valeurs.kind : ce champ est déjà dans [colonnes]"),
    (
        WHOLE.replace("alimentation", "manger"),
        "valeurs.needs : « manger » n'existe pas ; au choix : alim",
    ),
    (WHOLE.replace('"autre"', '["autre", "sel"]'), "valeurs.kind : une seule valeur est possible"),
    (WHOLE.replace('"autre"', "[]"), "valeurs.kind : la liste est vide"),
    (WHOLE + 'frais = "cher"', "valeurs.frais : « cher » n'existe pas ; au choix : gratuit, payant"),
    (WHOLE + 'precision = "rue"', "valeurs.precision : « rue » n'existe pas ; au choix : point, commune"),
    (WHOLE + 'verified_at = "hier"', "valeurs.verified_at : date illisible : « hier »"),
    (WHOLE + "prix = 1", "valeurs : « prix » n'existe pas ; au choix : id, nom"),
    (f'{WHOLE}[valeurs.frais]\noui = "payant"', "valeurs.frais : dites dans [colonnes] la colonne à traduire"),
    (with_column("frais") + '[valeurs.frais]\noui = "cher"', "valeurs.frais.oui : « cher » n'existe pas"),
    (f'{WHOLE}[lecture]\nhoraires = "vite"', "lecture : « horaires » n'existe pas ; au choix : id, nom"),
    (
        f'{WHOLE}[lecture]\nid = "vite"',
        "lecture.id : « vite » n'existe pas ; au choix : avec la commune, aide",
    ),
    (f"lecture = 1\n{WHOLE}", "lecture : cette partie commence par [lecture], seul sur sa ligne"),
    (f'{WHOLE}[si]\ncolonne = "nom"', "si : une règle commence par [[si]]"),
    (f'{WHOLE}[[si]]\ncolonnes = "nom"', "si (règle 1) : « colonnes » n'existe pas ; au choix : colonne, contient"),
    (f'{WHOLE}[[si]]\ncolonne = "nom"\ncontient = "x"', "si (règle 1) : il manque kind ou needs"),
    (f'{WHOLE}[[si]]\ncontient = "x"\nkind = "sel"', "si (règle 1), colonne : il manque un texte"),
    (f'{WHOLE}[[si]]\ncolonne = "nom"\nkind = "sel"', "si (règle 1), contient : il manque un texte"),
    (f'{WHOLE}[[si]]\ncolonne = "nom"\ncontient = "x"\nneeds = "or"', "si (règle 1), needs : « or » n'existe pas"),
    (f"{WHOLE}[attendu]\ntype = []", "attendu.type : la liste est vide"),
    (f'doublons = "garder"\n{WHOLE}', "doublons : « garder » n'existe pas ; au choix : refuser, fusionner"),
    (f'separateur = ""\n{WHOLE}', "separateur : il faut un texte entre guillemets"),
]


@pytest.mark.parametrize(("content", "said"), WRONG)
def test_a_mapping_that_makes_no_sense_is_said_with_its_key(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(WrongMapping) as raised:
        written(tmp_path, content)
    assert str(raised.value).startswith(f"liste.toml : {said}")
    assert "\n" not in str(raised.value)


def test_a_mapping_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "liste.toml"
    with pytest.raises(WrongMapping, match=r"liste.toml : ce fichier n'existe pas"):
        read_mapping(path)
    path.write_bytes(WHOLE.encode() + b"# \xe9t\xe9")
    with pytest.raises(WrongMapping, match="UTF-8"):
        read_mapping(path)
