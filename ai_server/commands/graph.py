"""`naila graph`: the brain's graph as Mermaid."""

from __future__ import annotations

from ai_server.brain.graph import TurnState, compile_graph


def mermaid() -> str:
    """Return the graph that every turn runs through, as Mermaid source."""
    return (
        compile_graph(
            intent=_pass_on, memory=_pass_on, skill=_pass_on, act=_pass_on, ask_again=_pass_on, respond=_pass_on
        )
        .get_graph()
        .draw_mermaid()
    )


async def _pass_on(state: TurnState) -> TurnState:
    return state
