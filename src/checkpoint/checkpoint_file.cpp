#include "dnagpt/checkpoint/checkpoint_file.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t format_version = 1;
constexpr std::string_view file_kind = "checkpoint";
constexpr std::int64_t float_bytes = sizeof(float);
constexpr std::int64_t region_line_bytes = 42;  // two numbers, two tabs, newline

std::int64_t tensor_size(StoredTensor const& tensor) {
    return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1},
                           std::multiplies<>());
}

std::string region_name(std::string const& dataset, StoredTensor const& tensor) {
    return dataset + " tensor " + tensor.name;
}

/// An upper bound: the places of the regions are not known yet.
std::int64_t expected_map_bytes(CheckpointHeader const& header) {
    std::int64_t bytes = 1024;  // the datasets
    for (auto const& tensor : header.layout) {
        for (std::string const dataset : state_datasets) {
            bytes += static_cast<std::int64_t>(region_name(dataset, tensor).size());
            bytes += region_line_bytes;
        }
    }
    return bytes;
}

std::int64_t expected_payload_bytes(CheckpointHeader const& header) {
    auto const texts = static_cast<std::int64_t>(
        header.config.size() + header.sampler.size() + header.task.size() +
        header.product_choices.size() + 8 * header.skip_list.size());
    return 3 * float_bytes * header.elements + texts;
}

/// Shapes as rows, filled with zeros up to the longest.
std::vector<std::int64_t> padded_shapes(std::vector<StoredTensor> const& layout,
                                        std::size_t columns) {
    std::vector<std::int64_t> rows;
    for (auto const& tensor : layout) {
        rows.insert(rows.end(), tensor.shape.begin(), tensor.shape.end());
        rows.insert(rows.end(), columns - tensor.shape.size(), 0);
    }
    return rows;
}

void write_layout(Hdf5File& file, CheckpointHeader const& header) {
    std::vector<std::string> names;
    std::vector<std::int64_t> offsets;
    std::size_t columns = 1;
    for (auto const& tensor : header.layout) {
        DNAGPT_EXPECT(tensor.offset >= 0 && tensor.offset + tensor_size(tensor) <= header.elements);
        names.push_back(tensor.name);
        offsets.push_back(tensor.offset);
        columns = std::max(columns, tensor.shape.size());
    }
    file.write_strings("/state/layout/name", names);
    file.write("/state/layout/offset", offsets);
    file.write("/state/layout/shape", padded_shapes(header.layout, columns),
               static_cast<std::int64_t>(columns));
}

void write_header(Hdf5File& file, CheckpointHeader const& header) {
    file.set_attribute("/", "kind", file_kind);
    file.set_attribute("/", "format_version", format_version);
    file.set_attribute("/", "step", header.step);
    file.set_attribute("/", "seed", std::bit_cast<std::int64_t>(header.seed));
    file.set_attribute("/", "sampler", header.sampler);
    file.set_attribute("/", "task", header.task);
    file.set_attribute("/", "config", header.config);
    file.set_attribute("/", "vocabulary", header.vocabulary);
    file.set_attribute("/", "true_word", header.true_word);
    file.set_attribute("/", "false_word", header.false_word);
    file.set_attribute("/", "build", header.build);
    file.set_attribute("/", "world_size", header.world_size);
    file.set_attribute("/", "threads", header.threads);
    file.set_attribute("/", "device_model", header.device_model);
    file.set_attribute("/", "libraries", header.libraries);
    if (!header.product_choices.empty()) {
        file.set_attribute("/", "product_choices", header.product_choices);
    }
    file.write("/skip_list", header.skip_list);
    write_layout(file, header);
}

