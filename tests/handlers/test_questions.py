"""A question is asked only when its answers shorten the list."""

from hypothesis import given
from hypothesis import strategies as st

from catalogue.entries import Candidate
from catalogue.needs import Frais, Kind, Moment, Public
from handlers.questions import FEW_ENOUGH, QUESTIONS, best_question, keep, options

candidates = st.builds(
    Candidate,
    id=st.integers(1, 10_000),
    kind=st.sampled_from(Kind),
    publics=st.frozensets(st.sampled_from(Public), max_size=3),
    frais=st.none() | st.sampled_from(Frais),
    moments=st.frozensets(st.sampled_from(Moment)),
    accessible=st.none() | st.booleans(),
    verified_at=st.none(),
)
lists = st.lists(candidates, max_size=40)


def entry(number: int, **known: object) -> Candidate:
    blank = {"kind": Kind.AUTRE, "publics": frozenset(), "frais": None, "moments": frozenset(), "accessible": None}
    return Candidate(id=number, verified_at=None, **{**blank, **known})  # type: ignore[arg-type]


@given(lists)
def test_every_answer_offered_leaves_something_and_not_everything(entries: list[Candidate]) -> None:
    for question in QUESTIONS:
        for option in options(question, entries):
            left = keep(question.name, option.value, entries)
            assert 0 < len(left) == option.left < len(entries)
            assert [e for e in entries if e in left] == left


@given(lists, st.lists(st.sampled_from([question.name for question in QUESTIONS])))
def test_a_question_is_never_asked_twice_nor_of_a_short_list(entries: list[Candidate], asked: list[str]) -> None:
    question = best_question(entries, asked)
    if len(entries) <= FEW_ENOUGH:
        assert question is None
    if question:
        assert question.name not in asked
        assert options(question, entries)


def test_no_question_when_all_are_alike() -> None:
    assert best_question([entry(n) for n in range(20)], []) is None


def test_the_question_that_splits_best_is_asked_first() -> None:
    kinds = (Kind.AMAP, Kind.SEL, Kind.TIERS_LIEU, Kind.JARDIN_PARTAGE)
    entries = [entry(n, kind=kinds[n % 4], frais=Frais.PAYANT if n == 0 else None) for n in range(20)]
    best = best_question(entries, [])
    assert best is not None
    assert best.name == "kind"
    after = best_question(entries, ["kind"])
    assert after is not None
    assert after.name == "frais"


def test_what_an_entry_does_not_say_never_rules_it_out() -> None:
    silent, free, paid = entry(1), entry(2, frais=Frais.GRATUIT), entry(3, frais=Frais.PAYANT)
    assert keep("frais", "gratuit", [silent, free, paid]) == [silent, free]
    assert keep("publics", "seniors", [silent, entry(4, publics=frozenset({Public.JEUNES}))]) == [silent]
    assert keep("frais", "", [silent, free, paid]) == [silent, free, paid]
