"""Offers as an attacker, a bug or a bad line would make them, out of real ones."""

from hypothesis import strategies as st

from tests.unit.session import offers

# Small ones of each kind of client, so that many can be tried.
_REAL = ("firefox_stage", "aiortc_stage", "chromium_phone", "chromium_av1", "firefox_av1", "gateway", "compact")

# Digits of other scripts, marks that turn or join text, ends of lines that only some readers see, half a character.
_ODD = (
    "٣",
    "１",
    "²",
    "\u202e",
    "\u200b",
    "\u2028",
    "\x85",
    "\x00",
    "\x0b",
    "\ufeff",
    "e\u0301",
    "\U0001f3a5",
    "\ud800",
)
_WORDS = (*("0", "-1", "127", "128", "4294967296", "9" * 400, "*", "", "~", ";", "/", "=", ":"), *_ODD)


@st.composite
def damaged_offers(draw: st.DrawFn) -> str:
    """A real offer, a few of whose lines are dropped, doubled, cut, or filled with something else."""
    lines = offers.load(draw(st.sampled_from(_REAL))).split("\r\n")
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        head = line[: draw(st.integers(0, len(line)))]
        lines[place : place + 1] = draw(
            st.sampled_from([[], [line, line], [head], [head + draw(st.text(max_size=12))], [line, draw(st.text())]])
        )
    return "\r\n".join(lines)


@st.composite
def reworded_offers(draw: st.DrawFn) -> str:
    """A real offer that keeps its form, a few of whose words are others: numbers, names, hostile Unicode."""
    lines = offers.load(draw(st.sampled_from(_REAL))).split("\r\n")
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        words = lines[place].split(" ")
        word = draw(st.integers(0, len(words) - 1))
        others = lines[draw(st.integers(0, len(lines) - 1))].split(" ")
        words[word] = draw(st.sampled_from((*_WORDS, *others, words[word] + draw(st.sampled_from(_ODD)))))
        lines[place] = " ".join(words)
    return "\r\n".join(lines)


@st.composite
def shuffled_offers(draw: st.DrawFn) -> str:
    """The sections of two real offers in any order, some left out, some twice."""
    first, second = (offers.load(draw(st.sampled_from(_REAL))).split("\r\nm=") for _ in range(2))
    sections = draw(st.lists(st.sampled_from([*first[1:], *second[1:]]), max_size=12))
    return "\r\nm=".join([first[0], *sections])


def any_offer() -> st.SearchStrategy[str]:
    """All of these."""
    return st.one_of(damaged_offers(), reworded_offers(), shuffled_offers())
