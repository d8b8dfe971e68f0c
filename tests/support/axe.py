"""axe-core in a page: the rules that the pages keep, and what was found in words."""

from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[2] / "web"
# Evaluated from outside the page, so that the page's own policy stays as strict as in production.
SOURCE = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
"""To be evaluated with `TAGS`; its answer goes to `problems`."""


def problems(name: str, found: dict[str, Any]) -> list[str]:
    """One line per element that breaks a rule."""
    return [
        f"{name}: {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
