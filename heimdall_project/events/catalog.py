"""Changes of catalog items. Topic `catalog.upsert.v1`, key id."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from .texts import TextChecked, text
from .times import Moment, storable

SCHEMA = "catalog.upsert/1"
TITLE_NEEDED = "is required for an upsert"


class CatalogOp(StrEnum):
    """What became of the item."""

    UPSERT = "upsert"
    DELETE = "delete"


type Names = Annotated[list[Annotated[str, text(1, 128)]], Meta(max_length=100)]


class CatalogChanged(TextChecked, kw_only=True, omit_defaults=True):
    """`catalog.upsert.v1`, key id: the item as it is from this version on, or that it is gone."""

    id: Annotated[str, text(1, 128)]
    """The content_id of page views."""
    version: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    """Grows with every change of the item, deletes among them: readers keep the highest."""
    op: CatalogOp
    updated_at: Moment
    title: Annotated[str, text(0, 512)] | None = None
    description: Annotated[str, text(0, 65_536)] | None = None
    authors: Names = []
    categories: Names = []
    tags: Names = []

    def __post_init__(self) -> None:
        self.updated_at = storable(self.updated_at)
        if self.op is CatalogOp.UPSERT and not self.title:
            raise ValueError(f"`title` {TITLE_NEEDED}")

    @classmethod
    def broken_rules(cls, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """See the base."""
        if given.get("op") == CatalogOp.UPSERT and not given.get("title"):
            yield "$.title", TITLE_NEEDED
