#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

enum class RowElement : std::uint8_t { float32, int32, int64 };

/// A dataset (rows, columns), or (rows) with 0 columns.
struct RowDataset {
    std::string name;
    std::int64_t columns = 0;
    RowElement element = RowElement::float32;

    std::int64_t row_bytes() const;
    friend bool operator==(RowDataset const&, RowDataset const&) = default;
};

/// All of a file but its rows.
struct RowFileForm {
    std::string format;
    std::int64_t version = 1;
    std::vector<RowDataset> datasets;
    std::string settings;  ///< JSON: how the rows came about

    friend bool operator==(RowFileForm const&, RowFileForm const&) = default;
};

/// An HDF5 file of ours with a known number of rows that all ranks write, each its own: the ranks
/// must see one file system. It stands under its name when it is finished.
class RowFile {
  public:
    /// Takes the disk space. Collective.
    RowFile(std::string path, RowFileForm form, std::int64_t rows, Communicator const& world);

    /// Rows from `first` on, of dataset number `dataset`, whose elements must be these.
    void write(std::size_t dataset, std::int64_t first, std::span<float const> values);
    void write(std::size_t dataset, std::int64_t first, std::span<std::int32_t const> values);
    void write(std::size_t dataset, std::int64_t first, std::span<std::int64_t const> values);
    /// After all rows of all ranks. Collective.
    void finish();

  private:
    void create();
    template <class T>
    void write_rows(std::size_t dataset, std::int64_t first, std::span<T const> values,
                    RowElement element);

    std::string path_;
    RowFileForm form_;
    std::int64_t rows_;
    Communicator world_;
    std::vector<std::int64_t> offsets_;
    std::optional<UnfinishedFile> unfinished_;  ///< of rank 0
    FileDescriptor file_;
};

/// Writes `path` from files of one form, rows one behind the other: the bytes that one RowFile with
/// all rows has. Error naming a file of another form.
void join_row_files(std::vector<std::string> const& parts, std::string const& path);

}  // namespace dnagpt
