"""Paths of fields in a request, as in `items[3].name`; `$` is the body as a whole."""

from collections.abc import Iterator, Mapping
from typing import Any

ROOT = "$"
_WHOLE = frozenset({"non_field_errors", "__all__"})


def join(path: str, key: str | int) -> str:
    """The path of a member of what is at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]" if path else f"{ROOT}[{key}]"
    return f"{path}.{key}" if path else key


def flatten(errors: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Pairs of path and message out of nested error dicts and lists, in order."""
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from flatten(inner, path if key in _WHOLE else join(path, key))
    elif isinstance(errors, list | tuple):
        for index, inner in enumerate(errors):
            # A list of texts is one field's messages; a list of dicts is one entry an item.
            yield from flatten(inner, join(path, index) if isinstance(inner, Mapping | list) else path)
    else:
        yield path or ROOT, str(errors)
