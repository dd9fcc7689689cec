"""The examination's sets are what they say they are, and its judging tells right replies from wrong ones."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ai_server.brain.actions import unsaid_number
from ai_server.cli import app
from ai_server.commands.examination import default_sets
from ai_server.commands.examiner import Question, Result, Score
from ai_server.examination.judgement import (
    Heard,
    action_fault,
    everyday_fault,
    take_apart,
    unasked_fault,
    words_fault,
)
from ai_server.examination.sets import (
    USUAL_BODY,
    ActionCase,
    EverydayCase,
    Sets,
    SetsError,
    WordsCase,
    read_sets,
)
from ai_server.llm.chat import ActionCall
from ai_server.telemetry import logs

FOLDER = Path(__file__).parents[2] / "models" / "train" / "eval"


@pytest.fixture(scope="module")
def sets() -> Sets:
    return read_sets(FOLDER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sets, to be spoilt."""
    return Path(shutil.copytree(FOLDER, tmp_path / "eval"))


def heard(raw: str, sets: Sets, said: str = "", body: str = USUAL_BODY, *, literal_numbers: bool = True) -> Heard:
    return take_apart(raw, sets.bodies[body], said, literal_numbers=literal_numbers)


def spoil(path: Path, **changes: object) -> None:
    """Change fields of the first case of a set."""
    first, _, rest = path.read_text().partition("\n")
    path.write_text(json.dumps(json.loads(first) | changes) + "\n" + rest)


def test_the_sets_are_as_large_as_the_aims_are_set_for(sets):
    assert (len(sets.everyday), len(sets.actions), len(sets.negatives)) == (120, 60, 60)
    assert len(sets.recall) >= 40
    assert len(sets.facts) >= 60


def test_the_rubric_tells_how_large_each_set_is(sets):
    rows = dict(re.findall(r"^\| `(\w+)\.jsonl` \| (\d+) \|", (FOLDER / "RUBRIC.md").read_text(), re.MULTILINE))
    assert rows == {name: str(len(getattr(sets, name))) for name in rows}
    assert len(rows) == 5


def test_actions_are_asked_of_twelve_bodies_and_so_are_words_that_ask_for_none(sets):
    for cases in (sets.actions, sets.negatives):
        often = Counter(case.body for case in cases)
        assert often == dict.fromkeys(sets.bodies.keys() - {USUAL_BODY}, 5)
        assert len(often) == 12


def test_nothing_is_asked_twice(sets):
    for cases in (sets.everyday, sets.actions, sets.negatives):
        assert max(Counter(case.user.lower() for case in cases).values()) == 1


def test_every_expected_action_can_leave_the_brain(sets):
    for case in sets.actions:
        assert case.calls
        for call in case.calls:
            assert sets.bodies[case.body].objection(call) is None
            assert unsaid_number(call, case.user) is None


def test_every_action_of_the_twelve_bodies_is_expected_once_at_least(sets):
    expected = {(case.body, call.name) for case in sets.actions for call in case.calls}
    declared = {(body, action.name) for body in sets.bodies for action in sets.bodies[body].offered}
    assert {each for each in declared if each[0] != USUAL_BODY} == expected


def test_recall_is_asked_two_to_six_turns_later_and_nobody_tells_it_meanwhile(sets):
    assert {case.turns for case in sets.recall} == {2, 3, 4, 5, 6}
    for case in sets.recall:
        (value,) = case.accept
        assert value in " ".join(case.tell)
        assert value.lower() not in " ".join((*case.talk, case.ask)).lower()


def test_the_values_of_an_earlier_line_are_no_right_answer(sets):
    cases = [case for case in sets.facts if case.earlier]
    assert len(cases) >= 30
    for case in cases:
        assert words_fault(case, Heard("", "neutral", case.earlier)), case.id


