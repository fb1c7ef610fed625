"""The simulated year keeps the rules of the rounds. Its figures are for `python -m tests.rounds`."""

from dataclasses import replace

import pytest

from tests.rounds.__main__ import Line, failures
from tests.rounds.baselines import OURS, strategies
from tests.rounds.simulation import BUDGET, Seen, Year
from tests.rounds.world import CORRESPONDENTS, DAYS, World, draw_world

SMALL = 400  # entries


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(7, entries=SMALL)


@pytest.fixture(scope="module")
def years(world: World) -> dict[str, Seen]:
    return {name: Year(world, choose, 7).play() for name, choose in strategies(7).items()}


def test_nobody_is_ever_asked_more_than_their_budget(years: dict[str, Seen]) -> None:
    assert all(max(year.put) <= BUDGET and year.most_held <= BUDGET for year in years.values())


def test_what_is_reported_is_put_among_the_questions_and_the_rest_to_the_coordinator(years: dict[str, Seen]) -> None:
    assert all(year.reports > 0 for year in years.values())
    assert all(year.reports + year.beyond < sum(year.put) for year in years.values())


def test_ours_shows_more_that_was_confirmed_than_the_plainer_ways(years: dict[str, Seen]) -> None:
    assert failures({name: Line([year]) for name, year in years.items()}) == []


def test_a_year_is_the_same_each_time_it_is_played(world: World, years: dict[str, Seen]) -> None:
    assert Year(draw_world(7, entries=SMALL), strategies(7)[OURS], 7).play() == years[OURS]


def test_a_person_asked_too_much_or_a_plainer_way_that_does_as_well_is_said(years: dict[str, Seen]) -> None:
    ours = years[OURS]
    too_much = replace(ours, most_held=BUDGET + 1)
    assert len(failures({OURS: Line([too_much]), "au hasard": Line([ours])})) == 2


def test_a_third_of_the_correspondents_go_silent_and_some_entries_have_none_or_several(world: World) -> None:
    assert sum(who.silent_from < DAYS for who in world.correspondents) == round(CORRESPONDENTS / 3)
    looked_after = [sum(place.commune in who.communes for who in world.correspondents) for place in world.places]
    assert {0, 1, 2, 3} <= set(looked_after)
