#!/usr/bin/env bash
# Downloads the nine reference assemblies of DNAGPT-M and verifies their published checksums.
set -euo pipefail

server=https://ftp.ncbi.nlm.nih.gov/genomes/all
folder=
dry_run=0
wanted=()

# name, accession, assembly as the server spells it, size of the download in MB (about)
assemblies='homo_sapiens GCF_000001405.40 GRCh38.p14 970
mus_musculus GCF_000001635.27 GRCm39 810
bos_taurus GCF_002263795.3 ARS-UCD2.0 830
danio_rerio GCF_000002035.6 GRCz11 510
drosophila_melanogaster GCF_000001215.4 Release_6_plus_ISO1_MT 43
escherichia_coli GCF_000005845.2 ASM584v2 2
arabidopsis_thaliana GCF_000001735.4 TAIR10.1 37
caenorhabditis_elegans GCF_000002985.6 WBcel235 31
saccharomyces_cerevisiae GCF_000146045.2 R64 4'

usage() {
    cat <<TEXT
Usage: data_prep/fetch_genomes.sh --output DIR [options]
  --output DIR    where DIR/<species>.<assembly>.fa.gz are written
  --species NAME  only this species; may be given more than once
  --dry-run       print the plan, download nothing
  --server URL    another mirror of genomes/all (default: $server)
  --help          this text
A broken download goes on where it stopped when the command is run again; a file whose
checksum is right is kept. Species:
$(awk '{printf "  %-26s %-18s %-24s %5s MB\n", $1, $2, $3, $4}' <<<"$assemblies")
TEXT
}

stop() {
    printf 'fetch_genomes.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

while [ $# -gt 0 ]; do
    case $1 in
    --output | --species | --server)
        [ $# -ge 2 ] || stop "$1 wants a value; see --help" 2
        case $1 in
        --output) folder=$2 ;;
        --species) wanted+=("$2") ;;
        --server) server=${2%/} ;;
        esac
        shift 2
        ;;
    --dry-run)
        dry_run=1
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) stop "unknown option '$1'; see --help" 2 ;;
    esac
done
[ -n "$folder" ] || stop "--output DIR is missing; see --help" 2

for name in "${wanted[@]}"; do
    grep -q "^$name " <<<"$assemblies" ||
        stop "unknown species '$name'; known are: $(awk '{print $1}' <<<"$assemblies" | paste -sd' ')" 2
done

is_wanted() {
    local name
    [ "${#wanted[@]}" -gt 0 ] || return 0
    for name in "${wanted[@]}"; do
        [ "$name" != "$1" ] || return 0
    done
    return 1
}

# GCF_000001405.40 GRCh38.p14 -> GCF/000/001/405/GCF_000001405.40_GRCh38.p14
folder_on_server() {
    local digits=${1#GCF_}
    printf 'GCF/%s/%s/%s/%s_%s' "${digits:0:3}" "${digits:3:3}" "${digits:6:3}" "$1" "$2"
}

# The published MD5 of one file: lines of md5checksums.txt are "<md5>  ./<file>".
published_md5() {
    awk -v file="./$2" '$2 == file {print $1}' "$1"
}

verify() {
    [ "$(md5sum <"$1" | cut -d' ' -f1)" = "$2" ]
}

download() {
    local accession=$1 assembly=$2 target=$3 source remote part md5
    source=$server/$(folder_on_server "$accession" "$assembly")
    remote=${accession}_${assembly}_genomic.fna.gz
    part=$target.part
    curl -fsSL --retry 5 -o "$target.md5checksums.txt" "$source/md5checksums.txt" ||
        stop "could not read $source/md5checksums.txt (network or server); run the command again"
    md5=$(published_md5 "$target.md5checksums.txt" "$remote")
    rm -f "$target.md5checksums.txt"
    [ -n "$md5" ] || stop "$source/md5checksums.txt does not list $remote (has the assembly moved?)"
    if [ -f "$target" ] && verify "$target" "$md5"; then
        printf '%s: already there, checksum right\n' "$target"
        return 0
    fi
    if ! { [ -f "$part" ] && verify "$part" "$md5"; }; then
        curl -fL --retry 5 --progress-bar -C - -o "$part" "$source/$remote" ||
            stop "$source/$remote: download broke off; run the command again to go on with it"
    fi
    if ! verify "$part" "$md5"; then
        rm -f "$part"
        stop "$remote: checksum differs from the published $md5 (damaged on the way); the file was \
removed, run the command again"
    fi
    mv "$part" "$target"
    printf '%s: checksum right\n' "$target"
}

if [ "$dry_run" -eq 0 ]; then
    for program in curl md5sum; do
        command -v "$program" >/dev/null || stop "$program is not installed" 2
    done
    mkdir -p "$folder"
fi

total=0
while read -r name accession assembly megabytes; do
    is_wanted "$name" || continue
    total=$((total + megabytes))
    target=$folder/$name.$assembly.fa.gz
    if [ "$dry_run" -eq 1 ]; then
        printf '%s/%s/%s_%s_genomic.fna.gz -> %s (about %d MB)\n' "$server" \
            "$(folder_on_server "$accession" "$assembly")" "$accession" "$assembly" "$target" "$megabytes"
    else
        printf '%s (about %d MB)\n' "$name" "$megabytes"
        download "$accession" "$assembly" "$target"
    fi
done <<<"$assemblies"

if [ "$dry_run" -eq 1 ]; then
    printf 'Together about %d MB; nothing was downloaded.\n' "$total"
else
    printf 'Next: dnagpt-prep shard --species data_prep/species.toml --genomes %s --output SHARDS\n' "$folder"
fi