@pytest.mark.parametrize(
    "reply",
    [
        "[happy] I see! Tell me more.",
        "[neutral] I am sorry, I do not know that. I am a small robot.",
        "[sad] I am sorry to hear that.",
        "[happy] That is wonderful!",
        "[happy] Hello! I am Naila, a small friendly robot.",
        "[neutral] My battery is at 72 percent.",
        "[neutral] Yes, of course.",
        "",
    ],
)
def test_a_robot_that_says_the_same_to_everybody_fails_the_everyday_set(sets, reply):
    right = [case.user for case in sets.everyday if everyday_fault(case, heard(reply, sets)) is None]
    assert len(right) <= 0.2 * len(sets.everyday), right


EVERYDAY = EverydayCase(
    id="x", facts="", user="i got a dog", accept=("nice|lovely", "dog"), reject=("sorry",), emotion=("happy",)
)


@pytest.mark.parametrize("reply", ["[happy] How lovely!", "[happy] A DOG! Tell me more."])
def test_a_reply_with_one_of_the_looked_for_words_and_a_fitting_face_is_right(sets, reply):
    assert everyday_fault(EVERYDAY, heard(reply, sets)) is None


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("[sad] How lovely!", "looks sad, not happy"),
        ("How lovely!", "looks neutral, not happy"),
        ("[happy] I am sorry about your dog.", "says 'sorry'"),
        ("[happy] It is 12:30.", "says nothing of what was looked for"),
        ('[happy] How lovely!\n{"action": "wave"}', 'does {"action": "wave"} unasked'),
    ],
)
def test_what_is_wrong_with_a_reply_is_said(sets, reply, fault):
    assert everyday_fault(EVERYDAY, heard(reply, sets)) == fault


ACTION = ActionCase(
    id="x",
    facts="",
    body="boat",
    user="raise the anchor and sail north for 8 minutes",
    expect=({"action": "anchor", "motion": "raise"}, {"action": "sail", "heading": "north", "minutes": 8}),
)
RAISE = '{"action": "anchor", "motion": "raise"}'
SAIL = '{"action": "sail", "heading": "north", "minutes": 8}'


def test_the_expected_actions_in_their_order_are_right(sets):
    assert action_fault(ACTION, heard(f"[neutral] Here we go!\n{RAISE}\n{SAIL}", sets, ACTION.user, "boat")) is None


@pytest.mark.parametrize(
    "lines",
    [
        f"{SAIL}\n{RAISE}",
        RAISE,
        f"{RAISE}\n{SAIL}\n{RAISE}",
        f"{RAISE}\n" + SAIL.replace("8", "9"),
        f"{RAISE}\n" + SAIL.replace("8", '"8"'),
        f"{RAISE}\n" + SAIL.replace("north", "south"),
        f"{RAISE}\n" + SAIL.replace("}", ', "speed": 3}'),
        "",
    ],
)
def test_actions_that_are_not_exactly_the_expected_ones_are_wrong(sets, lines):
    assert action_fault(ACTION, heard(f"[neutral] Here we go!\n{lines}", sets, ACTION.user, "boat"))


def test_an_action_that_the_brain_drops_is_not_unasked_but_a_flaw_of_form(sets):
    reply = '[neutral] Off we go.\n{"action": "steer", "side": "port", "degrees": 150}'
    taken = heard(reply, sets, "steer 150 degrees to port", "boat")
    assert unasked_fault(taken) is None
    assert taken.flaws == ("steer.degrees: 150 is not what the robot declared",)


def test_a_number_that_nobody_said_is_dropped_where_the_model_wants_it_checked(sets):
    reply, said = f"[neutral] Yes.\n{SAIL}", "sail north for 9 minutes"
    assert heard(reply, sets, said, "boat").actions == ()
    assert heard(reply, sets, said, "boat", literal_numbers=False).actions == (
        ActionCall("sail", {"heading": "north", "minutes": 8}),
    )


