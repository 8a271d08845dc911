"""What CLIP's context leaves out of a text."""

from __future__ import annotations

from embedkit.encoders.tokens import count_tokens, cut_text


def colours(count: int) -> str:
    """Return so many words of one token each, five different ones."""
    words = ["red", "blue", "green", "black", "white"]
    return " ".join(words[i % len(words)] for i in range(count))


def test_a_text_is_as_long_as_its_count_says() -> None:
    texts = ["", "a red mug", colours(200)]
    assert [cut_text(text).tokens for text in texts] == count_tokens(texts).tolist()


def test_of_77_tokens_nothing_is_lost() -> None:
    assert cut_text(colours(75)) == (77, 0, ())


def test_the_76th_word_is_lost() -> None:
    cut = cut_text(f"{colours(75)} curtain")
    assert (cut.tokens, cut.lost) == (78, ("curtain",))
    assert cut.distinct == 5 + 1


def test_a_word_that_is_said_early_too_is_not_lost() -> None:
    assert cut_text(f"curtain {colours(74)} curtain lamp").lost == ("lamp",)


def test_a_word_that_is_cut_in_two_is_lost() -> None:
    long = "stopwatchlike"
    assert cut_text(long).tokens > 3
    assert cut_text(f"{colours(74)} {long}").lost == (long,)


def test_words_are_lower_cased_and_signs_are_no_words() -> None:
    assert cut_text(f"{colours(75)} Lamp ! - 40").lost == ("lamp", "4", "0")
