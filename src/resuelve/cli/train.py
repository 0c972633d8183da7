"""`resuelve train …`: the group. Each command's options stand in a module of its own."""

from __future__ import annotations

import typer

from resuelve.cli.fine_tune import image, reformulate
from resuelve.cli.options import told

train = typer.Typer(help=told("finetune.help"), no_args_is_help=True)
train.command("image", help=told("finetune.image.help"))(image)
train.command("reformulate", help=told("finetune.language.help"))(reformulate)
