"""Is a changed contract still the same contract? Pure: JSON Schemas in, sentences out.

Compatible both ways means: whoever reads the old one can read new events, whoever reads the new one can
read old events. So fields may only be added, as optional ones; bounds may only widen; choices may only
grow (readers are deployed before writers).
"""

from collections.abc import Iterator, Mapping
from typing import Any

type Schema = Mapping[str, Any]
_LOWER, _UPPER = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """What would break readers; empty if nothing does."""
    return list(_Comparison(old, new).compare(old, new, "$"))


class _Comparison:
    """Two documents, whose definitions are looked up by reference."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str]] = set()

    def compare(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """Sentences about one place."""
        references = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if any(references):
            if references in self._seen:  # a type that contains itself
                return
            self._seen.add(references)
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        before, after = self._variants(old, self._old), self._variants(new, self._new)
        if set(before) != set(after):
            yield f"{path}: type changed from {_named(before)} to {_named(after)}"
            return
        for kind, variant in before.items():
            yield from self._same_type(variant, after[kind], path)
        self._seen.discard(references)

    def _variants(self, schema: Schema, document: Schema) -> dict[str, Schema]:
        """The alternatives at a place by type; a choice of texts counts as a text."""
        alternatives = schema.get("anyOf", [schema])
        resolved = [_resolved(each, document) for each in alternatives]
        return {_type(each): each for each in resolved}

    def _same_type(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        yield from _bounds(old, new, path)
        if gone := sorted(set(map(str, old.get("enum", []))) - set(map(str, new.get("enum", [])))):
            yield f"{path}: no longer takes {', '.join(gone)}"
        if "properties" in old or "properties" in new:
            yield from self._members(old, new, path)
        if "items" in old and "items" in new:
            yield from self.compare(old["items"], new["items"], f"{path}[]")

    def _members(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{path}.{name}: removed"
            else:
                yield from self.compare(before[name], after[name], f"{path}.{name}")
        for name in sorted(needed_after - needed_before):
            yield f"{path}.{name}: {'became required' if name in before else 'added as a required field'}"
        for name in sorted((needed_before - needed_after) & set(after)):
            yield f"{path}.{name}: may now be missing"


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        schema = document["$defs"][name]
    return schema


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return type(schema["enum"][0]).__name__.replace("str", "string").replace("int", "integer")
    form = schema.get("format")
    return f"{schema.get('type', 'any')} ({form})" if form else str(schema.get("type", "any"))


def _named(variants: Mapping[str, Schema]) -> str:
    return " or ".join(sorted(variants))


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for name in _LOWER:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{path}: {name} rose from {old.get(name, 'none')} to {new[name]}"
    for name in _UPPER:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{path}: {name} fell from {old.get(name, 'none')} to {new[name]}"
    if "pattern" in new and new.get("pattern") != old.get("pattern"):
        yield f"{path}: pattern changed"
