"""Texts without the secrets that people write into addresses, commands and options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .secrets import MASK

_SECRET_NAME: Final = re.compile(
    r"(?i:secret|passw|passphrase|pwd|token|credential|private|signature|authorization|connection_?string)"
    r"|(?i:(?:access|account|api|auth)[_-]?key)|[a-z]Key$"
    r"|(?i:(?:^|[_-])(?:key|sig|dsn)$|(?:^|[_-])(?:pat|sas)(?:$|[_-]))"
)

#: A word with an address that names somebody, up to the last @ in it.
_WORD: Final = re.compile(r"\S+")
#: Whoever has a password may have any character in it; a port is none.
_USER: Final = re.compile(r"(?<=://)(?:[^\s/:]*:(?!\d{1,5}(?:[/?#]|$))\S*@|[^\s/]*@)")
_QUERY: Final = re.compile(r"(?<=[?&;])([\w.%-]+)=([^&#\s'\"]+)")

_NAMES: Final = r"(?<![\w.-])((?:-{0,2}[A-Za-z_][\w.-]*=)+)"
_VALUE: Final = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\\.|[^\s;&|\"'\\]|[\"'\\].*)+"
_SETTING: Final = re.compile(f"{_NAMES}(?!{re.escape(MASK)})({_VALUE})", re.S)
_QUOTED: Final = re.compile(r"([\"'])((?:-{0,2}[A-Za-z_][\w.-]*=)+)((?:(?!\1).)+)(?=\1)", re.S)
_WHOLE: Final = re.compile(r"((?:-{1,2}[\w-]+\s+)?(?:-{0,2}[A-Za-z_][\w.-]*=)+)(.+)", re.S)
_OPTION: Final = re.compile(rf"(?<!\S)(--?[A-Za-z][\w-]*)(\s+)(?!-)({_VALUE})", re.S)
_HEADER: Final = re.compile(r"(?<![\w-])([A-Za-z][\w-]*)(:\s+)((?:(?:bearer|basic|token|digest)\s+)?[^'\"\s]+)", re.I)
_BEARER: Final = re.compile(r"\b(bearer|basic)(\s+)([\w.~+/=-]{8,})", re.I)


def is_secret_name(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def masked_text(text: str) -> str:
    """A command, a requirement, an option: in it passwords of addresses and values of secret names are masked."""
    if "://" in text or "?" in text:
        text = _WORD.sub(lambda found: masked_address(found[0]), text)
    text = _QUOTED.sub(lambda found: f"{found[1]}{found[2]}{_value(found[2], found[3])}", text)
    text = _SETTING.sub(lambda found: f"{found[1]}{_value(found[1], found[2])}", text)
    text = _OPTION.sub(lambda found: f"{found[1]}{found[2]}{_value(found[1], found[3])}", text)
    text = _HEADER.sub(lambda found: f"{found[1]}{found[2]}{_value(found[1], found[3])}", text)
    return _BEARER.sub(rf"\1\2{MASK}", text)


def masked_words(words: Iterable[str]) -> list[str]:
    """Words of a command line, of which each is one, whatever it holds."""
    masked: list[str] = []
    is_secret = False
    for word in words:
        whole = _WHOLE.fullmatch(word)
        if is_secret and not word.startswith("-"):
            masked.append(MASK)
        elif whole and is_secret_name(whole[1]):
            masked.append(f"{whole[1]}{MASK}")
        else:
            masked.append(masked_text(word))
        is_secret = word.startswith("-") and "=" not in word and " " not in word and is_secret_name(word)
    return masked


def masked_address(word: str) -> str:
    """A word with the users and passwords of its addresses masked, and signatures and the like in their queries."""
    end = word.rfind("@") + 1
    if end and "://" in word:
        word = _USER.sub(f"{MASK}@", word[:end]) + word[end:]
    return _QUERY.sub(lambda found: f"{found[1]}={_value(found[1], found[2])}", word)


def _value(names: str, value: str) -> str:
    return MASK if any(is_secret_name(name) for name in names.lstrip("-").split("=")) else value
