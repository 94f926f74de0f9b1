#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/io/user_block.hpp"

namespace dnagpt {

/// One HDF5 file with a user block of ours. Main thread only. Datasets are contiguous with one or
/// two dimensions, elements are std::uint8_t, std::uint16_t, std::int32_t, std::int64_t,
/// std::uint64_t, float, double, or strings (UTF-8, any length). The same calls with the same
/// values give the same bytes. Names are paths such as "/state/master"; missing groups are made.
/// Everything that fails throws Error with the file's path.
class Hdf5File {
  public:
    /// A new file, empty but for its user block (see user_block_bytes). Not valid before it is
    /// sealed.
    static Hdf5File create(std::string const& path, std::int64_t user_block);
    /// Verifies every digest first and refuses a damaged file, naming blocks and datasets.
    static Hdf5File open_read(std::string const& path);
    /// For a file whose blocks have just been verified (by verify_file, maybe on another rank):
    /// checks the head and the length only.
    static Hdf5File open_verified(std::string const& path);

    ~Hdf5File();
    Hdf5File(Hdf5File&& other) noexcept;
    Hdf5File& operator=(Hdf5File&& other) noexcept;
    Hdf5File(Hdf5File const&) = delete;
    Hdf5File& operator=(Hdf5File const&) = delete;

    std::string const& path() const { return path_; }
    void close();
    /// Ends the writing of a new file: closes it, digests it, writes its user block, syncs it.
    void close_and_seal();

    void create_group(std::string const& name);
    bool has(std::string const& name) const;

    /// Space for a dataset of 1 or 2 dimensions, taken at once and not filled: write_slice fills.
    template <class T>
    void create_dataset(std::string const& name, std::vector<std::int64_t> const& shape);
    /// A whole dataset with one dimension, or with two: values.size() / columns rows.
    template <class T>
    void write(std::string const& name, std::span<T const> values, std::int64_t columns = 0);
    template <class T>
    void write(std::string const& name, std::vector<T> const& values, std::int64_t columns = 0) {
        write(name, std::span<T const>(values), columns);
    }
    void write_strings(std::string const& name, std::vector<std::string> const& values);
    /// Elements (rows, with two dimensions) from `first` on.
    template <class T>
    void write_slice(std::string const& name, std::int64_t first, std::span<T const> values);

    std::vector<std::int64_t> shape(std::string const& name) const;
    /// Error unless the stored elements are T: for datasets that are read by plain reads.
    template <class T>
    void require_type(std::string const& name) const;
    /// The whole dataset in row-major order; its stored type must be T. What a shape says is
    /// checked against what the file holds before memory is taken.
    template <class T>
    std::vector<T> read(std::string const& name) const;
    std::vector<std::string> read_strings(std::string const& name) const;
    /// Elements (rows, with two dimensions) from `first` on, as many as `values` holds.
    template <class T>
    void read_slice(std::string const& name, std::int64_t first, std::span<T> values) const;

    /// Place of a dataset's first byte in the file, for plain reads and writes; Error unless all
    /// its elements lie there, one after the other.
    std::int64_t dataset_offset(std::string const& name) const;
    /// All datasets that take space, by offset.
    std::vector<FileRegion> datasets() const;

    /// `object` is "/" or the name of a group or dataset. An existing attribute is an error.
    void set_attribute(std::string const& object, std::string const& name, std::int64_t value);
    void set_attribute(std::string const& object, std::string const& name, double value);
    void set_attribute(std::string const& object, std::string const& name, std::string_view value);
    void set_attribute(std::string const& object, std::string const& name, char const* value) {
        set_attribute(object, name, std::string_view(value));
    }
    void set_attribute(std::string const& object, std::string const& name, int value) {
        set_attribute(object, name, std::int64_t{value});
    }
    bool has_attribute(std::string const& object, std::string const& name) const;
    std::int64_t int_attribute(std::string const& object, std::string const& name) const;
    double double_attribute(std::string const& object, std::string const& name) const;
    std::string string_attribute(std::string const& object, std::string const& name) const;

  private:
    Hdf5File(std::string path, std::int64_t id) : path_(std::move(path)), id_(id) {}

    std::string path_;
    std::int64_t id_ = -1;
};

/// "HDF5 1.10.8": what this was compiled with.
std::string hdf5_library();

}  // namespace dnagpt
