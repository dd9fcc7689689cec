"""Messages become a prompt, and its conversation gets a place in the cache."""

from __future__ import annotations

from collections.abc import Sequence

from ai_server.llm.chat import Message
from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.conversation import Conversation, Prefix
from ai_server.llm.engine.prompt import Prompt, fit_prompt, whole_prompt
from ai_server.llm.engine.runner import Runner
from ai_server.llm.engine.template import ChatTemplate
from ai_server.llm.engine.work import Reading, Reply


class Placement:
    """Lays conversations out and places them.

    Args:
        runner: whose cache it is.
        template: of the runner's model.
        cache: that gives conversations their sequences.
    """

    def __init__(self, runner: Runner, template: ChatTemplate, cache: Cache) -> None:
        self._runner = runner
        self._template = template
        self._cache = cache

    def prompt(self, conversation: Conversation, messages: Sequence[Message], date: str, max_tokens: int) -> Prompt:
        """Return what the model is to read, up to where it is to speak.

        Raises:
            PromptTooLongError: the system messages and the newest words do not fit the context.
            TemplateError: the template refuses the messages.
        """
        return self._fit(conversation, messages, date, max_tokens)[0]

    def beginning(self, conversation: Conversation, messages: Sequence[Message], date: str, max_tokens: int) -> Reading:
        """Return what of a prompt is known while the last message is not complete.

        Raises:
            PromptTooLongError, TemplateError: as `prompt`.
        """
        prompt, after = self._fit(conversation, messages, date, max_tokens)
        return Reading(conversation, prompt, prompt.tokens[: len(prompt.tokens) - after])

    def system(self, messages: Sequence[Message], date: str) -> Prefix | None:
        """Return the prefix of conversations that begin with these messages; None where there is no room for it.

        Raises:
            TemplateError: as `prompt`.
        """
        layout = self._template.lay_out((*messages, Message("user", "")), date)
        return self.prefix(layout.tokens[: layout.ends[-2]])

    def closing(self, date: str) -> list[int]:
        """Return what stands between a reply's last word and the words that are said next."""
        return self._template.closing(date)

    def prefix(self, tokens: Sequence[int]) -> Prefix | None:
        """Return the prefix of these tokens; None where there is no room, or the model cannot share."""
        return self._cache.prefix(tokens) if tokens and self._runner.can_share else None

    def place(self, work: Reply | Reading) -> bool:
        """Have a piece of work's sequence hold what the cache has of it; False while its prefix is not read."""
        if work.attached and work.sequence:
            return True
        prompt = work.prompt
        prefix = self.prefix(prompt.tokens[: prompt.shared])
        # What is read ahead is not in use, and may have been spilled meanwhile.
        conversation = work.conversation = self._cache.conversation(work.conversation.id)
        if prefix is not conversation.prefix:
            self._cache.detach(conversation)
            conversation.prefix = prefix
        if prefix and not prefix.is_read:
            return False
        tokens = work.tokens[:-1] if isinstance(work, Reply) else work.tokens  # the cache holds no logits
        work.attached = self._cache.attach(conversation, tokens, prompt.turns)
        return work.attached

    def _fit(
        self, conversation: Conversation, messages: Sequence[Message], date: str, max_tokens: int
    ) -> tuple[Prompt, int]:
        """Return the prompt, and how many of its tokens come after the last words."""
        layout = self._template.lay_out(messages, date, conversation.replies)
        prompt = fit_prompt(
            whole_prompt(messages, layout),
            context_size=self._runner.context_size,
            max_tokens=max_tokens,
            first=conversation.first,
        )
        conversation.first = prompt.users[0] if prompt.dropped_turns else None
        return prompt, len(layout.tokens) - layout.ends[-1]
