from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ai_server.llm.sentences import SentenceCutter, ends_sentence

# ruff: noqa: RUF001


def cut(text: str, size: int | None = None) -> list[str]:
    """All sentences of a text, fed in pieces of `size` characters."""
    cutter = SentenceCutter()
    size = size or max(1, len(text))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [sentence for piece in pieces for sentence in cutter.feed(piece)] + cutter.close()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("On my way! Half a metre.", ["On my way!", "Half a metre."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("Hmm... let me think… Done.", ["Hmm...", "let me think…", "Done."]),
        ("It is 3.5 metres. Far.", ["It is 3.5 metres.", "Far."]),
        ("Wait 5. Then go.", ["Wait 5.", "Then go."]),
        ("Dr. Smith met Mrs. Jones. Good.", ["Dr. Smith met Mrs. Jones.", "Good."]),
        ("Take fruit, e.g. apples. Good.", ["Take fruit, e.g. apples.", "Good."]),
        ("J. R. Tolkien wrote it. So do I. Really.", ["J. R. Tolkien wrote it.", "So do I.", "Really."]),
        ("It is 5 p.m. today. Late.", ["It is 5 p.m. today.", "Late."]),
        ("It is 5 p.m. The sun sets.", ["It is 5 p.m.", "The sun sets."]),
        ("Apples, pears, etc. And more.", ["Apples, pears, etc.", "And more."]),
        ("1. Stand up. 2. Walk.", ["1. Stand up.", "2. Walk."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("At 5 p.m.\nThen go", ["At 5 p.m.", "Then go"]),
        ('"Hello!" he said. (Quietly.) Yes', ['"Hello!"', "he said.", "(Quietly.)", "Yes"]),
        ("你好。我是奈拉！「真的？」好。", ["你好。", "我是奈拉！", "「真的？」", "好。"]),
        ("OK!好的。", ["OK!", "好的。"]),
        ("¿Qué tal? Bien.", ["¿Qué tal?", "Bien."]),
        ("Look at www.example.org now", ["Look at www.example.org now"]),
        ("-- !? Hello.", ["-- !? Hello."]),
        ("No. I cannot. No. 5 is here.", ["No.", "I cannot.", "No. 5 is here."]),
        ("On Jan. 5 we go. It is in May. Yes.", ["On Jan. 5 we go.", "It is in May.", "Yes."]),
        ("I love art. See fig. 2. You?", ["I love art.", "See fig. 2.", "You?"]),
        ("At 14:05, or 2:05 p.m., it costs $5.99. Fine.", ["At 14:05, or 2:05 p.m., it costs $5.99.", "Fine."]),
        ("Elizabeth II. was a queen. Long live!", ["Elizabeth II. was a queen.", "Long live!"]),
        ("I... I do not know.", ["I...", "I do not know."]),
        ("Hello.  \n  \n", ["Hello."]),
        ("   ", []),
        ("😊", []),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 3])
def test_sentences_end_where_a_voice_pauses(text: str, sentences: list[str], size: int | None) -> None:
    assert cut(text, size) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ist es am 3. Mai? Ja, Montag, 3. Mai. Gut.", ["Ist es am 3. Mai?", "Ja, Montag, 3. Mai.", "Gut."]),
        ("Um 14.05 Uhr, z. B. heute. Es sind 3,5 km. Ja.", ["Um 14.05 Uhr, z. B. heute.", "Es sind 3,5 km.", "Ja."]),
        ("Im 19. Jahrhundert bzw. später. Aha.", ["Im 19. Jahrhundert bzw. später.", "Aha."]),
        ("Nimm Obst, Käse usw. Dann komm.", ["Nimm Obst, Käse usw.", "Dann komm."]),
        ("„Hallo!“ sagte er. »Na gut.« Ja.", ["„Hallo!“", "sagte er.", "»Na gut.«", "Ja."]),
        ("El Sr. García y la Sra. López. Bien.", ["El Sr. García y la Sra. López.", "Bien."]),
        ("¡Hola! ¿Qué tal? Así es. Vamos, p. ej. hoy.", ["¡Hola!", "¿Qué tal?", "Así es.", "Vamos, p. ej. hoy."]),
        ("EE. UU. es grande. Sí.", ["EE. UU. es grande.", "Sí."]),
        ("« Bonjour ! » dit-il. « Ça va ? Oui. » Bien.", ["« Bonjour ! »", "dit-il.", "« Ça va ?", "Oui. »", "Bien."]),
        ("M. Dupont et Mme. Martin. Env. 5 km.", ["M. Dupont et Mme. Martin.", "Env. 5 km."]),
        ("Il sig. Rossi e la dott.ssa Bianchi. Bene.", ["Il sig. Rossi e la dott.ssa Bianchi.", "Bene."]),
        ("O Dr. Silva mora na pág. 5. Sim.", ["O Dr. Silva mora na pág. 5.", "Sim."]),
        ("На ул. Ленина, д. 5, и т. д. В 2020 г. было.", ["На ул. Ленина, д. 5, и т. д.", "В 2020 г. было."]),
        ("Скажи им. Потом, т. е. завтра.", ["Скажи им.", "Потом, т. е. завтра."]),
        ("안녕하세요! 3.5미터예요. 네.", ["안녕하세요!", "3.5미터예요.", "네."]),
        (
            '嗯……好的。真的吗？！3.5米。"你好。"他说。',
            ["嗯……", "好的。", "真的吗？！", "3.5米。", '"你好。"', "他说。"],
        ),
        ("はい。「そうですね。」と言った。", ["はい。", "「そうですね。」", "と言った。"]),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 3])
