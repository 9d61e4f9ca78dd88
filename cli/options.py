"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path, typer.Option("--data-dir", help="Where `carrierql up` keeps its data; used without DATABASE_URL.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
