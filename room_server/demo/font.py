"""A 5 by 7 bitmap font, just large enough to label a simulated picture without any font file."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_WIDTH: Final = 5
_HEIGHT: Final = 7
ADVANCE: Final = _WIDTH + 1
"""Columns from one letter to the next, at scale 1."""

# Seven rows of five bits each, most significant bit left.
_GLYPHS: Final = {
    " ": "00 00 00 00 00 00 00",
    ":": "00 04 04 00 04 04 00",
    "0": "0e 11 13 15 19 11 0e",
    "1": "04 0c 04 04 04 04 0e",
    "2": "0e 11 01 06 08 10 1f",
    "3": "0e 11 01 06 01 11 0e",
    "4": "02 06 0a 12 1f 02 02",
    "5": "1f 10 1e 01 01 11 0e",
    "6": "06 08 10 1e 11 11 0e",
    "7": "1f 01 02 04 08 08 08",
    "8": "0e 11 11 0e 11 11 0e",
    "9": "0e 11 11 0f 01 02 0c",
    "A": "0e 11 11 1f 11 11 11",
    "B": "1e 11 11 1e 11 11 1e",
    "C": "0e 11 10 10 10 11 0e",
    "D": "1e 11 11 11 11 11 1e",
    "E": "1f 10 10 1e 10 10 1f",
    "F": "1f 10 10 1e 10 10 10",
    "G": "0e 11 10 17 11 11 0f",
    "H": "11 11 11 1f 11 11 11",
    "I": "0e 04 04 04 04 04 0e",
    "J": "07 02 02 02 02 12 0c",
    "K": "11 12 14 18 14 12 11",
    "L": "10 10 10 10 10 10 1f",
    "M": "11 1b 15 15 11 11 11",
    "N": "11 19 15 13 11 11 11",
    "O": "0e 11 11 11 11 11 0e",
    "P": "1e 11 11 1e 10 10 10",
    "Q": "0e 11 11 11 15 12 0d",
    "R": "1e 11 11 1e 14 12 11",
    "S": "0f 10 10 0e 01 01 1e",
    "T": "1f 04 04 04 04 04 04",
    "U": "11 11 11 11 11 11 0e",
    "V": "11 11 11 11 11 0a 04",
    "W": "11 11 11 15 15 1b 11",
    "X": "11 11 0a 04 0a 11 11",
    "Y": "11 11 0a 04 04 04 04",
    "Z": "1f 01 02 04 08 10 1f",
}


def mask(text: str, scale: int) -> NDArray[np.bool_]:
    """The text as a mask of `7 * scale` rows; letters are upper-cased, unknown characters are blank."""
    cells: NDArray[np.bool_] = np.zeros((_HEIGHT, max(1, len(text) * ADVANCE - 1)), dtype=np.bool_)
    for place, character in enumerate(text.upper()):
        left = place * ADVANCE
        for row, bits in enumerate(_GLYPHS.get(character, _GLYPHS[" "]).split()):
            for column in range(_WIDTH):
                cells[row, left + column] = int(bits, 16) >> (_WIDTH - 1 - column) & 1
    return np.kron(cells, np.ones((scale, scale), dtype=np.bool_))