std::vector<StoredTensor> read_layout(Hdf5File const& file) {
    auto const names = file.read_strings("/state/layout/name");
    auto const offsets = file.read<std::int64_t>("/state/layout/offset");
    auto const shapes = file.read<std::int64_t>("/state/layout/shape");
    std::size_t const columns = names.empty() ? 0 : shapes.size() / names.size();
    DNAGPT_VALIDATE(offsets.size() == names.size() && shapes.size() == names.size() * columns,
                    << file.path() << " has a layout whose columns differ in length; make the "
                    << "file again");
    std::vector<StoredTensor> layout;
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto const row = shapes.begin() + static_cast<std::ptrdiff_t>(i * columns);
        auto const end = std::find(row, row + static_cast<std::ptrdiff_t>(columns), 0);
        layout.push_back({names[i], offsets[i], {row, end}});
    }
    return layout;
}

/// Whether the tensor is a piece of the flat vectors; counts without leaving 64 bits.
bool lies_within(StoredTensor const& tensor, std::int64_t elements) {
    std::int64_t size = 1;
    for (std::int64_t const length : tensor.shape) {
        if (length <= 0 || size > elements / length) {
            return false;
        }
        size *= length;
    }
    return tensor.offset >= 0 && size <= elements && tensor.offset <= elements - size;
}

void check_layout(Hdf5File const& file, CheckpointHeader const& header) {
    for (StoredTensor const& tensor : header.layout) {
        DNAGPT_VALIDATE(lies_within(tensor, header.elements),
                        << file.path() << ": the tensor '" << tensor.name
                        << "' lies outside the stored weights (another program may have written "
                           "it); make the file again");
    }
}

void check_kind(Hdf5File const& file) {
    bool const is_checkpoint =
        file.has_attribute("/", "kind") && file.string_attribute("/", "kind") == file_kind;
    DNAGPT_VALIDATE(is_checkpoint, << file.path()
                                   << " is no checkpoint (but another file of dnagpt); check the "
                                   << "path");
    std::int64_t const version = file.int_attribute("/", "format_version");
    DNAGPT_VALIDATE(version == format_version, << file.path() << " has checkpoint version "
                                               << version << " (this program reads "
                                               << format_version
                                               << "); use the version of dnagpt that wrote it");
}

std::string optional_text(Hdf5File const& file, std::string const& name) {
    return file.has_attribute("/", name) ? file.string_attribute("/", name) : std::string();
}

CheckpointHeader read_header(Hdf5File const& file) {
    check_kind(file);
    CheckpointHeader header;
    header.step = file.int_attribute("/", "step");
    header.seed = std::bit_cast<std::uint64_t>(file.int_attribute("/", "seed"));
    header.sampler = file.string_attribute("/", "sampler");
    header.task = optional_text(file, "task");
    header.config = file.string_attribute("/", "config");
    header.vocabulary = file.string_attribute("/", "vocabulary");
    header.true_word = file.string_attribute("/", "true_word");
    header.false_word = file.string_attribute("/", "false_word");
    header.build = file.string_attribute("/", "build");
    header.world_size = file.int_attribute("/", "world_size");
    header.threads = file.int_attribute("/", "threads");
    header.device_model = file.string_attribute("/", "device_model");
    header.libraries = file.string_attribute("/", "libraries");
    header.product_choices = optional_text(file, "product_choices");
    header.skip_list = file.read<std::int64_t>("/skip_list");
    header.layout = read_layout(file);
    header.elements = file.shape(state_datasets[0]).front();
    check_layout(file, header);
    return header;
}

std::vector<FileRegion> name_regions(Hdf5File const& file, CheckpointHeader const& header) {
    std::vector<FileRegion> regions;
    for (auto const& dataset : file.datasets()) {
        bool const is_state = std::ranges::count(state_datasets, dataset.name) > 0;
        if (!is_state || header.layout.empty()) {
            regions.push_back(dataset);
            continue;
        }
        for (auto const& tensor : header.layout) {
            regions.push_back({region_name(dataset.name, tensor),
                               dataset.offset + float_bytes * tensor.offset,
                               float_bytes * tensor_size(tensor)});
        }
    }
    return regions;
}

