"""Synthetic logs with known templates, in the manner of well-known systems.

Every line is of our own making: a table of templates with placeholders, filled by a seeded generator. The
number of the template is the truth that grouping accuracy is measured against.
"""

from .corpus import Corpus, Family, generate
from .registry import FAMILIES

__all__ = ["FAMILIES", "Corpus", "Family", "generate"]
