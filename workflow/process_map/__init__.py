"""The map: a Definition drawn and told in four reading levels. Pure: no database, no clock, the same bytes every time."""

from workflow.process_map.book import files, page, picture
from workflow.process_map.levels import LEVELS
from workflow.process_map.outline import Outline, outline
from workflow.process_map.pictures import overview
from workflow.process_map.svg import document, sheets
from workflow.process_map.worker import Told, told

__all__ = ["LEVELS", "Outline", "Told", "document", "files", "outline", "overview", "page", "picture", "sheets", "told"]
