#include "dnagpt/eval/row_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt {
namespace {

constexpr std::array<std::string_view, 3> element_names = {"float32", "int32", "int64"};
constexpr std::int64_t copied_bytes = std::int64_t{16} << 20;

std::int64_t element_bytes(RowElement element) {
    return element == RowElement::int64 ? 8 : 4;
}

void create_dataset(Hdf5File& file, RowDataset const& dataset, std::int64_t rows) {
    std::vector<std::int64_t> shape{rows};
    if (dataset.columns > 0) {
        shape.push_back(dataset.columns);
    }
    if (dataset.element == RowElement::float32) {
        file.create_dataset<float>(dataset.name, shape);
    } else if (dataset.element == RowElement::int32) {
        file.create_dataset<std::int32_t>(dataset.name, shape);
    } else {
        file.create_dataset<std::int64_t>(dataset.name, shape);
    }
    auto const name = element_names[static_cast<std::size_t>(dataset.element)];
    file.set_attribute(dataset.name, "element", name);
}

/// Makes the file, without its rows and unsealed; returns the datasets' offsets.
std::vector<std::int64_t> create_file(std::string const& path, RowFileForm const& form,
                                      std::int64_t rows) {
    std::int64_t row_bytes = 0;
    for (RowDataset const& dataset : form.datasets) {
        row_bytes += dataset.row_bytes();
    }
    Hdf5File file = Hdf5File::create(path, user_block_bytes(rows * row_bytes));
    file.set_attribute("/", "format", form.format);
    file.set_attribute("/", "format_version", form.version);
    file.set_attribute("/", "settings", form.settings);
    std::vector<std::int64_t> offsets;
    std::string names;
    for (RowDataset const& dataset : form.datasets) {
        create_dataset(file, dataset, rows);
        names += (names.empty() ? "" : " ") + dataset.name;
    }
    file.set_attribute("/", "datasets", names);
    for (RowDataset const& dataset : form.datasets) {
        offsets.push_back(file.dataset_offset(dataset.name));
    }
    return offsets;
}

void seal(std::string const& path, RowFileForm const& form,
          std::vector<std::int64_t> const& offsets, std::int64_t rows) {
    std::vector<FileRegion> regions;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        regions.push_back({form.datasets[i].name, offsets[i], rows * form.datasets[i].row_bytes()});
    }
    seal_file(path, regions);
}

/// A finished file.
struct RowPart {
    RowFileForm form;
    std::int64_t rows = 0;
    std::vector<std::int64_t> offsets;
};

RowPart read_part(std::string const& path) {
    Hdf5File const file = Hdf5File::open_read(path);
    RowPart part;
    part.form.format = file.string_attribute("/", "format");
    part.form.version = file.int_attribute("/", "format_version");
    part.form.settings = file.string_attribute("/", "settings");
    std::istringstream names(file.string_attribute("/", "datasets"));
    for (std::string name; names >> name;) {
        auto const shape = file.shape(name);
        auto const* const element =
            std::ranges::find(element_names, file.string_attribute(name, "element"));
        DNAGPT_VALIDATE(element != element_names.end(),
                        << path << ": dataset " << name
                        << " has elements of another version of the program; use that one");
        part.rows = shape.front();
        part.form.datasets.push_back({name, shape.size() > 1 ? shape[1] : 0,
                                      static_cast<RowElement>(element - element_names.begin())});
        part.offsets.push_back(part.rows > 0 ? file.dataset_offset(name) : 0);
    }
    return part;
}

void copy_bytes(FileDescriptor const& from, std::int64_t source, FileDescriptor const& to,
                std::int64_t target, std::int64_t bytes) {
    std::vector<char> buffer(static_cast<std::size_t>(std::min(bytes, copied_bytes)));
    for (std::int64_t done = 0; done < bytes; done += std::ssize(buffer)) {
        auto const some = static_cast<std::size_t>(std::min(std::ssize(buffer), bytes - done));
        pread_all(from, buffer.data(), some, source + done);
        pwrite_all(to, buffer.data(), some, target + done);
    }
}

void copy_parts(std::vector<std::string> const& names, std::vector<RowPart> const& parts,
                FileDescriptor const& to, std::vector<std::int64_t> const& offsets) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        FileDescriptor const from = open_for_reading(names[i]);
        for (std::size_t dataset = 0; dataset < offsets.size(); ++dataset) {
            std::int64_t const row = parts[i].form.datasets[dataset].row_bytes();
            copy_bytes(from, parts[i].offsets[dataset], to, offsets[dataset] + first * row,
                       parts[i].rows * row);
        }
        first += parts[i].rows;
    }
    sync_file(to);
}

}  // namespace

std::int64_t RowDataset::row_bytes() const {
    return std::max<std::int64_t>(columns, 1) * element_bytes(element);
}

RowFile::RowFile(std::string path, RowFileForm form, std::int64_t rows, Communicator const& world)
    : path_(std::move(path)),
      form_(std::move(form)),
      rows_(rows),
      world_(world),
      offsets_(form_.datasets.size()) {
    rank_0_answer(world, [&] {
        create();
        return std::string();
    });
    world.broadcast(std::as_writable_bytes(std::span(offsets_)));
    file_ = open_for_update(temporary_path(path_));
}

void RowFile::create() {
    unfinished_.emplace(path_);
    offsets_ = create_file(unfinished_->path(), form_, rows_);
}

template <class T>
void RowFile::write_rows(std::size_t dataset, std::int64_t first, std::span<T const> values,
                         RowElement element) {
    RowDataset const& own = form_.datasets[dataset];
    auto const bytes = static_cast<std::int64_t>(values.size_bytes());
    DNAGPT_EXPECT(own.element == element && bytes % own.row_bytes() == 0 &&
                  first + bytes / own.row_bytes() <= rows_);
    pwrite_all(file_, values.data(), values.size_bytes(),
               offsets_[dataset] + first * own.row_bytes());
}

void RowFile::write(std::size_t dataset, std::int64_t first, std::span<float const> values) {
    write_rows(dataset, first, values, RowElement::float32);
}

void RowFile::write(std::size_t dataset, std::int64_t first, std::span<std::int32_t const> values) {
    write_rows(dataset, first, values, RowElement::int32);
}

void RowFile::write(std::size_t dataset, std::int64_t first, std::span<std::int64_t const> values) {
    write_rows(dataset, first, values, RowElement::int64);
}

void RowFile::finish() {
    sync_file(file_);
    world_.barrier();
    rank_0_answer(world_, [&] {
        seal(file_.path(), form_, offsets_, rows_);
        unfinished_->finish();
        return std::string();
    });
    file_.close();
}

void join_row_files(std::vector<std::string> const& parts, std::string const& path) {
    std::vector<RowPart> read;
    std::int64_t rows = 0;
    for (std::string const& part : parts) {
        read.push_back(read_part(part));
        rows += read.back().rows;
        DNAGPT_VALIDATE(read.back().form == read.front().form,
                        << part << " was made with other settings than " << parts.front()
                        << "; make all pieces with one command");
    }
    DNAGPT_EXPECT(!read.empty());
    UnfinishedFile unfinished(path);
    auto const offsets = create_file(unfinished.path(), read.front().form, rows);
    copy_parts(parts, read, open_for_update(unfinished.path()), offsets);
    seal(unfinished.path(), read.front().form, offsets, rows);
    unfinished.finish();
}

}  // namespace dnagpt
