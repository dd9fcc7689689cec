"""What a robot says came of an action."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ai_server.protocol.fields import Id, WireModel


class ActionResult(WireModel):
    """The payload of `naila/devices/{device_id}/status/action`.

    `done`: the body did it. `failed`: it tried. `refused`: it did not try, since it is too late, too hot, too busy.
    `detail` says why, in a few words that can be spoken.
    """

    command_id: Id
    status: Literal["done", "failed", "refused"]
    detail: Annotated[str, Field(max_length=500)] | None = None
