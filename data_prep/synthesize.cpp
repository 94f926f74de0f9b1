#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "synthetic_genome.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t line_width = 80;

/// A gzip file under a temporary name until close().
class GzipWriter {
  public:
    explicit GzipWriter(std::string path)
        : path_(std::move(path)), temporary_(path_ + ".partial"), file_(gzopen(name(), "wb4")) {
        DNAGPT_VALIDATE(file_ != nullptr,
                        << temporary_ << " cannot be written; check the folder of --output");
    }
    ~GzipWriter() {
        if (file_ != nullptr) {
            gzclose(file_);
        }
    }
    GzipWriter(GzipWriter const&) = delete;
    GzipWriter& operator=(GzipWriter const&) = delete;

    void write(std::string_view text) {
        check(gzwrite(file_, text.data(), static_cast<unsigned>(text.size())) ==
              static_cast<int>(text.size()));
    }
    void close() {
        int const code = gzclose(file_);
        file_ = nullptr;
        check(code == Z_OK);
        rename_durably(temporary_, path_);
    }

  private:
    char const* name() const { return temporary_.c_str(); }
    void check(bool written) const {
        DNAGPT_VALIDATE(written, << temporary_ << " cannot be written (is the disk full?); free "
                                 << "space or give another --output");
    }

    std::string path_;
    std::string temporary_;
    gzFile file_;
};

void write_record(GzipWriter& file, std::string const& header, std::string_view letters) {
    file.write(">" + header + "\n");
    std::string lines;
    lines.reserve(letters.size() + letters.size() / line_width + 1);
    for (std::size_t at = 0; at < letters.size(); at += line_width) {
        lines += letters.substr(at, line_width);
        lines += '\n';
    }
    file.write(lines);
}

std::int64_t scaled(std::int64_t length, double factor) {
    return std::max<std::int64_t>(60'000,
                                  static_cast<std::int64_t>(static_cast<double>(length) * factor));
}

void write_species(SynthesizeOptions const& options, SyntheticSpecies const& species,
                   std::string const& path, Progress& progress) {
    GzipWriter file(path);
    std::int64_t const total = scaled(species.length, options.size_factor);
    std::int64_t const count = std::min(species.chromosomes, total / 20'000);
    for (std::int64_t i = 0; i < count; ++i) {
        std::int64_t const length = total / count;
        write_record(file,
                     fmt::format("chr{0} {1} chromosome {0}, synthetic", i + 1, species.title),
                     synthetic_chromosome(species, i, length, options.seed));
        progress.advance(static_cast<std::uint64_t>(length));
    }
    if (species.token == 'R') {
        // what `shard` leaves out by default is shown at work
        write_record(
            file,
            fmt::format("alt1 {} chromosome 1, alternate locus group, synthetic", species.title),
            synthetic_chromosome(species, count, 5'000, options.seed));
    }
    file.close();
}

}  // namespace

void synthesize(SynthesizeOptions const& options) {
    std::error_code error;
    std::filesystem::create_directories(options.output, error);
    DNAGPT_VALIDATE(!error, << "the folder " << options.output << " cannot be made ("
                            << error.message() << "); give another --output");
    std::filesystem::path const folder(options.output);
    std::string table = "# Nine synthetic genomes, written by dnagpt-prep synthesize.\n";
    std::uint64_t total = 0;
    for (SyntheticSpecies const& species : synthetic_species()) {
        total += static_cast<std::uint64_t>(scaled(species.length, options.size_factor));
    }
    Progress progress("synthesize", "bp", total);
    for (SyntheticSpecies const& species : synthetic_species()) {
        std::string const name = species.name + ".synthetic.fa.gz";
        write_species(options, species, (folder / name).string(), progress);
        table += fmt::format(
            "\n[[species]]\nname = \"{}\"\ntoken = \"{}\"\nassembly = \"synthetic, seed {}\"\n"
            "files = [\"{}\"]\n",
            species.name, species.token, options.seed, name);
    }
    write_text_atomically((folder / "species.toml").string(), table);
    progress.finish();
    fmt::print("{} synthetic genomes, {} bp, in {}\n", synthetic_species().size(),
               format_count(total), options.output);
}

}  // namespace dnagpt
