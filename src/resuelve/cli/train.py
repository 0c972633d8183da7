"""`resuelve train …`: the group. Each command's options stand in a module of its own."""

from __future__ import annotations

import typer

from resuelve.cli.fine_tune import image, reformulate
from resuelve.cli.options import told
from resuelve.cli.students import critic, demote, encoder, list_versions, promote, rerank, show

train = typer.Typer(help=told("finetune.help"), no_args_is_help=True)
train.command("critic", help=told("students.critic.help"))(critic)
train.command("rerank", help=told("students.rerank.help"))(rerank)
train.command("encoder", help=told("students.encoder.help"))(encoder)
train.command("image", help=told("finetune.image.help"))(image)
train.command("reformulate", help=told("finetune.language.help"))(reformulate)
train.command("list", help=told("students.list.help"))(list_versions)
train.command("show", help=told("students.show.help"))(show)
train.command("promote", help=told("students.promote.help"))(promote)
train.command("demote", help=told("students.demote.help"))(demote)
