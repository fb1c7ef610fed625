"""Which entries are worth a question."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.choosing import REST_DAYS, Known, choose, volatility, worth

TODAY = date(2026, 11, 22)
LONG_AGO = TODAY - timedelta(days=200)


def known(id_: int = 1, **what: Any) -> Known:
    plain = Known(id_, verified_at=LONG_AGO, people=10, volatility=0.3, last_asked=None, reported=False)
    return replace(plain, **what)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def lists_of_entries() -> st.SearchStrategy[list[Known]]:
    past = st.none() | st.integers(0, 3000).map(days_ago)
    one = st.builds(
        Known,
        id=st.integers(1, 60),
        verified_at=past,
        people=st.integers(0, 500),
        volatility=st.floats(0.01, 3),
        last_asked=past,
        reported=st.booleans(),
    )
    return st.lists(one, max_size=40, unique_by=lambda entry: entry.id)


@given(lists_of_entries(), st.integers(0, 8))
def test_never_more_than_the_budget_and_never_one_twice(entries: list[Known], budget: int) -> None:
    chosen = choose(entries, budget, TODAY)
    assert len(chosen) <= budget
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= {entry.id for entry in entries}


@given(lists_of_entries(), st.integers(0, 8))
def test_the_whole_budget_is_spent_when_there_is_enough_to_ask(entries: list[Known], budget: int) -> None:
    askable = [entry for entry in entries if choose([entry], 1, TODAY)]
    assert len(choose(entries, budget, TODAY)) == min(budget, len(askable))


@given(lists_of_entries(), st.integers(1, 8))
def test_what_was_asked_or_verified_within_a_month_is_left_alone_unless_reported(
    entries: list[Known], budget: int
) -> None:
    by_id = {entry.id: entry for entry in entries}
    for entry in (by_id[id_] for id_ in choose(entries, budget, TODAY)):
        last = max(entry.last_asked or date.min, entry.verified_at or date.min)
        assert entry.reported or (TODAY - last).days > REST_DAYS


@given(lists_of_entries(), st.integers(0, 8))
def test_what_is_reported_comes_first_then_what_is_worth_the_most(entries: list[Known], budget: int) -> None:
    by_id = {entry.id: entry for entry in entries}
    chosen = [by_id[id_] for id_ in choose(entries, budget, TODAY)]
    ranks = [(not entry.reported, -worth(entry, TODAY), entry.id) for entry in chosen]
    assert ranks == sorted(ranks)
    left = [entry for entry in entries if entry not in chosen and choose([entry], 1, TODAY)]
    assert all((not entry.reported, -worth(entry, TODAY), entry.id) > rank for entry in left for rank in ranks)


@given(st.data(), lists_of_entries(), st.integers(0, 8))
def test_the_same_is_chosen_in_whatever_order_they_come(data: st.DataObject, entries: list[Known], budget: int) -> None:
    shuffled = data.draw(st.permutations(entries))
    assert choose(shuffled, budget, TODAY) == choose(entries, budget, TODAY)


def test_of_two_that_are_worth_the_same_the_first_id_is_chosen() -> None:
    assert choose([known(2), known(3), known(1)], 2, TODAY) == [1, 2]


@pytest.mark.parametrize("what", [{"last_asked": days_ago(30)}, {"verified_at": days_ago(30)}])
def test_an_entry_rests_for_thirty_days_and_a_report_wakes_it(what: dict[str, Any]) -> None:
    resting = known(**what)
    later = TODAY + timedelta(days=1)
    assert choose([resting], 5, TODAY) == []
    assert choose([resting], 5, later) == [resting.id]
    assert choose([replace(resting, reported=True)], 5, TODAY) == [resting.id]


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"people": 10}, {"people": 11}),
        ({"people": 0}, {"people": 1}),
        ({"verified_at": days_ago(100)}, {"verified_at": days_ago(101)}),
        ({"verified_at": days_ago(364)}, {"verified_at": None}),
        ({"volatility": 0.3}, {"volatility": 0.31}),
    ],
)
def test_worth_grows_with_use_with_age_and_with_volatility(less: dict[str, Any], more: dict[str, Any]) -> None:
    assert worth(known(**less), TODAY) < worth(known(**more), TODAY)


def test_what_nobody_opened_is_worth_something_and_is_visited_in_its_time() -> None:
    unseen = known(1, people=0, verified_at=None)
    seen_and_recent = known(2, people=5, verified_at=days_ago(31))
    assert choose([seen_and_recent, unseen], 1, TODAY) == [unseen.id]


def test_a_date_to_come_is_no_age() -> None:
    assert worth(known(verified_at=TODAY + timedelta(days=3)), TODAY) == 0


@given(st.integers(0, 500), st.integers(0, 500))
def test_volatility_is_between_what_was_observed_and_what_was_believed(unchanged: int, changed: int) -> None:
    checked = unchanged + changed
    believed = volatility(0, 0)
    observed = volatility(changed * 10**9, checked * 10**9) if checked else believed
    low, high = sorted((believed, observed))
    assert low - 1e-6 <= volatility(changed, checked) <= high + 1e-6


@given(st.integers(1, 500), st.data())
def test_volatility_grows_with_what_changed_and_falls_with_what_did_not(checked: int, data: st.DataObject) -> None:
    changed = data.draw(st.integers(0, checked - 1))
    assert 0 < volatility(changed, checked) < volatility(changed + 1, checked)
    assert volatility(changed, checked + 1) < volatility(changed, checked)


def test_two_checks_that_found_a_change_say_less_than_two_hundred() -> None:
    assert volatility(0, 0) < volatility(2, 2) < volatility(200, 200)
