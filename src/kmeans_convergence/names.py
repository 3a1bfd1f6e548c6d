"""One rule for names that the user gives: of data sets, and of the user's optimizers."""

from __future__ import annotations

import re

from kmeans_convergence.errors import InputError, shown

# A name becomes a folder, a label of a figure, a cell of a table and a part of the pipeline's patterns.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}")
# Words that a table or the configuration takes for a number, a truth value or nothing.
TAKEN_OTHERWISE = ("na", "nan", "null", "none", "inf", "infinity", "true", "false", "yes", "no", "on", "off")


def check_name(name: object, where: str, reserved: tuple[str, ...] = ()) -> None:
    """Hold a name against the rule.

    Parameters
    ----------
    name : object
    where : str
        What has the name, for the message.
    reserved : tuple of str
        Further words that are none.

    Raises
    ------
    InputError
        When it does not begin with a letter, holds anything but letters from A to Z, digits, _ and -, is longer than 24
        characters, or is a word that stands for something else.
    """
    words = (*TAKEN_OTHERWISE, *reserved)
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.lower() in words:
        raise InputError(
            f"{where} has the name {shown(name)}: a name begins with a letter from A to Z, goes on with such letters, "
            f"digits, _ and -, has at most 24 characters, and is none of {', '.join(words)}."
        )
