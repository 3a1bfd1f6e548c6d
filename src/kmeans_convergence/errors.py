"""The one exception that means "the user can mend this"."""


class InputError(ValueError):
    """Input that cannot be used: the message is one sentence that says what, where and what is allowed."""