/// What fails on one rank is thrown on all: a ReadError where the file could not be read.
template <class Work>
void read_together(Communicator const& comm, Work const& work) {
    std::string problem;
    bool unreadable = false;
    try {
        work();
    } catch (std::exception const& error) {
        problem = error.what();
        unreadable = dynamic_cast<ReadError const*>(&error) != nullptr;
    }
    try {
        comm.throw_together(problem);
    } catch (Error const& error) {
        if (comm.any(unreadable)) {
            throw ReadError(error.what());
        }
        throw;
    }
}

}  // namespace

CheckpointPlaces lay_out_checkpoint(std::string const& path, CheckpointHeader const& header,
                                    std::vector<FileRegion>& regions) {
    DNAGPT_EXPECT(header.elements > 0);
    CheckpointPlaces places;
    places.user_block =
        user_block_bytes(expected_payload_bytes(header), expected_map_bytes(header));
    // HDF5 handles a full disk badly: find out before it writes.
    preallocate(create_for_writing(path), places.user_block + expected_payload_bytes(header));
    auto file = Hdf5File::create(path, places.user_block);
    write_header(file, header);
    for (std::size_t i = 0; i < state_datasets.size(); ++i) {
        file.create_dataset<float>(state_datasets[i], {header.elements});
        places.state_offsets[i] = file.dataset_offset(state_datasets[i]);
    }
    regions = name_regions(file, header);
    file.close();
    FileDescriptor const descriptor = open_for_update(path);
    places.file_bytes = file_length(descriptor);
    preallocate(descriptor, places.file_bytes);
    sync_file(descriptor);
    return places;
}

std::vector<DamagedBlock> verify_together(Communicator const& comm, std::string const& path) {
    FileDescriptor file;
    UserBlock block;
    read_together(comm, [&] {
        file = open_for_reading(path);
        block = read_user_block(file);
    });
    std::vector<std::int64_t> wrong(block.digests.size());
    read_together(comm, [&] {
        for (auto index = static_cast<std::size_t>(comm.rank()); index < wrong.size();
             index += static_cast<std::size_t>(comm.size())) {
            auto const digest =
                digest_block(file, block.bytes, block.file_bytes, static_cast<std::int64_t>(index));
            wrong[index] = digest == block.digests[index] ? 0 : 1;
        }
    });
    comm.all_reduce_sum(wrong);
    std::vector<DamagedBlock> damage;
    for (std::size_t index = 0; index < wrong.size(); ++index) {
        if (wrong[index] != 0) {
            damage.push_back(describe_block(block, static_cast<std::int64_t>(index)));
        }
    }
    return damage;
}

void require_whole(Communicator const& comm, std::string const& path) {
    auto const damage = verify_together(comm, path);
    DNAGPT_VALIDATE(damage.empty(), << path << " is damaged in " << describe_damage(damage)
                                    << " (checksums do not match); take another checkpoint");
}

CheckpointReader CheckpointReader::open(std::string const& path) {
    Hdf5File::open_read(path).close();
    return open_verified(path);
}

CheckpointReader CheckpointReader::open_verified(std::string const& path) {
    auto const file = Hdf5File::open_verified(path);
    CheckpointReader reader;
    reader.header_ = read_header(file);
    for (std::size_t i = 0; i < state_datasets.size(); ++i) {
        DNAGPT_VALIDATE(file.shape(state_datasets[i]) == std::vector{reader.header_.elements},
                        << path << " holds flat vectors of different lengths; make it again");
        file.require_type<float>(state_datasets[i]);
        reader.offsets_[i] = file.dataset_offset(state_datasets[i]);
    }
    reader.file_ = open_for_reading(path);
    return reader;
}

void CheckpointReader::read(StateVector vector, std::int64_t first, std::span<float> values) const {
    auto const count = static_cast<std::int64_t>(values.size());
    DNAGPT_EXPECT(first >= 0 && first + count <= header_.elements);
    pread_all(file_, values.data(), values.size_bytes(),
              offsets_[static_cast<std::size_t>(vector)] + float_bytes * first);
}

}  // namespace dnagpt