def test_other_languages_are_cut_by_their_own_customs(text: str, sentences: list[str], size: int | None) -> None:
    assert cut(text, size) == sentences


def test_a_sentence_is_given_as_soon_as_the_next_character_shows_that_it_ended() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("On my way!") == []
    assert cutter.feed(" ") == ["On my way!"]


def test_a_line_end_gives_the_sentence_at_once() -> None:
    assert SentenceCutter().feed("On my way\n") == ["On my way"]


def test_only_the_first_sentence_may_end_early_at_a_comma() -> None:
    long = "There is a very small light in my head today, and I like it, and it likes me."
    assert cut(long + " " + long) == [
        "There is a very small light in my head today,",
        "and I like it, and it likes me.",
        long,
    ]


def test_a_short_first_clause_stays_with_its_sentence() -> None:
    assert cut("Well, hello there. Nice day.") == ["Well, hello there.", "Nice day."]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Let me think about that for a while: it depends.", "Let me think about that for a while:"),
        ("It weighs about three and a half kilos, or 3,500 grams.", "It weighs about three and a half kilos,"),
        ("It is 1,234,567,890,123,456,789,012 metres away.", "It is 1,234,567,890,123,456,789,012 metres away."),
        ("はい、そうですね、今日はとてもいい天気です。", "はい、そうですね、今日はとてもいい天気です。"),
        ("今日はとてもいい天気ですから、散歩に行きましょう。", "今日はとてもいい天気ですから、"),
        ("안녕하세요, 저는 나일라예요, 반가워요.", "안녕하세요, 저는 나일라예요,"),
    ],
)
def test_a_first_clause_is_given_once_it_is_long_enough_for_its_script(text: str, first: str) -> None:
    assert cut(text)[0] == first


def test_a_long_first_clause_in_chinese_is_given_early() -> None:
    assert cut("今天早上我看见了一只很小的猫，它在睡觉。") == ["今天早上我看见了一只很小的猫，", "它在睡觉。"]


def test_the_rest_is_the_whole_unfinished_sentence() -> None:
    cutter = SentenceCutter()
    cutter.feed("Done. There is a very small light in my head")
    assert cutter.rest == "There is a very small light in my head"


@pytest.mark.parametrize("text", ["Hello.", "Really?!", '"Yes!"', "好。", "So do I.", "and so on, etc."])
def test_these_break_off_after_a_full_sentence(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["", "Hello", "It is 3.", "Ask Dr.", "said J.", "a, b,"])
def test_these_may_break_off_within_a_sentence(text: str) -> None:
    assert not ends_sentence(text)


_prose = st.lists(
    st.sampled_from(
        [*"aB3I .,!?…\n。，！好p.m)\"'—«» 、は", "am 3. Mai", "z. B. ", "No. ", " Mai", "usw. ", "5. ", "II. "]
    ),
    max_size=60,
).map("".join)


@given(st.one_of(_prose, st.text(max_size=80)), st.data())
@example("Hello there, this is a long first clause for once, dear. Yes.", None)
def test_sentences_do_not_depend_on_the_chunks(text: str, data: st.DataObject | None) -> None:
    size = data.draw(st.integers(1, 7)) if data else 2
    assert cut(text, size) == cut(text)


@given(st.one_of(_prose, st.text(max_size=80)))
def test_joined_sentences_lose_no_words(text: str) -> None:
    def letters(words: str) -> str:
        return "".join(filter(str.isalnum, words))

    assert letters("".join(cut(text))) == letters(text)
