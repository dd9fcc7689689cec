from __future__ import annotations

from typing import Any

import pytest

from tests.faults.account import Account, Request

MOVE = {"command_id": "c1", "request_id": "r.1", "action": "move", "arguments": {"distance_cm": 5}}


def _request(number: int = 1, *replies: dict[str, Any], arrived: int | None = None, **fields: Any) -> Request:
    request = Request("r", f"r.{number}", number, "hello", sends=1, **fields)
    request.replies.extend(replies)
    request.arrived = number if arrived is None else arrived
    return request


def _reply(second: int = 0, text: str = "Hi!", **fields: Any) -> dict[str, Any]:
    return {
        "text": text,
        "timestamp": f"2026-01-01T00:00:{second:02}Z",
        "finish_reason": "stop",
        "actions": [],
        **fields,
    }


def test_an_answered_request_is_in_order():
    account = Account([_request(1, _reply(1)), _request(2, _reply(2))])
    account.assert_nothing_lost()
    assert (account.sent, account.answered, account.lost, account.duplicated, account.late) == (2, 2, 0, 0, 0)


def test_a_request_without_a_reply_is_lost_and_one_that_was_refused_is_not():
    refused = _request(2)
    refused.hear_error({"error_code": "invalid_field"}, 1.0, final=False)
    account = Account([_request(1), refused])
    assert (account.lost, account.refused) == (1, 1)
    with pytest.raises(AssertionError, match="lost 1 of 2"):
        account.assert_nothing_lost()


def test_the_same_reply_again_is_allowed_and_another_one_is_a_duplicate():
    assert Account([_request(1, _reply(), _reply())]).delivered_again == 1
    account = Account([_request(1, _reply(), _reply(), _reply(text="Hello!"))])
    assert (account.delivered_again, account.duplicated) == (1, 1)
    with pytest.raises(AssertionError, match="1 were answered twice"):
        account.assert_nothing_lost()


def test_an_action_that_its_reply_names_may_come_twice():
    account = Account([_request(1, _reply(actions=[MOVE]), actions=[MOVE, MOVE])])
    account.assert_nothing_lost()


@pytest.mark.parametrize(
    "actions",
    [[{**MOVE, "command_id": "c2"}], [MOVE, {**MOVE, "arguments": {"distance_cm": 6}}]],
    ids=["unnamed", "other"],
)
def test_an_action_that_its_reply_does_not_name_is_one_too_many(actions: list[dict[str, Any]]):
    account = Account([_request(1, _reply(actions=[MOVE]), actions=actions)])
    assert account.duplicated == 1
    with pytest.raises(AssertionError, match="actions that their replies do not name"):
        account.assert_nothing_lost()


def test_an_action_that_never_came_is_missed():
    with pytest.raises(AssertionError, match="actions that never came"):
        Account([_request(1, _reply(actions=[MOVE]))]).assert_nothing_lost()


def test_a_reply_that_is_older_than_the_one_before_is_out_of_order():
    account = Account([_request(1, _reply(2)), _request(2, _reply(1))])
    assert account.misanswered == account.late == 1
    with pytest.raises(AssertionError, match="before an earlier one"):
        account.assert_nothing_lost()


def test_a_reply_that_overtook_another_is_counted():
    assert Account([_request(1, _reply(1), arrived=2), _request(2, _reply(2), arrived=1)]).misdelivered == 1


def test_busy_means_to_send_again_unless_it_is_taken_for_an_answer():
    busy = {"error_code": "busy", "retry_after_seconds": 2.0}
    patient, other = _request(), _request()
    patient.hear_error(busy, 1.0, final=False)
    other.hear_error(busy, 1.0, final=True)
    assert (patient.settled, patient.send_again_at, other.settled) == (False, 3.0, True)
