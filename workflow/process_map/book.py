"""Everything the map is made of, as files: docs/process.md and the pictures beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workflow.definition.model import Definition
from workflow.process_map import markdown, pictures, svg
from workflow.process_map.diagram import Diagram
from workflow.process_map.levels import LEVELS

PAGE, OVERVIEW = "process.md", "process/overview.svg"


def picture(definition: Definition, level: str, matter: str) -> Diagram:
    """One matter at one reading level. KeyError for a level or a matter that is not there."""
    if level not in LEVELS:
        raise KeyError(level)
    return pictures.of_matter(definition, matter, level)


def page(definition: Definition, level: str = "") -> str:
    """The whole map in words, or one reading level of it, as Markdown."""
    return markdown.page(definition, [level] if level else list(LEVELS))


def place(level: str, matter: str) -> str:
    """Where a picture lies below the folder of the map."""
    return f"process/{level}/{matter}.svg"


def files(
    definition: Definition, levels: Collection[str] = tuple(LEVELS), kinds: Collection[str] = ("md", "svg")
) -> Mapping[str, str]:
    """Path below the docs folder → text. `kinds`: md, svg. The page in words holds the levels asked for."""
    made: dict[str, str] = {}
    if "md" in kinds:
        made[PAGE] = markdown.page(definition, [level for level in LEVELS if level in levels])
    if "svg" in kinds:
        made[OVERVIEW] = svg.document(pictures.overview(definition))
        for level in LEVELS:
            for matter in definition.matters if level in levels else ():
                made[place(level, matter)] = svg.document(picture(definition, level, matter))
    return made
