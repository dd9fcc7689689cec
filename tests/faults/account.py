"""What became of every utterance that simulated robots sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any


@dataclass
class Request:
    """One utterance of one robot, and all that came back for it.

    Attributes:
        number: of the utterance among its robot's, from 1.
        sends: how often it was published: once, and again under the same `request_id`.
        replies: in the order in which they came, all of them.
        arrived: where the first reply stands among all that the robots heard.
        errors: of this request, `busy` ones too.
        actions: those that the body was asked for.
        events: the types in its stream.
        refused: by an error that does not say when to send again, or by any where the robot takes that for an answer.
        took_s: from the first send to the first reply or refusal.
    """

    device_id: str
    request_id: str
    number: int
    text: str
    sends: int = 0
    first_sent: float = 0.0
    last_sent: float = 0.0
    accepted: bool = False
    send_again_at: float | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)
    arrived: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    refused: bool = False
    took_s: float | None = None

    def hear_event(self, kind: str) -> None:
        self.events.append(kind)
        if kind == "accepted":
            self.accepted = True

    def hear_reply(self, reply: dict[str, Any], arrived: int, now: float) -> None:
        """Take a reply, the `arrived`-th that any robot heard."""
        if not self.replies:
            self.arrived = arrived
            self.took_s = self.took_s or now - self.first_sent
        self.accepted = True
        self.replies.append(reply)

    def hear_error(self, error: dict[str, Any], now: float, *, final: bool) -> None:
        """Take an error; one that says when means to send again then, unless it is taken for `final`."""
        self.errors.append(error)
        if "retry_after_seconds" in error and not final:
            self.send_again_at = now + error["retry_after_seconds"]
        elif not self.settled:
            self.refused = True
            self.took_s = now - self.first_sent

    @property
    def settled(self) -> bool:
        return bool(self.replies) or self.refused

    @property
    def reply(self) -> dict[str, Any]:
        """The first reply."""
        return self.replies[0]

    @property
    def duplicates(self) -> int:
        """How many replies say something else than the first: the same stored reply may come again."""
        return sum(reply != self.replies[0] for reply in self.replies[1:])

    @property
    def commands(self) -> set[str]:
        """The ids of the actions that the body was asked for; firmware drops one that it has had."""
        return {action["command_id"] for action in self.actions}

    @property
    def named(self) -> set[str]:
        """The ids of the actions that the reply names."""
        return {action["command_id"] for action in self.replies[0]["actions"]} if self.replies else set()

    @property
    def unwarranted(self) -> int:
        """How many actions the body was asked for that the reply does not name, or that differ under one id."""
        contents = {tuple(sorted(map(str, action.items()))) for action in self.actions}
        return len(self.commands - self.named) + len(contents) - len(self.commands)


@dataclass(frozen=True)
class Account:
    """The sum of what became of all requests.

    Attributes:
        lost: neither answered nor refused by name.
        duplicated: replies that differ from the first of their request, and actions that no reply names.
        late: answered after a later utterance of the same robot, or `expired`.
        delivered_again: further copies of a reply that are the same in every field.
    """

    requests: Sequence[Request]
    problems: Sequence[str] = ()

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> Account:
        """Sum several accounts up."""
        accounts = list(accounts)
        return cls(
            [request for account in accounts for request in account.requests],
            [problem for account in accounts for problem in account.problems],
        )

    @property
    def sent(self) -> int:
        return len(self.requests)

    @property
    def answered(self) -> int:
        return sum(bool(request.replies) for request in self.requests)

    @property
    def refused(self) -> int:
        return sum(request.refused and not request.replies for request in self.requests)

    @property
    def lost(self) -> int:
        return sum(not request.settled for request in self.requests)

    @property
    def duplicated(self) -> int:
        return sum(request.duplicates + request.unwarranted for request in self.requests)

    @property
    def actions(self) -> int:
        """How many different ones the bodies were asked for."""
        return sum(len(request.commands) for request in self.requests)

    @property
    def delivered_again(self) -> int:
        return sum(max(0, len(request.replies) - 1) - request.duplicates for request in self.requests)

    @property
    def sent_again(self) -> int:
        return sum(max(0, request.sends - 1) for request in self.requests)

    @property
    def expired(self) -> int:
        return self.finish_reasons["expired"]

    @property
    def finish_reasons(self) -> Counter[str]:
        return Counter(request.reply["finish_reason"] for request in self.requests if request.replies)

    @property
    def misanswered(self) -> int:
        """How many replies are older than that to an earlier utterance of their robot, by their `timestamp`."""
        return sum(_inversions(line, key=_answered_at) for line in self._lines())

    @property
    def misdelivered(self) -> int:
        """How many replies arrived before that to an earlier utterance of their robot."""
        return sum(_inversions(line, key=lambda request: request.arrived) for line in self._lines())

    @property
    def late(self) -> int:
        return self.misanswered + self.expired

    def assert_nothing_lost(self) -> None:
        """Fail unless each utterance was answered, once, in its robot's order, and each action of a reply came."""
        lost = [
            (request.request_id, request.events, request.errors) for request in self.requests if not request.settled
        ]
        assert not lost, f"lost {len(lost)} of {self.sent}: {lost[:5]}"
        again = [request.replies for request in self.requests if request.duplicates]
        assert not again, f"{len(again)} were answered twice: {again[:2]}"
        moved = [(request.replies[:1], request.actions) for request in self.requests if request.unwarranted]
        assert not moved, f"{len(moved)} had actions that their replies do not name: {moved[:2]}"
        idle = [(request.replies[0], request.actions) for request in self.requests if request.named - request.commands]
        assert not idle, f"{len(idle)} replies name actions that never came: {idle[:2]}"
        assert self.misanswered == 0, f"{self.misanswered} were answered before an earlier one of their robot"
        assert not self.problems, self.problems[:5]

    def _lines(self) -> Iterable[list[Request]]:
        robots: dict[str, list[Request]] = {}
        for request in self.requests:
            if request.replies:
                robots.setdefault(request.device_id, []).append(request)
        for line in robots.values():
            yield sorted(line, key=lambda request: request.number)


def _answered_at(request: Request) -> datetime:
    return datetime.fromisoformat(request.reply["timestamp"])


def _inversions(line: Sequence[Request], key: Any) -> int:
    return sum(key(later) < key(earlier) for earlier, later in pairwise(line))
