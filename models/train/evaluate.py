"""Scores an embedded model on fixed sets, written by hand, that the dialogue generator does not know.

Runs in NAILA's own environment (llama-cpp-python), not in the training one.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp

HERE = Path(__file__).resolve().parent
BODY = (
    "move(direction: forward|backward, distance_cm: 1..200)",
    "turn(direction: left|right, degrees: 1..360)",
    "wave()",
    "light(color: red|green|blue|white|off)",
)
MOMENT = "[Saturday 14:05; battery 72%; temperature 21.5 C]"
_WORDS = re.compile(r"\[(neutral|happy|sad|angry|surprised)\] (\S.*)")
_FILLERS = (
    "what do you like to do", "how are you", "do you like music", "tell me a fact", "what day is it", "are you a robot",
    "my neighbour bought a car", "what do you know about Portugal", "i am a bit tired", "that is nice", "how much battery do you have",
    "do you sleep", "what can you do", "i ate soup for lunch", "who built you", "do you like winter",
)  # fmt: skip


class Robot:
    """A model behind Llama 3.1's chat format, template text and contents tokenised apart, as the daemon does."""

    def __init__(self, path: Path, temperature: float, context: int = 4096) -> None:
        self._model = llama_cpp.Llama(str(path), n_ctx=context, n_threads=2, seed=1, verbose=False)
        self._temperature = temperature

    def ids(self, system: str, turns: list[tuple[str, str]], user: str) -> list[int]:
        """The prompt's token ids; `turns` are earlier (user, reply) pairs."""
        messages = [("system", system)]
        for asked, answered in turns:
            messages += [("user", asked), ("assistant", answered)]
        ids = self._template("<|begin_of_text|>")
        for role, content in [*messages, ("user", user)]:
            ids += self._template(f"<|start_header_id|>{role}<|end_header_id|>\n\n")
            ids += self._model.tokenize(content.encode(), add_bos=False, special=False) + self._template("<|eot_id|>")
        return ids + self._template("<|start_header_id|>assistant<|end_header_id|>\n\n")

    def reply(self, system: str, turns: list[tuple[str, str]], user: str) -> str:
        """What the model answers, at most 96 tokens of it."""
        said: list[int] = []
        sampling = {"temp": self._temperature, "top_k": 0, "top_p": 0.9, "min_p": 0.0, "repeat_penalty": 1.0}
        for token in self._model.generate(self.ids(system, turns, user), **sampling):
            if token == self._model.token_eos() or len(said) == 96:
                break
            said.append(token)
        return self._model.detokenize(said).decode(errors="replace")

    def _template(self, text: str) -> list[int]:
        return self._model.tokenize(text.encode(), add_bos=False, special=True)


@dataclass
class Score:
    """How many of a set were right, and what went wrong."""

    name: str
    right: int = 0
    total: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, right: bool, case: str) -> None:
        """Count one case; `case` tells a reader what happened."""
        self.total += 1
        self.right += right
        if not right:
            self.wrong.append(case)


@dataclass(frozen=True)
class Reply:
    """A reply taken apart; `fault` names what is wrong with its form, if anything."""

    emotion: str
    words: str
    actions: list[dict[str, object]]
    fault: str = ""


def parse(text: str, body: tuple[str, ...]) -> Reply:
    """Take a raw reply apart and check it against the declared actions."""
    head, *lines = text.split("\n")
    tag = _WORDS.fullmatch(head)
    if tag is None:
        return Reply("", head, [], "no emotion tag")
    actions: list[dict[str, object]] = []
    fault = "more than two actions" if len(lines) > 2 else ""
    for line in lines:
        try:
            action = json.loads(line)
        except json.JSONDecodeError:
            fault = f"not JSON: {line}"
            continue
        actions.append(action)
        fault = fault or _undeclared(action, body)
    return Reply(tag[1], tag[2], actions, fault)


def _undeclared(action: dict[str, object], body: tuple[str, ...]) -> str:
    declared = {line.split("(")[0]: line.split("(")[1].rstrip(")") for line in body}
    name = action.get("action")
    if name not in declared:
        return f"undeclared action {name}"
    parameters = dict(part.split(": ") for part in declared[str(name)].split(", ") if part)
    if list(action)[1:] != list(parameters):
        return f"wrong parameters for {name}"
    for key, allowed in parameters.items():
        if not _fits(action[key], allowed):
            return f"{key}={action[key]!r} is not {allowed}"
    return ""


def _fits(value: object, allowed: str) -> bool:
    if allowed == "text":
        return isinstance(value, str)
    if allowed == "true|false":
        return isinstance(value, bool)
    if ".." in allowed:
        low, high = (float(bound) for bound in allowed.split(".."))
        return isinstance(value, int | float) and low <= value <= high
    return value in allowed.split("|")


