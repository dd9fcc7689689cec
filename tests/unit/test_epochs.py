from __future__ import annotations

from ai_server.mqtt.epochs import LONG_OVER, Epochs


def test_what_was_said_before_a_robot_was_silenced_is_over():
    epochs = Epochs()
    before = epochs.now()
    epochs.silence("a")
    after = epochs.now()
    assert epochs.is_over("a", before)
    assert not epochs.is_over("a", after)


def test_silencing_one_robot_ends_nothing_of_another():
    epochs = Epochs()
    epoch = epochs.now()
    epochs.silence("a")
    assert not epochs.is_over("b", epoch)


def test_a_robot_that_was_never_silenced_has_nothing_that_is_over_but_what_was_cancelled_alone():
    epochs = Epochs()
    assert not epochs.is_over("a", epochs.now())
    assert epochs.is_over("a", LONG_OVER)


def test_a_forgotten_robot_begins_anew():
    epochs = Epochs()
    epochs.silence("a")
    epochs.forget("a")
    assert not epochs.is_over("a", epochs.now())
