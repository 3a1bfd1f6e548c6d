"""The one exception that means "the user can mend this"."""


class InputError(ValueError):
    """Input that cannot be used: the message is one sentence that says what, where and what is allowed."""


def shown(value: object) -> str:
    """Return a value as it stands in a message, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:50]} ... ({len(text)} characters)"
