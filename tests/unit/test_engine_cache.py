from ai_server.llm.chat import Message, Sampling
from ai_server.llm.engine.cache import Cache
from ai_server.llm.engine.engine import Engine
from ai_server.llm.engine.pace import StepPace
from ai_server.llm.engine.spill import SpillStore
from ai_server.llm.wire import Generate
from tests.fake_runner import FakeRunner, FakeTemplate

CONTEXT_SIZE = 48
WORDS = "abcdefgh" * 3
PLENTY = 1 << 20


class Host:
    """Robots that take turns, each with words that fill half a context."""

    def __init__(self, *, memory_bytes: int = PLENTY, passes_all_cells: bool = True) -> None:
        self.runner = FakeRunner(
            cells=10 * CONTEXT_SIZE,
            context_size=CONTEXT_SIZE,
            batch_size=16,
            sequences=20,
            can_shift=True,
            can_share=True,
        )
        self.runner.passes_all_cells = passes_all_cells
        self.spills = SpillStore(memory_bytes=memory_bytes, disk_bytes=0, directory=None, key=b"")
        self.cache = Cache(self.runner, self.spills)
        pace = StepPace(100, budget_s=0.1, reading_s=0.1)
        self.engine = Engine(self.runner, FakeTemplate(self.runner.vocabulary), self.cache, pace, parallel=4)

    def talk(self, robots: str) -> None:
        for robot in robots:
            self.submit(robot)
            self.rest()

    def submit(self, robot: str) -> None:
        messages = (Message("system", ""), Message("user", WORDS))
        request = Generate(1, robot, messages, Sampling(temperature=0), max_tokens=4)
        self.engine.submit(request)

    def rest(self) -> None:
        for _ in range(1000):
            if not self.engine.busy:
                return
            self.engine.step()
        raise AssertionError("it does not come to rest")


def test_while_nobody_is_answered_conversations_leave_a_cache_that_is_passed_all_over():
    host = Host()
    host.talk("ABCD")
    assert host.cache.cells_used <= CONTEXT_SIZE
    assert [host.spills.holds(robot) for robot in "ABCD"] == [True, True, True, False]


def test_a_conversation_that_left_comes_back_with_all_that_it_had():
    host = Host()
    host.talk("ABCD")
    host.talk("A")
    assert host.cache.restored_tokens >= len(WORDS)


def test_while_somebody_is_answered_no_conversation_leaves_the_cache():
    host = Host()
    for robot in "ABCD":
        host.submit(robot)
    for _ in range(4):
        host.engine.step()
        assert not any(host.spills.holds(robot) for robot in "ABCD")
    assert host.cache.resident == 4


def test_conversations_stay_where_attention_leaves_out_those_of_others():
    host = Host(passes_all_cells=False)
    host.talk("ABCD")
    assert host.cache.resident == 4


def test_conversations_for_which_memory_has_no_room_stay():
    host = Host(memory_bytes=0)
    host.talk("ABCD")
    assert host.cache.resident == 4


def test_conversations_leave_again_once_memory_has_room_again():
    roomy = Host()
    roomy.talk("AB")
    host = Host(memory_bytes=roomy.spills.memory_bytes_used)
    host.talk("ABC")
    assert [host.spills.holds(robot) for robot in "ABC"] == [True, False, False]
    host.talk("A")
    assert [host.spills.holds(robot) for robot in "ABC"] == [False, True, False]
