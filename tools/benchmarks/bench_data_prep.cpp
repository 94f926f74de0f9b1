#include <benchmark/benchmark.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/shard_builder.hpp"
#include "dnagpt/genome/fasta_reader.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

// How fast bases become word numbers, on one core. `bases` is bases a second: of CPU time, and of
// real time where the name says so. The ...ToShards are all of `dnagpt-prep shard` for one species,
// up to the synced shards. GzipToWords, GzipToShards and GzipProgram read the same file and are to
// be compared with each other.

namespace dnagpt {
namespace {

constexpr std::size_t base_count = 6 * (std::size_t{1} << 22);
constexpr std::size_t line_width = 80;
constexpr std::size_t chunk_bases = 6 * (std::size_t{1} << 14);

/// Random bases with a tenth in lower case and runs of N, as in a soft-masked genome.
std::string random_letters() {
    std::string letters(base_count, 'N');
    for (std::size_t i = 0; i < letters.size(); ++i) {
        std::uint64_t const bits = random_bits(1, i);
        letters[i] = (i >> 12) % 10 == 0 ? "acgt"[bits & 3U] : "ACGT"[bits & 3U];
        letters[i] = (i >> 14) % 50 == 0 ? 'N' : letters[i];
    }
    return letters;
}

std::string random_fasta() {
    std::string const letters = random_letters();
    std::string text = ">chr1 random\n";
    for (std::size_t i = 0; i < letters.size(); i += line_width) {
        text.append(letters, i, line_width).push_back('\n');
    }
    return text;
}

void count_bases(benchmark::State& state, std::uint64_t bases) {
    state.counters["bases"] =
        benchmark::Counter(static_cast<double>(bases), benchmark::Counter::kIsRate);
}

/// The same FASTA as plain file and as gzip file, removed at the end of the program.
class FastaFiles {
  public:
    FastaFiles() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "bench_data_prep_XXXXXX").string();
        DNAGPT_VALIDATE(::mkdtemp(pattern.data()) != nullptr,
                        << "no folder for test files can be made; set TMPDIR to one");
        folder_ = pattern;
        std::string const text = random_fasta();
        std::ofstream(plain(), std::ios::binary) << text;
        gzFile const file = gzopen(packed().c_str(), "wb6");
        DNAGPT_EXPECT(file != nullptr);
        DNAGPT_EXPECT(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) > 0);
        DNAGPT_EXPECT(gzclose(file) == Z_OK);
    }
    ~FastaFiles() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    FastaFiles(FastaFiles const&) = delete;
    FastaFiles& operator=(FastaFiles const&) = delete;

    [[nodiscard]] std::string plain() const { return (folder_ / "random.fa").string(); }
    [[nodiscard]] std::string packed() const { return (folder_ / "random.fa.gz").string(); }
    [[nodiscard]] std::string shards() const { return (folder_ / "shards").string(); }

  private:
    std::filesystem::path folder_;
};

FastaFiles const& fasta_files() {
    static FastaFiles const files;
    return files;
}

std::uint64_t read_into_words(std::string const& path) {
    FastaReader reader(path);
    std::vector<std::uint8_t> codes(chunk_bases);
    std::vector<std::uint16_t> words(chunk_bases / bases_per_word);
    std::uint64_t bases = 0;
    for (FastaRecord record; reader.next_record(record);) {
        while (std::size_t const count = reader.read_bases(codes)) {
            std::size_t const whole = count / bases_per_word;
            pack_words(std::span(codes).first(whole * bases_per_word),
                       std::span(words).first(whole));
            benchmark::DoNotOptimize(words.data());
            bases += count;
        }
    }
    return bases;
}

void letters_to_words(benchmark::State& state) {
    std::string const letters = random_letters();
    std::vector<std::uint8_t> codes(chunk_bases);
    std::vector<std::uint16_t> words(chunk_bases / bases_per_word);
    std::uint64_t bases = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i + chunk_bases <= letters.size(); i += chunk_bases) {
            normalise_bases({letters.data() + i, chunk_bases}, codes);
            pack_words(codes, words);
            benchmark::DoNotOptimize(words.data());
            bases += chunk_bases;
        }
    }
    count_bases(state, bases);
}

void words_to_codes(benchmark::State& state) {
    std::vector<std::uint8_t> codes = base_codes(random_letters());
    std::vector<std::uint16_t> const words = pack_words_filled(codes);
    std::uint64_t bases = 0;
    for (auto _ : state) {
        unpack_words(words, codes);
        benchmark::DoNotOptimize(codes.data());
        bases += codes.size();
    }
    count_bases(state, bases);
}

void fasta_to_words(benchmark::State& state, bool packed) {
    FastaFiles const& files = fasta_files();
    std::uint64_t bases = 0;
    for (auto _ : state) {
        bases += read_into_words(packed ? files.packed() : files.plain());
    }
    count_bases(state, bases);
}

void fasta_to_shards(benchmark::State& state, bool packed) {
    FastaFiles const& files = fasta_files();
    std::string const path = packed ? files.packed() : files.plain();
    SpeciesFiles const species{{.name = "random",
                                .token = 'R',
                                .assembly = "",
                                .files = {},
                                .contigs = {},
                                .exclude_contigs = {}},
                               {path},
                               static_cast<std::int64_t>(std::filesystem::file_size(path))};
    BuildSettings settings;
    settings.folder = files.shards();
    settings.program_version = "0";
    std::uint64_t bases = 0;
    for (auto _ : state) {
        state.PauseTiming();
        std::filesystem::remove_all(settings.folder);
        std::filesystem::create_directories(settings.folder);
        state.ResumeTiming();
        build_shards(species, settings, [](std::uint64_t) {});
        bases += base_count;
    }
    count_bases(state, bases);
}

/// `gzip -dc` of the same file, its output thrown away by the shell.
void gzip_program(benchmark::State& state) {
    std::string const command = "gzip -dc '" + fasta_files().packed() + "' > /dev/null";
    std::uint64_t bases = 0;
    for (auto _ : state) {
        if (std::system(command.c_str()) != 0) {
            state.SkipWithError("gzip cannot be run");
            break;
        }
        bases += base_count;
    }
    count_bases(state, bases);
}

BENCHMARK(letters_to_words)->Name("LettersToWords");
BENCHMARK(words_to_codes)->Name("WordsToCodes");
BENCHMARK_CAPTURE(fasta_to_words, plain, false)->Name("PlainFastaToWords");
BENCHMARK_CAPTURE(fasta_to_words, gzip, true)->Name("GzipToWords")->UseRealTime();
BENCHMARK_CAPTURE(fasta_to_shards, plain, false)->Name("PlainFastaToShards")->UseRealTime();
BENCHMARK_CAPTURE(fasta_to_shards, gzip, true)->Name("GzipToShards")->UseRealTime();
BENCHMARK(gzip_program)->Name("GzipProgram")->UseRealTime();

}  // namespace
}  // namespace dnagpt

BENCHMARK_MAIN();
