from ai_server.llm.engine.pace import PrefillPace


def pace(rate: float) -> PrefillPace:
    return PrefillPace(rate, chunk_s=0.25, largest=512)


def test_a_chunk_takes_about_a_quarter_of_a_second():
    assert pace(400).chunk == 100


def test_a_slow_host_still_reads_sixteen_tokens_at_once():
    assert pace(3).chunk == 16


def test_a_fast_host_reads_no_more_than_a_batch():
    assert pace(1e6).chunk == 512


def test_chunks_shrink_where_reading_becomes_slower():
    slower = pace(400)
    for _ in range(20):
        slower.learn(100, seconds=1)
    assert slower.chunk == 25


def test_a_few_tokens_say_nothing_of_the_speed():
    same = pace(400)
    same.learn(1, seconds=1)
    assert same.chunk == 100
