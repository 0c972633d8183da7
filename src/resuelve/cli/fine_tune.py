"""`resuelve train image` and `train reformulate`: their options. Light: what they do is imported when one is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resuelve.cli.options import Workspace, told

Model = Annotated[str, typer.Option("--model", metavar="MODEL", help=told("finetune.model.help"))]
Whole = Annotated[bool, typer.Option("--whole", help=told("finetune.whole.help"))]
Epochs = Annotated[int, typer.Option("--epochs", min=1, max=1000, help=told("finetune.epochs.help"))]
Rate = Annotated[float | None, typer.Option("--rate", min=1e-7, max=1.0, help=told("finetune.rate.help"))]
Batch = Annotated[int, typer.Option("--batch", min=1, max=512, help=told("finetune.batch.help"))]
Patience = Annotated[int, typer.Option("--patience", min=1, help=told("finetune.patience.help"))]
HeldOut = Annotated[float, typer.Option("--held-out", min=0.05, max=0.5, help=told("finetune.held_out.help"))]
Seed = Annotated[int, typer.Option("--seed", help=told("finetune.seed.help"))]
Device = Annotated[str, typer.Option("--device", metavar="cpu|cuda|mps", help=told("finetune.device.help"))]
NoMlflow = Annotated[bool, typer.Option("--no-mlflow", help=told("finetune.no_mlflow.help"))]
Longest = Annotated[int, typer.Option("--longest", min=8, help=told("finetune.longest.help"))]


def image(
    model: Model,
    folder: Annotated[Path, typer.Argument(help=told("finetune.folder.help"))] = Path("finetune/LLMImage"),
    workspace: Workspace = None,
    whole: Whole = False,
    epochs: Epochs = 10,
    rate: Rate = None,
    batch: Batch = 4,
    patience: Patience = 3,
    held_out: HeldOut = 0.2,
    seed: Seed = 7,
    device: Device = "",
    longest: Longest = 128,
    no_mlflow: NoMlflow = False,
) -> None:
    """Fine-tune a model that says what a picture shows."""
    from resuelve.cli.fine_tuning import run_image
    from resuelve.cli.surroundings import settings_for
    from resuelve.training.recipe import Recipe

    recipe = Recipe(
        model, whole, epochs, rate, batch, seed, patience, held_out=held_out, device=device, longest=longest
    )
    run_image(settings_for(workspace), folder, recipe, mlflow=not no_mlflow)


def reformulate(
    history: Annotated[list[Path], typer.Argument(metavar="FILE...", help=told("finetune.history.help"))],
    model: Model,
    workspace: Workspace = None,
    role: Annotated[list[str] | None, typer.Option("--role", help=told("finetune.role.help"))] = None,
    export: Annotated[Path | None, typer.Option("--export", help=told("finetune.export.help"))] = None,
    whole: Whole = False,
    epochs: Epochs = 3,
    rate: Rate = None,
    batch: Batch = 4,
    patience: Patience = 1,
    held_out: HeldOut = 0.2,
    seed: Seed = 7,
    device: Device = "",
    longest: Longest = 2048,
    no_mlflow: NoMlflow = False,
) -> None:
    """Fine-tune a small language model on what a larger one answered."""
    from resuelve.cli.fine_tuning import run_language
    from resuelve.cli.surroundings import settings_for
    from resuelve.training.recipe import Recipe

    recipe = Recipe(
        model, whole, epochs, rate, batch, seed, patience, held_out=held_out, device=device, longest=longest
    )
    run_language(
        settings_for(workspace),
        history,
        recipe,
        roles=role or ["reformulate"],
        export=export,
        mlflow=not no_mlflow,
    )
