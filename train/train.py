"""
Trains the embedded model. Ends cleanly on SIGTERM or Ctrl-C, and goes on where it ended.

    python train/train.py                    the learning rate is held: for as long as you let it
    python train/train.py --decay 600        from there, 600 steps in which it falls to nothing: a model to use
    python train/train.py --keep             makes the decayed model the one to go on from

Every step's examples follow from the seed and the step's number. On a GPU one process trains; on CPUs two of one thread each, which
share the work of every step (operations this small gain little from threads, and stall when another program takes a core).
"""

import argparse
import csv
import signal
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
import weights as kept_weights
from batches import SHARDS, believed
from compute import quick_type
from config import Config
from distributed import all_reduce, join, reduce_gradients
from examples import Examples, ignore_signals
from held_out import HeldOut
from model import Model
from optimizer import EXPERTS_RATE, optimizers
from schedule import Schedule, time_of_day
from tokenizer import load as load_tokenizer

BALANCE_RATE = 0.003  # of expert biases, a step
CHECKPOINTS = Path(__file__).with_name("checkpoints")


class Run:
    """What a checkpoint holds: the model, its optimizers and how far they are."""

    def __init__(self, args: argparse.Namespace, device: torch.device):
        self.folder = CHECKPOINTS / args.name
        stable, decayed = self.folder / "stable.pt", self.folder / "decayed.pt"
        self.path = decayed if args.decay or args.decay_until else stable
        decaying = False
        state = torch.load(stable, map_location="cpu", weights_only=True) if stable.exists() else None
        if args.decay and state and decayed.exists():
            further = torch.load(decayed, map_location="cpu", weights_only=True)
            if decaying := further["decay_from"] == state["step"]:  # else it is of an earlier decay
                state = further
        torch.manual_seed(args.seed)
        progress = {"step": 0, "tokens": 0, "seconds": 0}
        if state:
            self.model = Model(Config(**state["config"]))
            self.model.load_state_dict(state["model"])
            progress = state
        elif args.weights:
            self.model, progress = kept_weights.load(args.weights)
        else:
            self.model = Model(Config(load_tokenizer().get_vocab_size()))
        self.step, self.tokens, self.seconds = int(progress["step"]), int(progress["tokens"]), float(progress["seconds"])
        self.decay_from = progress["decay_from"] if decaying else None
        self.model.to(device).train()
        for experts in self.model.experts:
            experts.q4_0 = args.q4_0
        self.optimizers = optimizers(self.model, args.lr, args.experts_rate)
        for optimizer, kept in zip(self.optimizers, state["optimizers"] if state else (), strict=False):
            # Rates and the like are this run's.
            optimizer.load_state_dict({"state": kept["state"], "param_groups": optimizer.state_dict()["param_groups"]})
        if self.path == decayed and self.decay_from is None:
            self.decay_from = self.step
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["initial_lr"] = group["lr"]

    def save(self) -> None:
        state = {
            "config": asdict(self.model.config),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            **{key: getattr(self, key) for key in ("step", "tokens", "seconds", "decay_from")},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save(state, self.path.with_suffix(".new"))
        self.path.with_suffix(".new").replace(self.path)

    def log(self, name: str, row: dict) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.path.stem}-{name}.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)

    def trim_logs(self) -> None:
        """Takes away what is not of this run: an earlier decay's rows, and those that came after the checkpoint was saved."""
        for path in self.folder.glob(f"{self.path.stem}-*.csv"):
            with path.open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if (self.decay_from or 0) < int(row["step"]) <= self.step]
            path.unlink()
            for row in rows:
                self.log(path.stem.removeprefix(f"{self.path.stem}-"), row)


