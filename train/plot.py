"""
Draws the loss over the tokens seen, and keeps the curve beside the picture: checkpoints and their logs may be lost, the curve goes on.

    python train/plot.py train/checkpoints/main models/loss.png      also models/loss.csv and models/held-out.csv
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

STEPS = 20  # of which loss.csv has the mean
Rows = list[dict[str, str]]


def rows_of(path: Path) -> Rows:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def joined(before: Rows, after: Rows) -> Rows:
    """The second, behind what the first has of earlier steps."""
    return [row for row in before if not after or int(row["step"]) < int(after[0]["step"])] + after


def logged(folder: Path, name: str) -> Rows:
    """The rows of the stable stage up to where the decay began, and the decay's."""
    return joined(rows_of(folder / f"stable-{name}.csv"), rows_of(folder / f"decayed-{name}.csv"))


def means(rows: Rows) -> Rows:
    """One row for each `STEPS` steps."""
    groups: dict[int, Rows] = {}
    for row in rows:
        groups.setdefault((int(row["step"]) - 1) // STEPS, []).append(row)
    return [
        {"step": of[-1]["step"], "tokens": of[-1]["tokens"], "loss": f"{sum(float(row['loss']) for row in of) / len(of):.4f}"}
        for of in groups.values()
    ]


def kept(path: Path, rows: Rows) -> Rows:
    """What the file has before these rows, and these; so it is written too."""
    rows = joined(rows_of(path), rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def main(folder: Path, picture: Path) -> None:
    rows = kept(picture.with_suffix(".csv"), means(logged(folder, "loss")))
    held_out = [
        {"step": row["step"], "tokens": row["tokens"], "job": row["job"], "exact": f"{float(row['exact']):.3f}"}
        for row in logged(folder, "held-out")
    ]
    held_out = kept(picture.with_name("held-out.csv"), held_out)
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.5))
    axes[0].plot([int(row["tokens"]) / 1e6 for row in rows], [float(row["loss"]) for row in rows], color="black", linewidth=1)
    axes[0].set(xlabel="million tokens seen", ylabel="loss per token of the assistant's", title="training", yscale="log")

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
