#!/usr/bin/env bash
# data_prep/fetch_genomes.sh: its plan, and downloads from a mirror in a folder.
set -uo pipefail
# shellcheck source=tests/scripts/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
fetch=$project/data_prep/fetch_genomes.sh

run bash "$fetch" --output "$scratch/none" --dry-run
expect_status 0 "dry run"
expect_output "genomes/all/GCF/000/001/405/GCF_000001405.40_GRCh38.p14/GCF_000001405.40_GRCh38.p14_genomic.fna.gz -> $scratch/none/homo_sapiens.GRCh38.p14.fa.gz" "address of the human assembly"
expect_output "GCF/000/001/215/GCF_000001215.4_Release_6_plus_ISO1_MT/" "address of the fly"
expect_output "nothing was downloaded" "dry run says so"
[ "$(grep -c ' -> ' <<<"$output")" -eq 9 ] || fail "nine species in the plan"
[ ! -e "$scratch/none" ] || fail "a dry run makes no folder"

run bash "$fetch" --output "$scratch/none" --dry-run --species danio_rerio --species bos_taurus
expect_output "danio_rerio.GRCz11.fa.gz" "subset"
expect_no_output "homo_sapiens" "subset"

run bash "$fetch" --output "$scratch/none" --dry-run --species unicorn
expect_status 2 "unknown species"
expect_output "unknown species 'unicorn'; known are: homo_sapiens" "unknown species"
run bash "$fetch" --dry-run
expect_status 2 "no --output"

if ! command -v curl >/dev/null; then
    [ "$failures" -eq 0 ] || finish
    echo "SKIPPED: the downloads (curl is not installed)"
    exit 77
fi

name=GCF_000005845.2_ASM584v2
remote=$scratch/mirror/GCF/000/005/845/$name
mkdir -p "$remote"
head -c 200000 /dev/urandom | gzip >"$remote/${name}_genomic.fna.gz"
echo other >"$remote/${name}_cds_from_genomic.fna.gz"
(cd "$remote" && md5sum ./*.gz >md5checksums.txt)
target=$scratch/genomes/escherichia_coli.ASM584v2.fa.gz
fetch_ecoli=(bash "$fetch" --output "$scratch/genomes" --server "file://$scratch/mirror"
    --species escherichia_coli)

run "${fetch_ecoli[@]}"
expect_status 0 "download"
expect_output "checksum right" "download"
cmp -s "$target" "$remote/${name}_genomic.fna.gz" || fail "the downloaded file is the one served"

run "${fetch_ecoli[@]}"
expect_status 0 "second run"
expect_output "already there" "second run"

mv "$target" "$scratch/whole"
head -c 50000 "$scratch/whole" >"$target.part"
run "${fetch_ecoli[@]}"
expect_status 0 "broken download"
cmp -s "$target" "$scratch/whole" || fail "a broken download is completed"

cp "$scratch/whole" "$target.part" && rm "$target"
run "${fetch_ecoli[@]}"
expect_status 0 "download that broke off before the rename"
cmp -s "$target" "$scratch/whole" || fail "a complete partial file is taken"

rm "$target"
head -c 50000 /dev/zero >"$target.part"
run "${fetch_ecoli[@]}"
expect_status 1 "damaged download"
expect_output "checksum differs from the published" "damaged download"
run ls "$scratch/genomes"
expect_no_output "escherichia_coli" "a damaged file is removed"

sed -i '/ASM584v2_genomic/d' "$remote/md5checksums.txt"
run "${fetch_ecoli[@]}"
expect_status 1 "unlisted file"
expect_output "does not list" "unlisted file"

finish