def train(rank: int, world: int, args: argparse.Namespace, store: str) -> None:
    if world > 1:
        join(rank, world, store)
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopped.append(number))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = quick_type(device)
    shards = 1 if device.type == "cuda" else SHARDS
    examples = Examples(args.seed, args.tokens_per_step // shards, ahead=device.type == "cuda")
    held_out = HeldOut(device)
    run = Run(args, device)
    model = run.model
    if rank == 0:
        run.trim_logs()
        n = sum(p.numel() for p in model.parameters())
        print(f"{n:,} parameters on {device}; {run.step} steps and {run.tokens:,} tokens seen", flush=True)

    def log_losses() -> None:
        """A loss is waited for here only: a GPU is many operations behind."""
        for row, loss in rows:
            run.log("loss", {**row, "loss": loss.item()})
        if rows:
            print(f"step {run.step}: loss {loss.item():.4f}, {run.tokens:,} tokens, {run.seconds:.0f} s", flush=True)
        rows.clear()

    def evaluate() -> None:
        if rank == 0:
            log_losses()
            run.save()
        table = held_out.evaluate(model, dtype, rank, world)
        if rank == 0:
            for job, (loss, exact, turns) in table.items():
                run.log("held-out", {"step": run.step, "tokens": run.tokens, "job": job, "loss": loss, "exact": exact, "turns": turns})
            print("held out: " + "; ".join(f"{job} {loss:.3f} {exact:.0%}" for job, (loss, exact, _) in table.items()), flush=True)

    schedule = Schedule(run.step, bool(run.optimizers[0].state), run.decay_from, args.decay, args.decay_until)
    began = time.monotonic() - run.seconds
    rows: list[tuple[dict, torch.Tensor]] = []
    while True:
        rate = schedule.factor(run.step)
        done = rate <= 0 or run.step == args.steps or (args.until is not None and time.time() >= args.until)
        votes = torch.tensor([float(done or bool(stopped)), rate])
        all_reduce(votes)
        if votes[0] > 0:
            break
        rate = votes[1].item() / world

        model.zero_grad()
        loss, sums = torch.zeros((), device=device), torch.zeros(2)  # the assistant's tokens' loss; their number, and that of all
        for shard in range(rank, shards, world):
            batch, places, wanted, weights = (part.to(device) for part in examples.of(run.step, shard))
            losses = F.cross_entropy(model.head(model.hidden(batch, dtype).index_select(0, places)).float(), wanted, reduction="none")
            known = losses.detach()
            (losses * weights * believed(known, places)).sum().backward()
            loss += known.sum()
            sums += torch.tensor([len(places), len(batch.ids)])
        all_reduce(loss)
        all_reduce(sums)
        reduce_gradients(model, sums[0].item())
        for optimizer in run.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate
            optimizer.step()
        for experts in model.experts:
            experts.balance(BALANCE_RATE * rate)

        run.step, run.tokens, run.seconds = run.step + 1, run.tokens + int(sums[1]), time.monotonic() - began
        if rank == 0:
            rows.append(({"step": run.step, "tokens": run.tokens, "seconds": round(run.seconds, 1), "factor": rate}, loss / sums[0]))
            if run.step % 20 == 0:
                log_losses()
        if run.step % args.evaluate_every == 0:
            evaluate()
    evaluate()


def keep(folder: Path) -> None:
    """What decayed is the stable model from now on, its logs behind the others."""
    step = torch.load(folder / "decayed.pt", map_location="cpu", weights_only=True)["decay_from"]
    for path in folder.glob("decayed-*.csv"):
        stable = folder / path.name.replace("decayed", "stable")
        with stable.open(newline="") as before, path.open(newline="") as behind:
            rows = [row for row in csv.DictReader(before) if int(row["step"]) <= step] + list(csv.DictReader(behind))
        with stable.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        path.unlink()
    (folder / "decayed.pt").replace(folder / "stable.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="main", help="folder under train/checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path, help="safetensors to begin with where there is no checkpoint")
    parser.add_argument("--steps", type=int, help="end after this step")
    parser.add_argument("--until", type=time_of_day, help="end at this time of day, HH:MM")
    parser.add_argument("--decay", type=int, default=0, help="steps in which the learning rate falls to nothing")
    parser.add_argument("--keep", action="store_true", help="go on from the decayed model, later")
    parser.add_argument("--decay-until", type=time_of_day, help="the time of day, HH:MM:SS, at which the learning rate is to be nothing")
    parser.add_argument("--experts-rate", type=float, default=EXPERTS_RATE, help="of experts, as a part of the other matrices'")
    parser.add_argument("--q4-0", action="store_true", help="experts learn as Q4_0 will keep them")
    parser.add_argument("--lr", type=float, default=0.02, help="of matrices; the others follow")
    parser.add_argument("--tokens-per-step", type=int, default=16_384)
    parser.add_argument("--evaluate-every", type=int, default=200, help="steps")
    args = parser.parse_args()
    if args.keep:
        keep(CHECKPOINTS / args.name)
        return
    if torch.cuda.is_available():
        train(0, 1, args, "")
        return
    with tempfile.TemporaryDirectory() as folder:
        ignore_signals()  # the processes get it too, and end after their step
        torch.multiprocessing.spawn(train, (SHARDS, args, f"{folder}/store"), nprocs=SHARDS)


if __name__ == "__main__":
    main()
