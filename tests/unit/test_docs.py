from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from typer.main import get_command

from ai_server.cli import app
from ai_server.commands.graph import mermaid
from ai_server.protocol import topics
from ai_server.protocol.action import ActionResult
from ai_server.protocol.device import Capabilities, Control, Heartbeat, SensorReading, VisionEvent, WakeWord
from ai_server.protocol.errors import ErrorCode, ErrorMessage
from ai_server.protocol.inbound import Packet, parse
from ai_server.protocol.memory import MemoryAnswer
from ai_server.protocol.operator import REQUESTS, OperatorResponse
from ai_server.protocol.parts import ReplyPart
from ai_server.protocol.reply import ActionMessage, Reply, StreamEvent, StreamType
from ai_server.protocol.status import Health, Metrics, State, Status
from ai_server.protocol.utterance import SttMessage, TaskMessage, TextMessage
from ai_server.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in ROOT.rglob("*.md")
    if not any(part == "out" or part.startswith(".") for part in page.relative_to(ROOT).parts)
)
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()

INBOUND: dict[str, type[BaseModel]] = {
    topics.STT: SttMessage,
    topics.TEXT: TextMessage,
    topics.TASK: TaskMessage,
    topics.CONTROL: Control,
    topics.CAPABILITIES: Capabilities,
    topics.SENSOR: SensorReading,
    topics.WAKE_WORD: WakeWord,
    topics.VISION: VisionEvent,
    topics.HEARTBEAT: Heartbeat,
    topics.ACTION_RESULT: ActionResult,
}
OPEN = (topics.SENSOR, topics.HEARTBEAT)
"""Where robots are invited to send fields of their own."""
OUTGOING: dict[str, type[BaseModel]] = {
    topics.stream("{device_id}"): StreamEvent,
    topics.reply("{device_id}"): Reply,
    topics.action("{device_id}", "{name}"): ActionMessage,
    topics.error("{device_id}"): ErrorMessage,
    topics.memory("{device_id}"): MemoryAnswer,
    topics.system_error("{service}"): ErrorMessage,
    topics.response("{command}"): OperatorResponse,
    topics.STATUS: Status,
    topics.METRICS: Metrics,
    topics.HEALTH: Health,
}
EXPLAINED_ELSEWHERE = (topics.METRICS, topics.HEALTH, topics.system_error("{service}"))
PATH = re.compile(r"(?<![\w/.~-])((?:docs|config|models|systemd|requirements|ai_server|tests)/[\w./-]*\w)")
"""What is written like a file of the project."""


def _section(topic: str) -> str:
    """What stands under a topic's heading, up to the next one."""
    found = re.search(rf"^### `{re.escape(topic)}`\n(.*?)(?=^##|\Z)", PROTOCOL, re.DOTALL | re.MULTILINE)
    assert found, f"docs/protocol.md has no heading for {topic}"
    return found[1]


def _examples(section: str) -> list[str]:
    """The payloads in a section: a `json` block is one, each line of a `jsonl` block is one."""
    blocks = re.findall(r"```(jsonl?)\n(.*?)```", section, re.DOTALL)
    return [each for kind, block in blocks for each in (block.splitlines() if kind == "jsonl" else [block])]