class Evaluation:
    """Runs the sets on one robot."""

    def __init__(self, robot: Robot) -> None:
        self._robot = robot
        self.form = Score("form: tag, JSON, declared action, values in range")

    def everyday(self) -> Score:
        """Everyday utterances with an answer that makes sense, judged by words that such an answer has."""
        score = Score("everyday utterances, sensible answer")
        for case in _cases("everyday"):
            reply, shown = self._ask(BODY, case["user"])
            fits = re.search(case["accept"], reply.words, re.IGNORECASE) is not None and not reply.actions
            score.add(fits and reply.emotion in case.get("emotion", [reply.emotion]), shown)
        return score

    def actions(self) -> Score:
        """Requests to bodies that the generator never built, and the exact action line."""
        score = Score("action requests, exact action lines")
        for case in _cases("actions"):
            reply, shown = self._ask(tuple(case["body"]), case["user"])
            score.add(reply.actions == case["expect"], shown)
        return score

    def negatives(self) -> Score:
        """Words about actions that ask for none."""
        score = Score("no action where none was asked")
        for case in _cases("negatives"):
            reply, shown = self._ask(BODY, case["user"])
            score.add(not reply.actions, shown)
        return score

    def facts(self) -> Score:
        """Answers out of the bracketed line, after a turn with other values."""
        score = Score("facts from the bracketed line")
        before = (
            "[Monday 08:00; battery 99%; temperature 12.0 C; humidity 10%; distance 300 cm; sees a cup]\nhello",
            "[happy] Hello! Nice to see you.",
        )
        for case in _cases("facts"):
            for turns in ([], [before]):
                reply, shown = self._ask(BODY, case["user"], turns, case["moment"])
                score.add(re.search(case["accept"], reply.words, re.IGNORECASE) is not None, shown)
        return score

    def recall(self) -> Score:
        """What a person said about themselves, asked for two turns later."""
        score = Score("recall two turns later, unseen names and words")
        for case in _cases("recall"):
            turns = self._talk([case["tell"], "what do you like to do", "tell me a fact"])
            reply, shown = self._ask(BODY, case["ask"], turns)
            score.add(case["value"] in reply.words, shown)
        return score

    def distances(self) -> Iterator[Score]:
        """Recall of a name, and the rest of the form, after long conversations."""
        for size in (500, 1000, 1500, 2000, 3000, 3900):
            score = Score(f"name recalled after {size} tokens")
            for name in ("Bartholomew", "Siobhan", "Kwame", "Ingrid", "Tariq", "Beatrix", "Dmitri", "Guinevere"):
                turns = self._talk([f"my name is {name}"])
                while len(self._robot.ids(_system(BODY), turns, "")) < size - 60:
                    turns += [(f"{MOMENT}\n{(filler := _FILLERS[len(turns) % len(_FILLERS)])}", _CANNED[filler])]
                reply, shown = self._ask(BODY, "what is my name", turns)
                score.add(name in reply.words, shown)
            yield score

    def _talk(self, said: list[str]) -> list[tuple[str, str]]:
        turns: list[tuple[str, str]] = []
        for words in said:
            turns.append((f"{MOMENT}\n{words}", self._robot.reply(_system(BODY), turns, f"{MOMENT}\n{words}")))
        return turns

    def _ask(
        self, body: tuple[str, ...], user: str, turns: list[tuple[str, str]] | None = None, moment: str = MOMENT
    ) -> tuple[Reply, str]:
        text = self._robot.reply(_system(body), turns or [], f"{moment}\n{user}")
        reply = parse(text, body)
        shown = f"{user!r} -> {text!r}" + (f" ({reply.fault})" if reply.fault else "")
        self.form.add(not reply.fault, shown)
        return reply, shown


_CANNED = dict.fromkeys(_FILLERS, "[neutral] I see! Thank you for telling me.") | {
    "how are you": "[happy] I am very well, thank you! How are you?",
    "tell me a fact": "[neutral] Did you know? An octopus has three hearts.",
    "what day is it": "[neutral] It is Saturday.",
    "are you a robot": "[happy] Yes, I am Naila, a small friendly robot.",
    "how much battery do you have": "[neutral] My battery is at 72 percent.",
}


def _system(body: tuple[str, ...]) -> str:
    return "You are Naila, a small friendly robot.\n" + "\n".join(["Actions:", *body])


def _cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "eval" / f"{name}.jsonl").read_text().splitlines()]


def main() -> None:
    """Print the table; see `--help`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, nargs="?", default=HERE.parent / "naila-tiny.gguf")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    parser.add_argument(
        "--distances", action="store_true", help="also recall a name over up to 4,096 tokens (a minute)"
    )
    parser.add_argument("--wrong", action="store_true", help="show what went wrong")
    options = parser.parse_args()
    evaluation = Evaluation(Robot(options.model, options.temperature))
    scores = [
        evaluation.everyday(),
        evaluation.actions(),
        evaluation.negatives(),
        evaluation.facts(),
        evaluation.recall(),
    ]
    if options.distances:
        scores += evaluation.distances()
    print("| measure | right | of |\n|---|---|---|")
    for score in [*scores, evaluation.form]:
        print(f"| {score.name} | {score.right} | {score.total} |")
    for score in [*scores, evaluation.form] if options.wrong else []:
        print(f"\n{score.name}:", *score.wrong, sep="\n  ")


if __name__ == "__main__":
    main()
