"""The model's own chat template: a conversation becomes tokens, and nobody's words become control tokens."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ai_server.llm.chat import Message, Role
from ai_server.llm.engine.conversation import form_of
from ai_server.llm.engine.vocabulary import Vocabulary

LLAMA_3_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>{{ '\\n\\n' + message['content'] }}<|eot_id|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>{{ '\\n\\n' }}{% endif %}"
)
"""The format of Llama 3.1 without its date lines and tools.

https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/
"""
_LLAMA_3_TOKENS = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
_NONE: Mapping[str, Sequence[int]] = MappingProxyType({})
_PROBE = tuple(Message(role, "") for role in ("system", "user", "assistant", "user"))
_PROBE_OF_TWO = (Message("system", ""), *_PROBE)
_BETWEEN_SYSTEM_MESSAGES = "\n\n"
# What a template's own expressions can raise, beside Jinja's errors.
_TEMPLATE_ERRORS = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class TemplateError(Exception):
    """The chat template cannot lay out this conversation; the message says why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A conversation as the model reads it.

    Attributes:
        tokens: of all of it.
        begins: where the words of each message begin.
        ends: where they end.
    """

    tokens: list[int]
    begins: list[int]
    ends: list[int]


class ChatTemplate:
    """Lays conversations out as the model was trained to read them.

    The template is rendered with a mark in the place of each message's words. What stands between the marks is the
    template's and may hold control tokens; the words are tokenised as text and nothing else, without the white space
    around them. Where the template takes but one system message, the words of all stand in it, two line ends apart.

    Args:
        source: Jinja, from the key `tokenizer.chat_template`; None for the format of Llama 3.1.
        vocabulary: of the same model.

    Raises:
        TemplateError: there is no template and the vocabulary is not Llama 3's, or the template does not work.
    """

    def __init__(self, source: str | None, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._mark = secrets.token_hex(8)
        self._between = re.compile(rf"{self._mark}:(\d+);")
        self._template = _compile(_llama_3_or_refuse(vocabulary) if source is None else source)
        self._joins = False
        self.lay_out(_PROBE, date="2024-07-26")
        try:
            self.lay_out(_PROBE_OF_TWO, date="2024-07-26")
        except TemplateError:
            self._joins = True

    def lay_out(self, messages: Sequence[Message], date: str, replies: Mapping[str, Sequence[int]] = _NONE) -> Layout:
        """Return the tokens of a conversation up to where the model is to speak.

        Args:
            messages: in their order.
            date: today as ISO 8601, or empty for a template that needs none.
            replies: the tokens that the model made of what the assistant said, by `conversation.form_of` it: they
                stand for those words, which tokenised again may give others.

        Raises:
            TemplateError: there is none, or the template refuses or loses one.
        """
        if not messages:
            raise TemplateError("there is no message to answer")
        groups = self._grouped(messages)
        first, *others = self._between.split(self._render([group[0].role for group in groups], date))
        if others[::2] != [str(index) for index in range(len(groups))]:
            raise TemplateError("the chat template leaves out messages, repeats them or changes their order")
        tokens = self._opening(first)
        begins, ends = [], []
        for group, text in zip(groups, others[1::2], strict=True):
            for at, message in enumerate(group):
                tokens += self._vocabulary.tokenise(_BETWEEN_SYSTEM_MESSAGES, special=False) if at else []
                begins.append(len(tokens))
                tokens += self._words(message, replies)
                ends.append(len(tokens))
            tokens += self._vocabulary.tokenise(text, special=True)
        return Layout(tokens, begins, ends)

    def closing(self, date: str) -> list[int]:
        """Return what stands between a reply's last word and the words that are said next."""
        probe = self.lay_out(_PROBE, date)
        return probe.tokens[probe.ends[2] : probe.begins[3]]

    def _grouped(self, messages: Sequence[Message]) -> list[list[Message]]:
        """Return the messages that the template is to lay out, each with the words of one or of several of ours."""
        groups: list[list[Message]] = []
        for message in messages:
            if self._joins and groups and message.role == groups[-1][-1].role == "system":
                groups[-1].append(message)
            else:
                groups.append([message])
        return groups

    def _opening(self, text: str) -> list[int]:
        """Tokenise what comes before the first words, with one BOS where the model wants one."""
        tokens = list(self._vocabulary.tokenise(text, special=True))
        bos = self._vocabulary.bos
        if bos is None or not self._vocabulary.adds_bos or tokens[:1] == [bos]:
            return tokens
        return [bos, *tokens]

    def _words(self, message: Message, replies: Mapping[str, Sequence[int]]) -> Sequence[int]:
        if message.role == "assistant" and replies and (tokens := replies.get(form_of(message.content))):
            return tokens
        return self._vocabulary.tokenise(message.content.strip(), special=False)

    def _render(self, roles: Sequence[Role], date: str) -> str:
        marked = [{"role": role, "content": f"{self._mark}:{i};"} for i, role in enumerate(roles)]
        try:
            return self._template.render(
                messages=marked,
                add_generation_prompt=True,
                bos_token=self._vocabulary.text_of(self._vocabulary.bos),
                eos_token=self._vocabulary.text_of(self._vocabulary.eos),
                raise_exception=_refuse,
                **_date_variables(date),
            )
        except _TEMPLATE_ERRORS as error:
            raise TemplateError(f"the chat template fails: {error}") from error


def _compile(source: str) -> jinja2.Template:
    # As Transformers compiles them: transformers/utils/chat_template_utils.py.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    try:
        return environment.from_string(source)
    except jinja2.TemplateError as error:
        raise TemplateError(f"the chat template is not valid: {error}") from error


def _llama_3_or_refuse(vocabulary: Vocabulary) -> str:
    missing = [text for text in _LLAMA_3_TOKENS if vocabulary.control_token(text) is None]
    if missing:
        raise TemplateError(
            f"the file carries no chat template, and its vocabulary lacks Llama 3's {missing[0]}: "
            "choose an instruct model with a chat template"
        )
    return LLAMA_3_TEMPLATE


def _date_variables(date: str) -> dict[str, object]:
    if not date:
        return {}
    day = dt.date.fromisoformat(date)
    return {"date_string": day.strftime("%d %b %Y"), "strftime_now": day.strftime}


def _refuse(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)
