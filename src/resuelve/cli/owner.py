"""The commands of the person who owns the dictionary. As light as `cli`: each imports what it needs when called."""

from __future__ import annotations

import typer

owner = typer.Typer()
"""Its commands stand beside `run` and `index`, under no name of their own."""
