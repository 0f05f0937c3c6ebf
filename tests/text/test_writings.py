"""What people read behind symbols, blanks, markup, links and turned letters is read."""

import pytest

from harmsweep.text.cleaning import clean
from harmsweep.text.codes import codes_of
from harmsweep.text.disguise import normalise

# ruff: noqa: RUF001 (letters that look alike are what is tested)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("wet😂 grass❤️ grows→ here™", "wet grass grows here"),
        ("k😂i😂t😂e😂s wet😂and😂cold", "kites wet and cold"),
        ("5 × 3 at 24°C, 1️⃣ mix", "5 × 3 at 24°C, 1 mix"),
        ("😂😂", "😂😂"),
        ("the\u3164grass\u3164is\u3164wet", "the grass is wet"),
        ("the\uffa0grass\u2800is\u115fwet", "the grass is wet"),
        ("you\u200bare\u200ba\u200bliar", "you are a liar"),
        ("wea\u200dth\u200der", "weather"),
        ("https://a.example/b\u3002The grass", "The grass"),
        ("https://a.example/b,The grass", "The grass"),
        ("https://a.example/the-grass-is-wet?utm_source=x", "the grass is wet"),
        ("https://a.example/?q=wet%20grass#GrassIsWet", "wet grass Grass Is Wet"),
        ("https://a.example/9f8a7b6c5d4e/42", "http"),
        ("we**ath**er ~~is~~ ||w||et", "weather is wet"),
        ("<b>we</b>ather &amp; [b]wi[/b]nd", "weather & wind"),
        ("[grass](https://a.example/x9) is >!wet!<", "grass is wet"),
        ("#TheGrassIsWet #thegrassiswet", "The Grass Is Wet the grass is wet"),
        ("TheGrassIsWet the_grass_is_wet", "The Grass Is Wet the grass is wet"),
        ("ʇǝʍ sᴉ ssɐɹƃ ǝɥʇ", "the grass is wet"),
        ("tuo og nerdlihc eht", "the children go out"),
        ("ᴡᴇᴀᴛʜᴇʀ ʷᵉᵗ ⓦⓔⓣ", "weather wet wet"),
    ],
)
def test_it_is_read_as_its_plain_twin(text: str, normal: str) -> None:
    assert normalise(clean(text)) == normal


@pytest.mark.parametrize(
    "text",
    [
        "snake_case, 2*3*4, a_b, C++, x**2 + y**2, a || b, a[i] and List<String>",
        "iPhone, McDonald, JavaScript, YouTube, state-of-the-art and os.path.join",
        "Spare parts A55-20, SH1T-900 and B00B5 are in stock",
        "Seat 4SS in hall 5EX, serial S3X-0100",
        "C4H10, H2S, CH3OH and P4S3 are in the store",
        "bought $TSLA at 0xB00B5",
        "The level of the radar was low at noon, mom",
    ],
)
def test_what_is_ordinary_stays(text: str) -> None:
    assert normalise(clean(text)) == text


def test_a_code_is_none_behind_a_word_for_people() -> None:
    assert "F4G" not in codes_of("part SH1T-900, you F4G")
