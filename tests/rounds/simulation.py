"""The year of a world, week after week, under a way of choosing what to ask: the rules of the rounds, in memory."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from catalogue.freshness import FRESH_DAYS
from scheduler.choosing import Known, volatility
from tests.rounds.baselines import Choose
from tests.rounds.world import AGEING, Volunteer, World, calendar

BUDGET = 5  # questions a week
ANSWERED = 0.7  # of what is put to somebody who is there, each week
NOT_KNOWN = 0.1  # of the answers
PATIENCE = 2  # weeks, with a reminder between them: then the question goes to somebody else
FORGOTTEN = 4  # weeks after which a question nobody could take is over
REPORTED = 0.01  # of the times that something untrue is opened, somebody says so (assumed)
VIEWS_WEEKS = 13  # use is what was opened in 90 days


@dataclass(frozen=True, slots=True)
class Question:
    """An entry that was put to somebody, and everybody who had it."""

    entry: int
    week: int
    had_by: frozenset[int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a year was like."""

    fresh: Sequence[float]  # the share of what was shown that was confirmed under six months, week after week
    true: Sequence[float]  # and that was true
    put: Sequence[int]  # questions, for each person and each week
    most_held: int  # by anybody, with those of the weeks before
    reports: int  # put to correspondents, among their questions
    beyond: int  # reports that none of them could take: put to the coordinator, beside their questions


