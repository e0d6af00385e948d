"""
Draws the loss over the tokens seen.

    python train/plot.py train/checkpoints/main models/loss.png
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SMOOTH = 0.95  # of the running mean


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of the stable stage up to where the decay began, and the decay's."""
    rows: list[dict[str, str]] = []
    for stage in ("decayed", "stable"):
        path = folder / f"{stage}-{name}.csv"
        if path.exists():
            with path.open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if not rows or int(row["step"]) < int(rows[0]["step"])] + rows
    return rows


def main(folder: Path, picture: Path) -> None:
    rows = read(folder, "loss")
    tokens = [int(row["tokens"]) / 1e6 for row in rows]
    losses = [float(row["loss"]) for row in rows]
    smooth, mean = [], losses[0]
    for loss in losses:
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        smooth.append(mean)
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.5))
    axes[0].plot(tokens, losses, color="0.8", linewidth=0.7)
    axes[0].plot(tokens, smooth, color="black")
    axes[0].set(xlabel="million tokens seen", ylabel="loss per token of the assistant's", title="training", yscale="log")

    held_out = read(folder, "held-out")
    axes[1].set_prop_cycle(color=plt.cm.tab20.colors)
    for job in sorted({row["job"] for row in held_out}):
        of = [row for row in held_out if row["job"] == job]
        axes[1].plot([int(row["tokens"]) / 1e6 for row in of], [100 * float(row["exact"]) for row in of], label=job, marker=".")
    axes[1].set(xlabel="million tokens seen", ylabel="exact last turns, %", title="held out", ylim=(0, 100))
    axes[1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(picture, dpi=100)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
