"""The same sentence after a refusal, or in the middle of a story: what is wanted is said once, among other things."""

import random
from collections.abc import Sequence

_REFUSING = (
    "pas {other}, plutôt {text}",
    "pas {other} mais {text}",
    "je ne veux pas {other}, {text}",
    "{other} non merci. {text}",
    "ce n'est pas pour {other}, {text}",
    "ne me parlez pas de {other}, {text}",
    "je n'ai pas besoin de {other}, {text}",
    "{other} j'ai déjà, {text}",
    "{other} c'est réglé, maintenant {text}",
    "{text}, pas {other}",
    "{text}, surtout pas {other}",
    "on m'a parlé de {other} mais moi {text}",
    "rien à voir avec {other} : {text}",
    "sans {other}, {text}",
    "{text} et non {other}",
    "pas besoin de {other}, juste {text}",
    "{other}, ça va. {text}",
    "inutile de me proposer {other}, {text}",
)


def refusing(text: str, other: str, chance: random.Random) -> str:
    """The sentence, once something else was refused."""
    return chance.choice(_REFUSING).format(text=text, other=other)


def telling(text: str, around: Sequence[str], chance: random.Random) -> str:
    """The sentence in the middle of others, which say no need."""
    told = [*around[:2], text] if chance.random() < 0.5 else [around[0], text, *around[1:2]]
    return " ".join(sentence.rstrip(" .") + "." for sentence in told)