@pytest.mark.parametrize(
    ("reply", "flaw"),
    [
        ("Hello.", "it begins with no emotion tag and words"),
        ("[cheerful] Hello.", "it begins with no emotion tag and words"),
        ("[happy]", "it begins with no emotion tag and words"),
        ('[happy] Hi.\n{"action": "wave"', "an action is no JSON object that names one"),
        ('[happy] Hi.\n{"action": "fly"}', "fly: the robot declared no such action"),
    ],
)
def test_what_is_wrong_with_the_form_of_a_reply_is_said(sets, reply, flaw):
    assert heard(reply, sets).flaws == (flaw,)


def test_a_well_formed_reply_has_no_flaw(sets):
    assert heard('[happy] Hi!\n{"action": "wave"}', sets).flaws == ()


def test_a_score_counts_what_is_right_and_compares_it_with_its_aim():
    question = Question("x", "", "hello", lambda _: None)
    results = tuple(Result(question, Heard("", "neutral", ""), fault) for fault in (None, None, None, "wrong"))
    assert Score("facts", results, aim=0.75).count == 3
    assert [Score("facts", results, aim=aim).met for aim in (None, 0.75, 0.76)] == [None, True, False]


def test_a_score_of_unasked_actions_counts_them_and_is_met_by_none():
    question = Question("x", "", "hello", lambda _: None)
    results = tuple(Result(question, Heard("", "neutral", ""), fault) for fault in (None, "waves"))
    assert Score("unasked actions", results, aim=0, faults_counted=True).count == 1
    assert Score("unasked actions", results, aim=0, faults_counted=True).met is False
    assert Score("unasked actions", results[:1], aim=0, faults_counted=True).met is True


@pytest.mark.parametrize(
    ("file", "changes", "complaint"),
    [
        ("everyday.jsonl", {"accept": ["("]}, "everyday.jsonl, line 1: '\\(' is no regular expression"),
        ("everyday.jsonl", {"emotion": ["glad"]}, "everyday.jsonl, line 1: Invalid enum value 'glad'"),
        ("facts.jsonl", {"acept": []}, "facts.jsonl, line 1: Object contains unknown field `acept`"),
        ("recall.jsonl", {"turns": 9}, "recall.jsonl, line 1: it has 2 turns of other talk, and says 9"),
        ("negatives.jsonl", {"body": "whale"}, "bodies.json has no body whale"),
        ("negatives.jsonl", {"id": "facts-001"}, "The id facts-001 is that of more than one case"),
    ],
)
def test_a_spoilt_set_is_refused_with_its_file_and_line(folder, file, changes, complaint):
    spoil(folder / file, **changes)
    with pytest.raises(SetsError, match=complaint):
        read_sets(folder)


def test_a_body_that_no_robot_could_declare_is_refused(folder):
    path = folder / "bodies.json"
    path.write_text(path.read_text().replace('"integer"', '"whole"', 1))
    with pytest.raises(SetsError, match=r"bodies\.json: rover\.actions\.0\..*distance_cm\.type: Input should be"):
        read_sets(folder)


def test_words_without_a_pattern_to_look_for_are_never_right():
    assert words_fault(WordsCase(id="x", facts="", accept=()), Heard("", "neutral", "hello"))


def test_the_sets_of_the_source_tree_are_found():
    assert default_sets() == FOLDER


@pytest.fixture
def unconfigured(monkeypatch):
    """Logs are configured once for a whole process: not by what these tests run in their own."""
    monkeypatch.setattr(logs, "configure", lambda *_: None)


@pytest.mark.usefixtures("unconfigured")
def test_a_folder_without_sets_is_told_with_what_to_do(tmp_path):
    outcome = CliRunner().invoke(app, ["models", "eval", "--sets", str(tmp_path)])
    assert outcome.exit_code == 1
    assert f"There is no {tmp_path / 'bodies.json'}" in outcome.stderr
    assert "--sets" in outcome.stderr


@pytest.mark.usefixtures("unconfigured")
def test_an_unknown_model_is_told(tmp_path):
    outcome = CliRunner().invoke(app, ["models", "eval", "gpt-9"])
    assert outcome.exit_code == 2
    assert "gpt-9" in outcome.stderr
