"""What a pretrained model says of changes in DNA that it has not seen, and in shuffled DNA.

    python tools/variants_table.py --checkpoint runs/pretrained --shards shards \\
        --species saccharomyces_cerevisiae --work runs/variants

Random changes of one base, insertions and deletions of three bases are put into the species'
held-out contigs (--split), and at the same places into the same contigs shuffled: their bases, or
so that every count of two neighbouring bases stays (Altschul and Erickson 1985, doi
10.1093/oxfordjournals.molbev.a040370). `dnagpt score` scores all. A model that has learned more of
the species than its bases, or than its pairs of bases, finds the change of a real sequence less
likely than that of a shuffled one. What has its result already is not run again.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import dnagpt_files
import table_runs
from dnagpt_files import BASES, BASES_PER_WORD, FileError, Shard
from prediction_files import read_table
from scores import ranking_areas
from table_runs import program, run_unless_there
from text_tables import format_value, markdown_table
from whole_files import write_text

KINDS = ("single base", "insertion", "deletion")
LENGTH = 3
"""Bases that are put in or taken out: the same for all, for each costs about the same."""
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def contig_bases(shard: Shard) -> dict[str, str]:
    """The bases of each contig of a shard, by name and place."""
    letters = np.array(list(BASES))[dnagpt_files.word_codes()[shard.tokens]].reshape(-1)
    columns = (shard.contigs[name] for name in ("name", "source_start", "first_token", "length"))
    return {
        f"{name}_{start}": "".join(letters[BASES_PER_WORD * first :][:length])
        for name, start, first, length in zip(*columns, strict=True)
    }


def last_edges(edges: dict[str, list[str]], last: str, draw: random.Random) -> dict[str, str]:
    """For each other base the one that follows it for the last time, such that all lead to `last`.

    Drawn until they do.
    """
    while True:
        chosen = {base: draw.choice(after) for base, after in edges.items() if base != last}
        reached = {last}
        for _ in chosen:
            reached |= {base for base, after in chosen.items() if after in reached}
        if reached >= chosen.keys():
            return chosen


def shuffle_pairs(bases: str, draw: random.Random) -> str:
    """Another sequence with the same ends and the same count of each pair of neighbours."""
    edges: dict[str, list[str]] = {}
    for base, after in itertools.pairwise(bases):
        edges.setdefault(base, []).append(after)
    chosen = last_edges(edges, bases[-1], draw)
    for base, after in edges.items():
        if base in chosen:
            after.remove(chosen[base])
        draw.shuffle(after)
        if base in chosen:
            after.append(chosen[base])
    places = dict.fromkeys(edges, 0)
    shuffled = [bases[0]]
    for _ in bases[1:]:
        base = shuffled[-1]
        shuffled.append(edges[base][places[base]])
        places[base] += 1
    return "".join(shuffled)


def shuffle_bases(bases: str, draw: random.Random) -> str:
    """The same bases in another order."""
    letters = list(bases)
    draw.shuffle(letters)
    return "".join(letters)


SHUFFLES = {"pairs shuffled": shuffle_pairs, "bases shuffled": shuffle_bases}
SEQUENCES = ("real", *SHUFFLES)


def file_name(sequence: str) -> str:
    """Of the files of a sequence, without their ends."""
    return sequence.replace(" ", "_")


def draw_place(contigs: dict[str, str], margin: int, draw: random.Random) -> tuple[str, int]:
    """A contig and a place in it with `margin` bases on both sides, none of them N."""
    names = [name for name, bases in contigs.items() if len(bases) > 2 * margin + LENGTH]
    if not names:
        raise FileError(f"no contig has more than {2 * margin + LENGTH} bases; lower --flank")
    room = [len(contigs[name]) - 2 * margin - LENGTH for name in names]
    while True:
        name = draw.choices(names, room)[0]
        at = draw.randrange(margin, len(contigs[name]) - margin - LENGTH)
        if "N" not in contigs[name][at - margin : at + margin + LENGTH]:
            return name, at


def change(kind: str, bases: str, at: int, draw: random.Random) -> tuple[str, str]:
    """REF and ALT of a change that begins behind base `at`, or at it."""
    if kind == "single base":
        return bases[at], draw.choice([base for base in "ACGT" if base != bases[at]])
    if kind == "deletion":
        return bases[at : at + LENGTH + 1], bases[at]
    return bases[at], bases[at] + "".join(draw.choices("ACGT", k=LENGTH))


def write_variants(options: argparse.Namespace, contigs: dict[str, str]) -> None:
    """References and their variants, real and shuffled, at the same places."""
    draw = random.Random(options.seed)
    kinds = [kind for kind in KINDS for _ in range(options.count)]
    places = [(kind, *draw_place(contigs, options.flank, draw)) for kind in kinds]
    for sequence in SEQUENCES:
        reference = contigs
        if shuffle := SHUFFLES.get(sequence):
            reference = {name: shuffle(bases, draw) for name, bases in contigs.items()}
        fasta = "".join(f">{name}\n{bases}\n" for name, bases in reference.items())
        write_text(options.work / f"{file_name(sequence)}.fa", fasta)
        lines = [HEAD]
        for kind, name, at in places:
            ref, alt = change(kind, reference[name], at, draw)
            lines.append(f"{name}\t{at + 1}\t{kind.replace(' ', '_')}\t{ref}\t{alt}\t.\t.\t.\n")
        write_text(options.work / f"{file_name(sequence)}.vcf", "".join(lines))


def read_ratios(path: Path) -> dict[str, np.ndarray]:
    """llr of the scored variants by kind."""
    columns = read_table(path)
    scored = columns["status"] == "ok"
    return {
        kind: columns["llr"][scored & (columns["id"] == kind.replace(" ", "_"))].astype(float)
        for kind in KINDS
    }


def table_of(ratios: dict[str, dict[str, np.ndarray]]) -> list[str]:
    """Lines: for each kind, real beside shuffled."""
    cells = [["change", "sequence", "n", "mean llr", "standard error", "below 0", "real lower"]]
    for kind in KINDS:
        for sequence in SEQUENCES:
            llr, real = ratios[sequence][kind], ratios["real"][kind]
            error = llr.std(ddof=1) / np.sqrt(len(llr))
            values = [float(llr.mean()), float(error), float((llr < 0).mean())]
            lower = "" if sequence == "real" else format_value(share_lower(real, llr))
            cells.append([kind, sequence, str(len(llr)), *map(format_value, values), lower])
    return markdown_table(cells)


def share_lower(left: np.ndarray, right: np.ndarray) -> float:
    """Of all pairs, in how many the one of `left` is lower; ties count half."""
    is_left = np.arange(len(left) + len(right)) < len(left)
    area, _ = ranking_areas(is_left, -np.concatenate([left, right]), np.ones(len(is_left)))
    return area


def make_tables(options: argparse.Namespace) -> list[str]:
    """Lines: the table, and what its columns are."""
    shards = dnagpt_files.iterate_shards(options.shards, options.split)
    own = [shard for shard in shards if shard.species == options.species]
    if not own:
        raise FileError(f"{options.shards} holds no {options.split} shards of {options.species}")
    contigs: dict[str, str] = {}
    for shard in own:
        contigs |= contig_bases(shard)
    write_variants(options, contigs)
    ratios = {}
    for sequence in SEQUENCES:
        files = {"vcf": "vcf", "reference": "fa", "output": "tsv"}
        given = [
            f"--{option}={options.work / file_name(sequence)}.{end}"
            for option, end in files.items()
        ]
        given += [f"--flank={options.flank}", f"--species={own[0].attributes['species_token']}"]
        output = options.work / f"{file_name(sequence)}.tsv"
        command = program(options, "score", f"--checkpoint={options.checkpoint}", *given)
        ratios[sequence] = read_ratios(run_unless_there(options, output, command))
    bases = sum(map(len, contigs.values()))
    return [
        f"## Changes in {options.split} sequence of {options.species} ({bases:,} bases)",
        "",
        *table_of(ratios),
        "",
        f"llr: log p of the changed less that of the given sequence (nats), flank {options.flank}.",
        "below 0: share of changes that the model finds less likely than what stands there.",
        "real lower: share of pairs with one of the real sequence in which that has the lower llr.",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with a message."""
    parser = table_runs.make_parser(__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="file or run folder")
    parser.add_argument("--shards", type=Path, required=True, help="folder of `dnagpt-prep shard`")
    parser.add_argument("--species", required=True, help="whose contigs are changed")
    parser.add_argument(
        "--split",
        choices=("validation", "test"),
        default="test",
        help="of the contigs (%(default)s)",
    )
    parser.add_argument("--count", type=int, default=500, help="changes of each kind (%(default)s)")
    parser.add_argument(
        "--flank", type=int, default=150, help="bases read on each side (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides the changes (%(default)s)")
    return table_runs.finish(parser.parse_args(arguments), make_tables)


if __name__ == "__main__":
    sys.exit(main())
