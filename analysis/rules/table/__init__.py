"""All rules. Of two with the same score the earlier one wins, so the more specific tables come first."""

from ..rule import Rule
from . import access, cluster, code, network, resources, storage

RULES: tuple[Rule, ...] = (
    *resources.RULES,
    *storage.RULES,
    *access.RULES,
    *network.RULES,
    *cluster.RULES,
    *code.RULES,
)
