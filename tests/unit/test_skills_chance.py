"""Coins and dice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ai_server.brain.skills.skill import Answer
from ai_server.memory.storage.database import Database
from tests.asking import Asker


async def test_a_coin_falls_on_both_sides(asker: Asker) -> None:
    fallen = Counter([_last_word(await asker.ask("coin_flip", "flip a coin")) for _ in range(400)])
    assert fallen.keys() == {"heads", "tails"}
    assert min(fallen.values()) > 150


async def test_every_side_of_a_die_comes_up(asker: Asker) -> None:
    rolled = Counter([_last_word(await asker.ask("dice_roll", "roll a die")) for _ in range(600)])
    assert rolled.keys() == set("123456")
    assert min(rolled.values()) > 60


def _last_word(answer: Answer) -> str:
    return answer.text.strip(".").split()[-1].lower()


async def test_several_coins_are_told_one_by_one(asker: Asker) -> None:
    text = (await asker.ask("coin_flip", "flip three coins")).text
    assert text.startswith("I got ")
    assert text.count("heads") + text.count("tails") == 3
    text = (await asker.ask("coin_flip", "flip a coin twice")).text
    assert text.count("heads") + text.count("tails") == 2


async def test_one_die_of_many_sides_is_one_die(asker: Asker) -> None:
    for text in ("roll a six sided die", "roll a d20", "wirf einen zwölfseitigen Würfel"):
        said = (await asker.ask("dice_roll", text)).text
        assert len([word for word in said.strip(".").split() if word.isdigit()]) == 1


@pytest.mark.parametrize(
    ("text", "slots", "count", "sides"),
    [
        ("roll two d20", {}, 2, 20),
        ("roll three dice", {}, 3, 6),
        ("roll 4d8", {}, 4, 8),
        ("roll two 12-sided dice", {}, 2, 12),
        ("roll two six sided dice", {}, 2, 6),
        ("roll a pair of dice", {}, 2, 6),
        ("roll a twelve sided die three times", {}, 3, 12),
        ("roll 3 dice with 20 sides", {}, 3, 20),
        ("tira un par de dados de 8 caras", {"language": "es"}, 2, 8),
        ("tira dos dados", {"language": "es"}, 2, 6),
        ("wirf drei Würfel", {"language": "de"}, 3, 6),
        ("", {"count": 5, "sides": 10}, 5, 10),
        ("roll two d20", {"count": 20, "sides": 20}, 2, 20),
    ],
)
async def test_the_dice_are_those_that_were_asked_for(
    asker: Asker, text: str, slots: dict[str, Any], count: int, sides: int
) -> None:
    most = 0
    for _ in range(100):
        said = (await asker.ask("dice_roll", text, **slots)).text
        results = [int(word) for word in said.replace(",", " ").replace(".", " ").split() if word.isdigit()]
        *rolled, total = results
        assert len(rolled) == count
        assert sum(rolled) == total
        most = max(most, *rolled)
    assert sides * 0.8 < most <= sides


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("roll 500 dice", "That is too many for me. I take at most 20 at a time."),
        ("roll a d1", "I have no such die. Mine have from 2 to 1000 sides."),
        ("roll a d99999999999999999999", "I have no such die. Mine have from 2 to 1000 sides."),
    ],
)
async def test_dice_that_there_are_not_are_refused(asker: Asker, text: str, answer: str) -> None:
    assert (await asker.ask("dice_roll", text)).text == answer


async def test_what_a_model_asks_for_goes_before_what_was_said(asker: Asker) -> None:
    tool = asker.skills.named("roll_dice")
    assert tool is not None
    question = asker._question("", "roll three dice and then two", {"count": 2})
    assert "I rolled" in (text := (await tool.answer(question)).text)
    assert len([word for word in text.split() if word.strip(",.").isdigit()]) == 3


async def test_the_same_chance_gives_the_same_throws(database: Database) -> None:
    throws = [
        [(await each.call("roll_dice", count=20, sides=100)).text for _ in range(5)]
        for each in (Asker(database, seed=7), Asker(database, seed=7), Asker(database, seed=8))
    ]
    assert throws[0] == throws[1] != throws[2]
