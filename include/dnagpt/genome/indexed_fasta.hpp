#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/genome/genome_region.hpp"

struct faidx_t;

namespace dnagpt {

/// A FASTA file (plain or BGZF) of which parts are read by their place, through the index beside it
/// (.fai, of BGZF .gzi too), which is made where it is missing.
class IndexedFasta {
  public:
    /// Errors: a file that cannot be opened, is no FASTA or is gzip without blocks, an index that
    /// is older than the file, damaged or cannot be written.
    explicit IndexedFasta(std::string path);

    std::string const& path() const { return path_; }
    /// Names of the contigs in the order of the file.
    std::vector<std::string> const& contigs() const { return contigs_; }
    bool has(std::string const& contig) const;
    /// Bases of a contig that is there.
    std::int64_t length(std::string const& contig) const;
    /// Base codes of a region within its contig; Error where the file does not hold them.
    std::vector<std::uint8_t> codes(GenomeRegion const& region) const;

  private:
    struct CloseIndex {
        void operator()(faidx_t* index) const;
    };

    std::string path_;
    std::unique_ptr<faidx_t, CloseIndex> index_;
    std::vector<std::string> contigs_;
};

}  // namespace dnagpt
