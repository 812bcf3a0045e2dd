"""Where the numbers stand in the form that levels are written by."""

from typing import Final

PRICE_SCALE: Final = 0
PRICE_DECIMALS: Final = 1
PRICE_PADDED: Final = 2
SIZE_SCALE: Final = 3
SIZE_DECIMALS: Final = 4
SIZE_PADDED: Final = 5
BID_END: Final = 6
ASK_END: Final = 7
MIDDLE_END: Final = 8
FORM_SIZE: Final = 9
