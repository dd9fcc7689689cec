"""The way of an utterance through the brain, as a LangGraph: intent, then memory, then who answers it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, TypedDict, cast

import msgspec
import structlog
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StreamWriter

from ai_server.brain.actions import unsaid_number
from ai_server.brain.characters import CharacterFiles
from ai_server.brain.consent import Asking, Consent
from ai_server.brain.context import Contexts
from ai_server.brain.direct import read_command
from ai_server.brain.events import BrainEvent, Face, Forgets, Prompted, Understood
from ai_server.brain.hearing import Hearing
from ai_server.brain.intent.intent import Intent
from ai_server.brain.listening import Listening
from ai_server.brain.opening import Moment, Openings
from ai_server.brain.past import Past, Pasts
from ai_server.brain.persona import Persona
from ai_server.brain.prompt import messages, system_message
from ai_server.brain.recall import line_of
from ai_server.brain.robot_personas import RobotPersonas
from ai_server.brain.robots import Robot, Robots
from ai_server.brain.routing import Decision, Heard, HeardBadly, Route, decide
from ai_server.brain.skills.registry import Skills
from ai_server.brain.skills.skill import Answer, Question, Skill
from ai_server.brain.tools import tool_lines, tools_of
from ai_server.llm.chat import (
    ActionCall,
    ChatEvent,
    ChatRequest,
    Delta,
    EmotionTag,
    Finished,
    ListeningModel,
    ListenRequest,
    Message,
    Sentence,
    Started,
    conversation_id,
)
from ai_server.llm.manner import Manner
from ai_server.llm.wire import MOST_PREFIXES
from ai_server.memory.facts import NewFact
from ai_server.memory.names import Names
from ai_server.memory.voice import Voices
from ai_server.protocol.utterance import Utterance

log = structlog.get_logger(__name__)

_FORGETS = "fact_forget"
"""The intent of those who want something forgotten: what they say of it is not to be learnt."""

_SETTLED_S = 1.0
"""A robot that declared another body may say more of it so soon."""


class TurnInput(TypedDict):
    """What a turn begins with."""

    utterance: Utterance
    arrived: float


class _Understanding(TypedDict):
    calls: list[ActionCall]
    intent: Intent
    decision: Decision
    understood_at: float
    language: str
    moment: Moment
    facts: str
    reading: asyncio.Task[Past | None] | None


class _Remembered(TypedDict, total=False):
    past: Past
    recalled: tuple[str, ...]
    last: Answer | None


class TurnState(TurnInput, _Understanding, _Remembered):
    """What the nodes hand on; each returns what it adds."""


_AfterIntent = Literal["memory", "skill", "act", "ask_again"]
Node = Callable[..., Awaitable[Mapping[str, Any] | None]]
Graph = CompiledStateGraph[TurnState, None, TurnInput, TurnState]


def compile_graph(*, intent: Node, memory: Node, skill: Node, act: Node, ask_again: Node, respond: Node) -> Graph:
    """Return the graph that every turn runs through, with these nodes in it."""
    graph = StateGraph(TurnState, input_schema=TurnInput)
    graph.add_node("intent", intent)
    graph.add_node("memory", memory)
    graph.add_node("skill", skill)
    graph.add_node("act", act)
    graph.add_node("ask_again", ask_again)
    graph.add_node("respond", respond)
    graph.add_edge(START, "intent")
    graph.add_conditional_edges("intent", _after_intent)
    graph.add_conditional_edges("memory", _after_memory)
    graph.add_edge("skill", END)
    graph.add_edge("act", END)
    graph.add_edge("ask_again", END)
    graph.add_edge("respond", END)
    return graph.compile()


class Brain:
    """Answers utterances. One instance serves all robots; a turn has no state beyond its own graph run.

    What is heard of an utterance before it is complete, and what conversations begin with, it has the model read ahead.

    Args:
        files: who the robots are, and how they speak and understand.
        personas: which of them each robot is.
        robots: what is known of each robot now.
        failures: what a robot's body could not do lately, as facts.
        hearing: tells how an utterance is spoken.
        skills: answer what needs no model; a model that takes the long prompt may call them too.
        names: what people call their robots.
        voices: in which language each robot was told to speak.
        pasts: what was said before, and is known.
        model: who answers what no skill does.
        manner: how it is asked to.
        max_actions: of one reply.
        least_confidence: what a speech recogniser is less sure of is asked again.
        reply_timeout_s: a reply in the making ends after so many seconds with what it has.
        now: the local time, with its zone.
    """

    def __init__(
        self,
        *,
        files: CharacterFiles,
        personas: RobotPersonas,
        robots: Robots,
        failures: Callable[[str], tuple[str, ...]],
        hearing: Hearing,
        skills: Skills,
        names: Names,
        voices: Voices,
        pasts: Pasts,
        model: ListeningModel,
        manner: Manner,
        max_actions: int,
        least_confidence: float,
        reply_timeout_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._files = files
        self._personas = personas
        self._robots = robots
        self._hearing = hearing
        self._skills = skills
        self._names = names
        self._voices = voices
        self._tools = tools_of(skills.tools()) if manner.prompt == "system" else ()
        self._consent = Consent(robots, lambda: files.current.wording)
        self._pasts = pasts
        self._model = model
        self._manner = manner
        self._max_actions = max_actions
        self._least_confidence = least_confidence
        self._heard_badly = HeardBadly()
        self._contexts = Contexts()
        self._learning: dict[str, asyncio.Task[None]] = {}
        self._now = now
        self._reply_timeout_s = reply_timeout_s
        self._openings = Openings(robots=robots, failures=failures, read=pasts.read, now=now)
        self._listening = Listening(self._openings.open, self._read_ahead)
        self._changed: dict[str, None] = {}
        self._graph = compile_graph(
            intent=self._understand,
            memory=self._remember,
            skill=self._use_skill,
            act=self._act,
            ask_again=self._ask_again,
            respond=self._respond,
        )

    def stop(self, device_id: str, words: str) -> tuple[bool, ActionCall | None]:
        """Say whether these words ask a robot to stop speaking.

        Returns:
            That; and the action that stops its body, if it declared one and they say so to the letter.
        """
        robot = self._robots.robot(device_id)
        called = self._names.robot(device_id) or ""
        intent = self._files.current.classifier.classify(
            words, language=robot.language or "en", now=self._now(), called=called
        )
        if intent.name != "cancel":
            return False, None
        stop = robot.body.stop
        return True, ActionCall(stop.name, {}) if stop and intent.is_phrase else None

    def let_go(self, device_id: str) -> None:
        """Do nothing any more of what a robot asked whether to do."""
        self._consent.let_go(device_id)

    async def answer(self, utterance: Utterance, arrived: float) -> AsyncGenerator[BrainEvent, None]:
        """Yield the events of one turn as they happen; closing the generator stops the model before its next token.

        Raises:
            TooLongError: if the words alone do not fit the model's context.
        """
        stream = cast(
            "AsyncGenerator[BrainEvent, None]",
            self._graph.astream({"utterance": utterance, "arrived": arrived}, stream_mode="custom"),
        )
        body = self._robots.robot(utterance.device_id).body
        async with aclosing(stream) as events:
            async for event in events:
                yield event
                if isinstance(event, EmotionTag) and (call := body.face_for(event.emotion)):
                    yield Face(call)

    def listen(self, partial: Utterance) -> None:
        """Have the model read an utterance that is not complete yet; of a robot that has none to answer."""
        self._listening.hear(partial)

    def stop_listening(self, device_id: str) -> None:
        """Take it that the utterance in the making is never completed."""
        self._listening.stop(device_id)

    def prepare(self) -> None:
        """Have the model, which was just loaded, or has other files to go by, read how conversations begin."""
        unknown = Robot("")
        self._prepare([*self._robots.last_heard(MOST_PREFIXES - 1), unknown])

    def robot_changed(self, device_id: str) -> None:
        """Have the model read soon how conversations with a robot begin, which has another body or persona."""
        if not self._changed:
            asyncio.get_running_loop().call_later(_SETTLED_S, self._prepare_changed)
        self._changed[device_id] = None

    def forget(self, device_id: str, people: Iterable[str]) -> None:
        """Forget a robot's conversations with these people, '' for somebody unknown; the turns are the memory's."""
        self._listening.stop(device_id)
        self._consent.let_go(device_id)
        self._pasts.forget()
        for user_id in people:
            self._contexts.forget(device_id, user_id)
            self._model.forget(conversation_id(device_id, user_id))

    def forget_all(self) -> None:
        """Forget all conversations of all robots; the turns are the memory's."""
        self._listening.stop_all()
        self._consent.let_go_all()
        self._contexts.forget_all()
        self._pasts.forget()
        self._model.forget_all()

    def _read_ahead(self, partial: Utterance, moment: Moment, past: Past) -> None:
        robot = self._robots.robot(partial.device_id)
        moment = self._hearing.hear(partial, moment, self._language(partial, robot))
        facts = line_of(moment.facts, past.gone.text, ())
        prompt = messages(self._system_message(robot), past.turns, facts, partial.text, past.known.text)
        conversation = conversation_id(partial.device_id, partial.user_id)
        self._model.listen(ListenRequest(conversation, prompt, self._manner.max_tokens))

    def _prepare_changed(self) -> None:
        changed, self._changed = self._changed, {}
        self._prepare(self._robots.robot(device_id) for device_id in list(changed)[:MOST_PREFIXES])

    def _prepare(self, robots: Iterable[Robot]) -> None:
        for system in dict.fromkeys(map(self._system_message, robots)):
            self._model.prepare(system)

    def _system_message(self, robot: Robot) -> Message:
        actions = robot.body.lines(descriptions=self._manner.prompt == "system")
        if self._tools:
            actions = f"{actions}\n\n{tool_lines(self._tools)}"
        return system_message(self._files.current.prompt, self._persona(robot), actions)

    def _language(self, utterance: Utterance, robot: Robot) -> str:
        told = self._voices.of(robot.device_id).language
        return told or self._hearing.language(utterance, robot.language, self._persona(robot).languages[0])

    def _persona(self, robot: Robot) -> Persona:
        """Return who a robot is, by the name that people gave it."""
        persona = self._files.current.persona(self._personas.of(robot))
        name = self._names.robot(robot.device_id)
        return persona.model_copy(update={"name": name}) if name else persona

    async def _understand(self, state: TurnState, writer: StreamWriter) -> _Understanding:
        began = time.perf_counter()
        utterance = state["utterance"]
        robot = self._robots.robot(utterance.device_id)
        language = self._language(utterance, robot)
        self._learn(language)
        intent = self._files.current.classifier.classify(
            utterance.text,
            language=language,
            context=self._contexts.of(utterance.device_id, utterance.user_id),
            now=self._now(),
            called=self._names.robot(utterance.device_id) or "",
        )
        moment = self._openings.moment(utterance.device_id)
        intent = await self._skills.confirm(intent, self._asked(utterance, intent, language, moment))
        decision, calls = self._decide(utterance, robot, language, intent, state["arrived"])
        if decision.route == "action":
            intent = Intent("action", 1.0, rule=calls[0].name)
        if decision.route == "skill":
            self._contexts.note(utterance.device_id, utterance.user_id, intent)
        elif decision.route != "ask_again":
            self._contexts.forget(utterance.device_id, utterance.user_id)
        opening = self._listening.end(utterance.device_id, utterance.user_id)
        reading = None
        if decision.route == "model":
            opening = opening or self._openings.open(utterance.device_id, utterance.user_id, moment)
            moment, reading = opening.moment, opening.past  # which is read while LangGraph goes to the next node
        robot.language = language
        moment = self._hearing.hear(utterance, moment, language)
        facts = moment.facts
        learned = () if intent.name == _FORGETS else self._learned(utterance, decision, language, moment)
        ended = time.perf_counter()
        felt = moment.situation.person_emotion
        models = "en" if self._manner.english_only else None
        writer(Understood(intent, facts, decision, language, (ended - began) * 1000, felt, learned, models))
        return {
            "calls": calls,
            "intent": intent,
            "decision": decision,
            "understood_at": ended,
            "language": language,
            "moment": moment,
            "facts": facts,
            "reading": reading,
        }

    def _learned(self, utterance: Utterance, decision: Decision, language: str, moment: Moment) -> tuple[NewFact, ...]:
        """Return what the words tell that is to be known for good; those that were heard badly tell nothing."""
        if decision.route == "ask_again":
            return ()
        return self._files.current.fact_rules.extract(utterance.text, language, moment.now)

    def _learn(self, language: str) -> None:
        """Have the classifier learn a language that is spoken for the first time: in a thread, for a second or so."""
        classifier = self._files.current.classifier
        if language not in self._learning and not classifier.is_warm(language):
            self._learning[language] = asyncio.create_task(asyncio.to_thread(classifier.warm, language))
            self._learning[language].add_done_callback(lambda _: self._learning.pop(language))

    def _decide(
        self, utterance: Utterance, robot: Robot, language: str, intent: Intent, arrived: float
    ) -> tuple[Decision, list[ActionCall]]:
        """Return who answers an utterance, and what the body is to do if it is neither a skill nor the model."""
        consented = self._decided(utterance, intent, arrived)
        command = None if consented is not None else self._command(utterance, robot, language)
        heard = Heard(
            intent=intent,
            answers_question=consented is not None,
            command=command.name if command else "",
            has_skill=self._skills.for_intent(intent.name, intent.response) is not None,
            confidence=utterance.confidence,
            asked_again=self._heard_badly.of(utterance.device_id),
        )
        decision = decide(heard, least_confidence=self._least_confidence)
        self._heard_badly.note(utterance.device_id, asks=decision.route == "ask_again")
        return decision, consented or ([command] if command else [])

    def _command(self, utterance: Utterance, robot: Robot, language: str) -> ActionCall | None:
        """Return the action that an utterance says in full, but for the one that stopped the body when it arrived."""
        languages = self._files.current.classifier.commands(language)
        called = self._names.robot(robot.device_id) or ""
        call = read_command(utterance.text, robot.body, languages, self._now(), called=called)
        stop = robot.body.stop
        return None if call and stop and call.name == stop.name else call

    def _decided(self, utterance: Utterance, intent: Intent, arrived: float) -> list[ActionCall] | None:
        """Return what a person said yes to, nothing where it was a no; None where the utterance was neither.

        Nothing but a known phrase is a yes: the body moves for it.
        """
        device_id, user_id = utterance.device_id, utterance.user_id
        is_answer = self._consent.is_answer(device_id, user_id, arrived)
        consented = self._consent.answer(device_id, user_id, intent.name if intent.is_phrase else "", arrived)
        return consented if consented or (is_answer and intent.name in {"affirm", "deny"}) else None

    async def _remember(self, state: TurnState) -> _Remembered:
        utterance, reading = state["utterance"], state["reading"]
        if reading is None:
            return {"last": await self._pasts.last(utterance)}
        past = await reading or Past()
        return {"past": past, "recalled": await self._pasts.recall(utterance, state["language"], past)}

    async def _use_skill(self, state: TurnState, writer: StreamWriter) -> None:
        intent = state["intent"]
        skill = self._skills.for_intent(intent.name, intent.response)
        if skill is None:
            raise RuntimeError(f"no skill answers {intent.name}, and one was to")
        answer = await skill.answer(self._question(state, intent.name, intent.slots))
        utterance = state["utterance"]
        if answer.choices:
            self._contexts.note(utterance.device_id, utterance.user_id, intent, answer.choices)
        for selection in answer.forgets:
            writer(Forgets(selection))
        _say(writer, answer, self._declared(answer.calls, utterance.device_id))

    async def _act(self, state: TurnState, writer: StreamWriter) -> None:
        """Do what the person said yes to, or commanded in full; a command that needs a yes is asked about first."""
        utterance, calls, wording = state["utterance"], state["calls"], self._files.current.wording
        if state["decision"].route == "action" and self._consent.is_needed(utterance.device_id, calls[0]):
            question = self._consent.ask(utterance.device_id, utterance.user_id, calls, time.monotonic())
            _say(writer, Answer(question))
            return
        _say(writer, Answer(wording.yes if calls else wording.no), calls)

    async def _ask_again(self, state: TurnState, writer: StreamWriter) -> None:
        is_first = self._heard_badly.of(state["utterance"].device_id) == 1
        key = "heard.again" if is_first else "heard.in_other_words"
        _say(writer, Answer(self._files.current.sayings.say(state["language"], key)))

    async def _respond(self, state: TurnState, writer: StreamWriter) -> None:
        asking = Asking(self._consent, state["utterance"].device_id, state["utterance"].user_id)
        request = self._request(state)
        characters = sum(len(message.content) for message in request.messages)
        took_ms = (time.perf_counter() - state["understood_at"]) * 1000
        writer(Prompted(_facts(state), characters, took_ms, len(state["recalled"]), state["past"].trace))
        async with aclosing(self._model.stream(request)) as events:
            async for event in self._with_skills(events, state):
                for each in asking.pass_on(event):
                    writer(each)

    async def _with_skills(self, events: AsyncIterator[ChatEvent], state: TurnState) -> AsyncGenerator[ChatEvent, None]:
        """Yield the events of a model but for actions that must not leave; of a skill that it calls, the answer."""
        utterance, said = state["utterance"], ""
        async for event in events:
            if isinstance(event, ActionCall) and (skill := self._called(event, utterance.device_id)):
                answer = await skill.answer(self._question(state, "", event.arguments))
                said += f" {answer.text}"
                yield Delta(f" {answer.text}")
                yield Sentence(answer.text)
                for call in self._declared(answer.calls, utterance.device_id):
                    yield call
            elif isinstance(event, ActionCall) and not self._is_said(event, utterance.text):
                continue
            elif isinstance(event, ActionCall):
                for call in self._declared([event], utterance.device_id):
                    yield call
            elif isinstance(event, Finished) and said:
                yield msgspec.structs.replace(event, text=f"{event.text.rstrip()}{said}".strip())
            else:
                yield event

    def _called(self, call: ActionCall, device_id: str) -> Skill | None:
        """Return the skill that a model calls; None where it is one of the robot's own actions, or nothing."""
        if not self._tools or self._robots.robot(device_id).body.declaration(call.name):
            return None
        return self._skills.named(call.name)

    def _question(self, state: TurnState, intent: str, slots: Mapping[str, Any]) -> Question:
        """Return what a skill is asked, whose intent and slots may be a model's."""
        asked = self._asked(state["utterance"], state["intent"], state["language"], state["moment"])
        return replace(asked, intent=intent, slots=slots, last=state.get("last"))

    def _asked(self, utterance: Utterance, intent: Intent, language: str, moment: Moment) -> Question:
        robot = self._robots.robot(utterance.device_id)
        return Question(
            device_id=utterance.device_id,
            intent=intent.name,
            slots=intent.slots,
            text=utterance.text,
            language=language,
            now=moment.now,
            situation=moment.situation,
            body=robot.body,
            last=None,
            user_id=utterance.user_id,
            robot_name=self._persona(robot).name,
        )

    def _declared(self, calls: Iterable[ActionCall], device_id: str) -> list[ActionCall]:
        """Return the actions that are just what the robot declared; the others are logged."""
        body, declared = self._robots.robot(device_id).body, []
        for call in calls:
            if reason := body.objection(call):
                log.warning("an action was dropped", reason=reason)
            else:
                declared.append(call)
        return declared

    def _is_said(self, call: ActionCall, words: str) -> bool:
        """Say whether a person said the numbers of an action, where the model is one that copies badly."""
        reason = unsaid_number(call, words) if self._manner.literal_numbers else None
        if reason:
            log.warning("an action was dropped", reason=reason)
        return not reason

    def _request(self, state: TurnState) -> ChatRequest:
        utterance, past = state["utterance"], state["past"]
        robot = self._robots.robot(utterance.device_id)
        prompt = messages(self._system_message(robot), past.turns, _facts(state), utterance.text, past.known.text)
        log.debug("the model is asked", prompt=prompt)
        return ChatRequest(
            request_id=utterance.request_id,
            conversation_id=conversation_id(utterance.device_id, utterance.user_id),
            messages=prompt,
            sampling=self._manner.sampling,
            max_tokens=self._manner.max_tokens,
            timeout_s=self._reply_timeout_s,
            grammar=robot.body.grammar(self._max_actions, self._tools) if self._manner.grammar else None,
            intent=state["intent"].name,
            emotion=state["moment"].situation.person_emotion or "neutral",
            language=state["language"],
            persona=self._personas.of(robot),
        )


def _facts(state: TurnState) -> str:
    """Return the bracketed line of what is asked of the model, without its brackets."""
    return line_of(state["facts"], state["past"].gone.text, state["recalled"])


def _say(writer: StreamWriter, answer: Answer, calls: Iterable[ActionCall] = ()) -> None:
    for event in (Started("skill"), EmotionTag(answer.emotion), Delta(answer.text), Sentence(answer.text), *calls):
        writer(event)
    writer(Finished("stop", answer.text))


_NODES: Mapping[Route, _AfterIntent] = {
    "consent": "act",
    "action": "act",
    "ask_again": "ask_again",
    "skill": "skill",
    "model": "memory",
}


async def _after_intent(state: TurnState) -> _AfterIntent:  # a thread would run what is not async
    route = state["decision"].route
    return "memory" if route == "skill" and state["intent"].name == "repeat" else _NODES[route]


async def _after_memory(state: TurnState) -> Literal["skill", "respond"]:
    return "skill" if state["decision"].route == "skill" else "respond"
