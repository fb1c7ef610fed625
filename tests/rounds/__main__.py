"""`python -m tests.rounds`: a year of rounds, under our way of choosing what to ask and under two plainer ones."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import click

from tests.rounds.baselines import OURS, strategies
from tests.rounds.simulation import BUDGET, Seen, Year
from tests.rounds.world import CORRESPONDENTS, ENTRIES, draw_world

# How fast things change, and the worlds it is played in.
PACES = {
    "rythme retenu, 3 mondes": (1.0, (1, 2, 3)),
    "deux fois plus lent": (0.5, (1,)),
    "deux fois plus vite": (2.0, (1,)),
}
AFTER = 13  # weeks: the first quarter only shows where one starts from
AT_THE_END = 4  # weeks


@dataclass(frozen=True)
class Line:
    """What several worlds were like under one way of choosing: shares are means, of worlds then of weeks."""

    years: Sequence[Seen]

    def mean(self, share: Callable[[Seen], Sequence[float]]) -> float:
        return fmean(fmean(share(year)[AFTER:]) for year in self.years)

    def end(self, share: Callable[[Seen], Sequence[float]]) -> float:
        return fmean(fmean(share(year)[-AT_THE_END:]) for year in self.years)

    @property
    def questions(self) -> float:
        return fmean(fmean(year.put) for year in self.years)

    @property
    def reports(self) -> float:
        """A year, put to correspondents among their questions."""
        return fmean(year.reports for year in self.years)

    @property
    def beyond(self) -> float:
        """A year, put to the coordinator: no correspondent had a question left."""
        return fmean(year.beyond for year in self.years)

    @property
    def most(self) -> int:
        """The most questions anybody was put in a week, or had to answer at a time."""
        return max(max(*year.put, year.most_held) for year in self.years)


def fresh(year: Seen) -> Sequence[float]:
    return year.fresh


def true(year: Seen) -> Sequence[float]:
    return year.true


def play(pace: float, seeds: Sequence[int]) -> dict[str, Line]:
    """The same worlds under each way of choosing."""
    years: dict[str, list[Seen]] = {}
    for seed in seeds:
        world = draw_world(seed, pace)
        for name, choose in strategies(seed).items():
            years.setdefault(name, []).append(Year(world, choose, seed).play())
    return {name: Line(seen) for name, seen in years.items()}


def report(title: str, lines: dict[str, Line]) -> None:
    heads = "confirmées < 6 mois         vraies          questions par semaine   dont signalements"
    click.echo(f"\n  {title:26}   {heads}")
    columns = "moyenne     fin       moyenne     fin      moyenne     au plus   par an  au coordinateur"
    click.echo(f"  {'':26}     {columns}")
    for name, line in lines.items():
        shares = [line.mean(fresh), line.end(fresh), line.mean(true), line.end(true)]
        figures = "  ".join(f"{100 * share:6.1f} %" for share in shares)
        click.echo(
            f"  {name:26}    {figures}   {line.questions:6.2f}   {line.most:9}   {line.reports:6.0f} {line.beyond:8.0f}"
        )


def failures(lines: dict[str, Line]) -> list[str]:
    """What must not be: somebody asked too much, or a plainer way that does as well."""
    too_many = [f"{name} : {line.most} questions en une semaine" for name, line in lines.items() if line.most > BUDGET]
    others = [name for name in lines if name != OURS and lines[name].mean(fresh) >= lines[OURS].mean(fresh)]
    return too_many + [f"{name} fait aussi bien que nous" for name in others]


@click.command(help=__doc__)
def main() -> None:
    click.echo(f"\n== un an de rondes, {ENTRIES} fiches, {CORRESPONDENTS} correspondants dont un tiers se tait")
    click.echo("parts des réponses montrées, sans le premier trimestre ; questions par personne")
    wrong = []
    for title, (pace, seeds) in PACES.items():
        lines = play(pace, seeds)
        report(title, lines)
        wrong += [f"{title}, {said}" for said in failures(lines)]
    for said in wrong:
        click.echo(f"  MANQUÉ : {said}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
