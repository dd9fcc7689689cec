"""The way of an utterance through the brain, as a LangGraph: intent, then memory, then a skill or the model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, cast

import structlog
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StreamWriter

from ai_server.brain.actions import objection, unsaid_number
from ai_server.brain.intent import Intent, IntentClassifier
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import Exchange, Prompt, messages, system_message
from ai_server.brain.robots import Robots, Situation
from ai_server.brain.skills import SKILLS, Answer, Question
from ai_server.llm.chat import (
    ActionCall,
    ChatEvent,
    ChatModel,
    ChatRequest,
    Delta,
    EmotionTag,
    Finished,
    Sentence,
    Started,
)
from ai_server.llm.manner import Manner
from ai_server.memory.database import DatabaseError
from ai_server.memory.turns import Turn, Turns
from ai_server.protocol.utterance import Utterance

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Understood:
    """What the brain took an utterance for, and what was true when it was said; the first event of a turn."""

    intent: Intent
    facts: str


BrainEvent = Understood | ChatEvent


class TurnInput(TypedDict):
    """What a turn begins with."""

    utterance: Utterance


class _Understanding(TypedDict):
    now: datetime
    intent: Intent
    situation: Situation
    facts: str


class _Remembered(TypedDict, total=False):
    history: tuple[Exchange, ...]
    last: Answer | None


class TurnState(TurnInput, _Understanding, _Remembered):
    """What the nodes hand on; each returns what it adds."""


Node = Callable[..., Awaitable[Mapping[str, Any] | None]]
Graph = CompiledStateGraph[TurnState, None, TurnInput, TurnState]


def compile_graph(*, intent: Node, memory: Node, skill: Node, respond: Node) -> Graph:
    """Return the graph that every turn runs through, with these nodes in it."""
    graph = StateGraph(TurnState, input_schema=TurnInput)
    graph.add_node("intent", intent)
    graph.add_node("memory", memory)
    graph.add_node("skill", skill)
    graph.add_node("respond", respond)
    graph.add_edge(START, "intent")
    graph.add_edge("intent", "memory")
    graph.add_conditional_edges("memory", _route)
    graph.add_edge("skill", END)
    graph.add_edge("respond", END)
    return graph.compile()


class Brain:
    """Answers utterances. One instance serves all robots; a turn has no state beyond its own graph run.

    Args:
        classifier: tells what an utterance is for.
        robots: what is known of each robot now.
        turns: what was said before.
        persona: who speaks.
        prompt: the template of the system message.
        model: who answers what no skill does.
        manner: how it is asked to.
        history_tokens: how much of the conversation goes into the prompt.
        reply_timeout_s: a reply in the making ends after so many seconds with what it has.
        now: the local time, with its zone.
    """

    def __init__(
        self,
        *,
        classifier: IntentClassifier,
        robots: Robots,
        turns: Turns,
        persona: Persona,
        prompt: Prompt,
        model: ChatModel,
        manner: Manner,
        history_tokens: int,
        reply_timeout_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._classifier = classifier
        self._robots = robots
        self._turns = turns
        self._persona = persona
        self._prompt = prompt
        self._model = model
        self._manner = manner
        self._history_tokens = history_tokens
        self._reply_timeout_s = reply_timeout_s
        self._now = now
        self._graph = compile_graph(
            intent=self._understand, memory=self._remember, skill=self._use_skill, respond=self._respond
        )

    def is_stop(self, words: str) -> bool:
        """Say whether these words ask the robot to stop speaking."""
        return bool(self._classifier.classify(words).name == "cancel")

    async def answer(self, utterance: Utterance) -> AsyncGenerator[BrainEvent, None]:
        """Yield the events of one turn as they happen; closing the generator stops the model before its next token.

        Raises:
            TooLongError: if the words alone do not fit the model's context.
        """
        stream = cast(
            "AsyncGenerator[BrainEvent, None]", self._graph.astream({"utterance": utterance}, stream_mode="custom")
        )
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def _understand(self, state: TurnState, writer: StreamWriter) -> _Understanding:
        utterance, now = state["utterance"], self._now()
        intent = self._classifier.classify(utterance.text)
        situation = self._robots.situation(utterance.device_id, utterance.emotion)
        facts = situation.facts(now)
        writer(Understood(intent, facts))
        return {"now": now, "intent": intent, "situation": situation, "facts": facts}

    async def _remember(self, state: TurnState) -> _Remembered:
        device_id, intent = state["utterance"].device_id, state["intent"].name
        try:
            if intent == "repeat":
                last = await self._turns.last(device_id)
                return {"last": Answer(last.reply.text, last.reply.emotion) if last else None}
            if intent in SKILLS:
                return {}
            turns = await self._turns.recent(device_id, self._history_tokens)
        except DatabaseError as error:
            log.error("the turn is answered without memory", reason=str(error))  # noqa: TRY400  the reason says it all
            return {"history": ()}
        return {"history": tuple(_exchange(turn) for turn in turns)}

    async def _use_skill(self, state: TurnState, writer: StreamWriter) -> None:
        intent = state["intent"]
        answer = SKILLS[intent.name](Question(state["now"], state["situation"], intent.slots, state.get("last")))
        writer(Started("skill"))
        writer(EmotionTag(answer.emotion))
        writer(Delta(answer.text))
        writer(Sentence(answer.text))
        writer(Finished("stop", answer.text))

    async def _respond(self, state: TurnState, writer: StreamWriter) -> None:
        async with aclosing(self._model.stream(self._request(state))) as events:
            async for event in events:
                if isinstance(event, ActionCall) and (reason := self._objection(event, state["utterance"])):
                    log.warning("an action was dropped", reason=reason)
                else:
                    writer(event)

    def _objection(self, call: ActionCall, utterance: Utterance) -> str | None:
        reason = objection(call, self._robots.robot(utterance.device_id).actions)
        if reason is None and self._manner.literal_numbers:
            return unsaid_number(call, utterance.text)
        return reason

    def _request(self, state: TurnState) -> ChatRequest:
        utterance, situation = state["utterance"], state["situation"]
        robot = self._robots.robot(utterance.device_id)
        system = system_message(self._prompt, self._persona, robot.actions)
        prompt = messages(system, state["history"], state["facts"], utterance.text)
        log.debug("the model is asked", prompt=prompt)
        return ChatRequest(
            request_id=utterance.request_id,
            conversation_id=utterance.device_id,
            messages=prompt,
            sampling=self._manner.sampling,
            max_tokens=self._manner.max_tokens,
            timeout_s=self._reply_timeout_s,
            intent=state["intent"].name,
            emotion=situation.person_emotion or "neutral",
        )


async def _route(state: TurnState) -> Literal["skill", "respond"]:  # LangGraph runs what is not async in a thread
    return "skill" if state["intent"].name in SKILLS else "respond"


def _exchange(turn: Turn) -> Exchange:
    reply = turn.reply
    actions = tuple(ActionCall(action.action, action.arguments) for action in reply.actions)
    return Exchange(turn.facts, turn.words, reply.emotion, reply.text, actions)
