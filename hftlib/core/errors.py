"""Errors that hftlib raises: each says what is wrong and where."""


class HftlibError(Exception):
    """Stand at the root of every error that hftlib raises on purpose."""


class ConfigurationError(HftlibError):
    """Refuse a configuration: an unknown key, a wrong type, a value out of range."""


class DecimalError(HftlibError, ValueError):
    """Refuse a number that is not a plain decimal or does not lie on its quantum."""


class TapeError(HftlibError):
    """Refuse a tape or a capture that cannot be read, naming the file and the place."""


class UnavailableError(HftlibError):
    """Say that a desk, an exchange or a store does not answer, and at which address."""