class Year:
    """A world, what is known of it, and what was asked."""

    def __init__(self, world: World, choose: Choose, seed: int) -> None:
        self.world, self.choose, self.random = world, choose, Random(seed)
        self.people = (*world.correspondents, world.coordinator)
        self.territory = {
            who.id: [place.id for place in world.places if place.commune in who.communes] for who in self.people
        }
        self.verified = {place.id: place.imported for place in world.places}  # of those not known to be closed
        self.asked: dict[int, int] = {}
        self.hands: dict[int, list[Question]] = {who.id: [] for who in self.people}
        self.passed_on: dict[int, Question] = {}
        self.checked: Counter[str] = Counter()  # by kind
        self.changed: Counter[str] = Counter()
        self.opened: Counter[int] = Counter()
        self.weeks: deque[Sequence[int]] = deque()
        self.reported: set[int] = set()  # in the week
        self.desk: list[Question] = []  # of the coordinator
        self.reports = self.beyond = 0

    def play(self) -> Seen:
        """Plays all the weeks."""
        fresh, true, put, held = [], [], [], []
        for week, opened in enumerate(self.world.shown):
            put += self._round(week)
            held.append(max(map(len, self.hands.values())))
            self._answers(week)
            shown = [id_ for id_ in opened if id_ in self.verified]
            fresh.append(self._share_fresh(shown, 7 * week + 6))
            true.append(self._share_true(shown, 7 * week + 6))
            self._remember(shown)
            self._report(shown, 7 * week + 6)
        return Seen(fresh, true, put, max(held), self.reports, self.beyond)

    def _round(self, week: int) -> list[int]:
        """Puts what was reported, then the questions of a week, the coordinator's last; returns how many to each."""
        self.passed_on |= {question.entry: question for question in self._unanswered(week)}
        self.passed_on = {id_: one for id_, one in self.passed_on.items() if week - one.week <= FORGOTTEN}
        handed = self._put_reports(week)
        known = self._known(week)
        order = self.random.sample(self.world.correspondents, len(self.world.correspondents))
        return [handed[who.id] + self._put(who, known, week) for who in (*order, self.world.coordinator)]

    def _put_reports(self, week: int) -> Counter[int]:
        """To who has most questions left; what nobody has any left for, to the coordinator."""
        handed = Counter[int]()
        held = {one.entry for questions in (*self.hands.values(), self.desk) for one in questions}
        for entry in sorted((self.reported & self.verified.keys()) - held):
            here = [who for who in self.world.correspondents if self.world.places[entry].commune in who.communes]
            free = [who for who in here if len(self.hands[who.id]) < BUDGET]
            taker = min(free, key=lambda who: (len(self.hands[who.id]), who.id), default=self.world.coordinator)
            handed[taker.id] += taker is not self.world.coordinator
            desk = self.desk if taker is self.world.coordinator else self.hands[taker.id]
            desk.append(Question(entry, week, frozenset({taker.id})))
            self.asked[entry] = 7 * week
            self.passed_on.pop(entry, None)
        self.reports += handed.total()
        self.beyond += sum(one.week == week for one in self.desk)
        return handed

    def _unanswered(self, week: int) -> Iterator[Question]:
        for person, questions in self.hands.items():
            yield from (one for one in questions if week - one.week >= PATIENCE)
            self.hands[person] = [one for one in questions if week - one.week < PATIENCE]

    def _known(self, week: int) -> dict[int, Known]:
        """What the product would know of each entry: nothing of what it really is."""
        paces = {kind: volatility(self.changed[kind], self.checked[kind]) for kind in AGEING}
        return {
            id_: Known(
                id=id_,
                verified_at=calendar(day),
                people=self.opened[id_],
                volatility=paces[self.world.places[id_].kind],
                last_asked=self._last_asked(id_),
                reported=False,
            )
            for id_, day in self.verified.items()
        }

    def _last_asked(self, entry: int) -> date | None:
        # A question that is passed on is the same question.
        return calendar(self.asked[entry]) if entry in self.asked and entry not in self.passed_on else None

    def _put(self, who: Volunteer, known: dict[int, Known], week: int) -> int:
        """First what others left, then the best of the territory, within what the person can still hold."""
        held, today = self.hands[who.id], calendar(7 * week)
        left = [known[id_] for id_, one in self.passed_on.items() if self._takes(who, one)]
        chosen = self.choose(left, BUDGET - len(held), today)
        own = [known[id_] for id_ in self.territory[who.id] if id_ in known and id_ not in self.passed_on]
        chosen += self.choose(own, BUDGET - len(held) - len(chosen), today)
        for entry in chosen:
            before = self.passed_on.pop(entry, None)
            held.append(Question(entry, week, (before.had_by if before else frozenset()) | {who.id}))
            self.asked[entry] = 7 * week
            known.pop(entry)
        return len(chosen)

    def _takes(self, who: Volunteer, question: Question) -> bool:
        if who.id in question.had_by:
            return False
        return who is self.world.coordinator or self.world.places[question.entry].commune in who.communes

    def _answers(self, week: int) -> None:
        day = 7 * week + 3
        for who in self.people:
            if day < who.silent_from:
                self.hands[who.id] = [one for one in self.hands[who.id] if not self._answer(one, day)]
        self.desk = [one for one in self.desk if not self._answer(one, day)]

    def _answer(self, question: Question, day: int) -> bool:
        """Whether a question was answered; "je ne sais pas" is an answer, and somebody else is asked."""
        if self.random.random() >= ANSWERED:
            return False
        if self.random.random() < NOT_KNOWN:
            self.passed_on[question.entry] = question
        else:
            self._verify(question.entry, day)
        return True

    def _verify(self, entry: int, day: int) -> None:
        """Somebody looks: what changed is corrected, what closed is shown no more."""
        place = self.world.places[entry]
        self.checked[place.kind] += 1
        self.changed[place.kind] += place.changed(self.verified[entry], day)
        self.verified[entry] = day
        if place.closes <= day:
            del self.verified[entry]

    def _report(self, shown: Sequence[int], day: int) -> None:
        """Of those who open something that is not true, a few say so."""
        wrong = [id_ for id_ in shown if self.world.places[id_].changed(self.verified.get(id_, day), day)]
        self.reported = {id_ for id_ in wrong if self.random.random() < REPORTED}

    def _share_fresh(self, shown: Sequence[int], day: int) -> float:
        return sum(day - self.verified[id_] < FRESH_DAYS for id_ in shown) / len(shown)

    def _share_true(self, shown: Sequence[int], day: int) -> float:
        return sum(not self.world.places[id_].changed(self.verified[id_], day) for id_ in shown) / len(shown)

    def _remember(self, shown: Sequence[int]) -> None:
        """Adds a week of use; forgets what is more than 90 days old."""
        self.opened.update(shown)
        self.weeks.append(shown)
        if len(self.weeks) > VIEWS_WEEKS:
            self.opened.subtract(self.weeks.popleft())