def _first_column(text: str) -> set[str]:
    """What the rows of all tables are about: each word in backticks of their first cells."""
    cells = re.findall(r"^\| (`[^|]*?) \|", text, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def test_every_topic_of_the_code_has_its_heading():
    templates = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    for _, function in inspect.getmembers(topics, inspect.isfunction):
        templates.add(function(*(f"{{{name}}}" for name in inspect.signature(function).parameters)))
    assert templates == INBOUND.keys() | OUTGOING.keys() | {topics.REQUEST}
    assert set(re.findall(r"^### `(naila/[^`]*)`$", PROTOCOL, re.MULTILINE)) == templates


@pytest.mark.parametrize("topic", INBOUND)
def test_what_robots_are_shown_to_send_is_taken(topic):
    examples = _examples(_section(topic))
    assert examples
    for example in examples:
        packet = Packet(topic.format(device_id="kitchen-1", type="battery"), example.encode())
        assert parse(packet, max_payload_bytes=65_536)
        assert topic in OPEN or json.loads(example).keys() <= _fields(INBOUND[topic])


def test_each_request_that_operators_are_shown_is_taken_and_every_field_of_it_told_of():
    section = _section(topics.REQUEST)
    shown = re.findall(r"^`([a-z.]+)` (.*?)```json\n(.*?)```", section, re.DOTALL | re.MULTILINE)
    assert [command for command, _, _ in shown] == list(REQUESTS)
    for command, text, example in shown:
        assert parse(Packet(topics.REQUEST.format(command=command), example.encode()), max_payload_bytes=65_536)
        told = set(re.findall(r"`(\w+)`", text)) | _first_column(section)
        assert _fields(REQUESTS[command]) <= told, command


@pytest.mark.parametrize("topic", OUTGOING)
def test_what_the_brain_is_shown_to_send_is_what_it_sends(topic):
    examples = _examples(_section(topic))
    assert examples
    for example in examples:
        message = OUTGOING[topic].model_validate_json(example)
        assert json.loads(message.model_dump_json(exclude_unset=True)) == json.loads(example)


@pytest.mark.parametrize("topic", [topic for topic in INBOUND | OUTGOING if topic not in EXPLAINED_ELSEWHERE])
def test_every_field_of_a_message_is_in_its_table(topic):
    rows = "\n".join(re.findall(r"^\| `.*$", _section(topic), re.MULTILINE))
    words = {word.rpartition(".")[2] for word in re.findall(r"`([^`]+)`", rows)}
    assert _fields((INBOUND | OUTGOING)[topic]) <= words


def test_the_parts_that_are_shown_are_what_the_brain_sends():
    section = PROTOCOL.partition("### A reply in parts\n")[2].partition("\n##")[0]
    parts = [ReplyPart.model_validate_json(example) for example in _examples(section)]
    assert [(part.part, part.parts) for part in parts] == [(1, 2), (2, 2)]
    assert ReplyPart.model_fields.keys() <= _first_column(section)


def test_every_setting_that_limits_is_in_the_table_of_limits():
    section = PROTOCOL.partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|.*\|$", section, re.MULTILINE)
    for field in Settings.model_fields:
        if field.startswith(("naila_max_", "naila_queue_", "naila_rate_", "naila_sensor_rate_")):
            default = f"{Settings.model_fields[field].default:,}"
            assert any(f"`{field.upper()}` | {default} " in row for row in rows), field
    codes = {code for row in rows for code in re.findall(r"errors\.(\w+)", row)}
    assert codes <= set(ErrorCode)


def test_every_code_type_and_state_has_its_row():
    rows = _first_column(PROTOCOL)
    assert {str(member) for kind in (ErrorCode, StreamType, State) for member in kind} <= rows


def test_every_figure_is_explained_to_operators():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert not [name for name in _fields(Metrics) | _fields(Health) if f'"{name}"' not in page]


def test_the_graph_in_the_architecture_is_the_brains():
    (drawn,) = re.findall(r"```mermaid\n(---\n.*?)```", (ROOT / "docs" / "architecture.md").read_text(), re.DOTALL)
    assert drawn.strip() == mermaid().strip()


def test_imports_point_down_the_layers_that_the_architecture_draws():
    (drawn,) = re.findall(r"```layers\n(.*?)```", (ROOT / "docs" / "architecture.md").read_text(), re.DOTALL)
    layer = {part: depth for depth, line in enumerate(drawn.splitlines()) for part in line.split()}
    package = ROOT / "ai_server"
    for file in package.rglob("*.py"):
        part = file.relative_to(package).parts[0].removesuffix(".py")
        for imported in _imported_parts(file) - {part}:
            assert layer[imported] > layer[part], f"{file.relative_to(ROOT)} imports {imported}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page):
    text = _without_code(page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} does not exist"
        assert not anchor or anchor in _anchors(linked.read_text()), f"{target}: no such heading"
    for path in PATH.findall(text):
        assert (ROOT / path).exists() or list(ROOT.glob(f"{path}.*")), f"{path} does not exist"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_setting_that_is_written_of_exists(page):
    text = page.read_text()
    command = get_command(app)
    known = set(command.commands)  # type: ignore[attr-defined]
    spoken_of = set(re.findall(r"(?:`|^|bin/)naila ([a-z]+)", text, re.MULTILINE))
    assert spoken_of <= known
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|\" )make ([a-z]+)", text, re.MULTILINE)) <= targets
    names = set(re.findall(r"\b(?:MQTT|LLM|NAILA)_[A-Z_]+[A-Z]\b", text))
    assert names <= {name.upper() for name in Settings.model_fields}


def _fields(model: type[BaseModel]) -> set[str]:
    """The names of a message's fields on the wire, those of the objects inside it too, but for actions."""
    schema = model.model_json_schema()
    inner = [each for name, each in schema.get("$defs", {}).items() if name != ActionMessage.__name__]
    return {name for each in (schema, *inner) for name in each.get("properties", {})}


def _imported_parts(file: Path) -> set[str]:
    """The packages and modules at the top of ours that a file imports, wherever in it."""
    parts = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "ai_server":
            parts |= {alias.name for alias in node.names} - {"__version__"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ai_server."):
            parts.add(node.module.split(".")[1])
    return parts


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
