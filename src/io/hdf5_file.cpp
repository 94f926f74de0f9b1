#include "dnagpt/io/hdf5_file.hpp"

#include <hdf5.h>

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

static_assert(std::same_as<hid_t, std::int64_t>, "HDF5 1.10 or newer");

/// Closes an HDF5 identifier at the end of its scope.
struct Handle {
    hid_t id;
    herr_t (*close)(hid_t);
    Handle(hid_t number, herr_t (*function)(hid_t)) : id(number), close(function) {}
    Handle(Handle const&) = delete;
    Handle& operator=(Handle const&) = delete;
    ~Handle() {
        if (id >= 0) {
            close(id);
        }
    }
};

/// Of "file write failed: time = ..., error message = 'No space left on device', buf = ..." only
/// what the system says.
std::string short_reason(std::string const& description) {
    std::string const mark = "error message = '";
    auto const found = description.find(mark);
    if (found == description.npos) {
        return description;
    }
    auto const start = found + mark.size();
    return description.substr(start, description.find('\'', start) - start);
}

herr_t keep_first_reason(unsigned number, H5E_error2_t const* entry, void* text) {
    if (number == 0 && entry->desc != nullptr) {
        *static_cast<std::string*>(text) = short_reason(entry->desc);
    }
    return 0;
}

/// Turns a failed HDF5 call into Error; passes the result on otherwise.
template <class Result>
Result checked(Result result, std::string const& path, std::string const& what) {
    if (result < 0) {
        std::string reason = "unknown reason";
        H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first_reason, &reason);
        throw Error("cannot " + what + " in " + path + " (HDF5: " + reason +
                    "); check the file and the free space of its folder");
    }
    return result;
}

/// HDF5 prints nothing; no locks, which many cluster file systems refuse: our files are written
/// under temporary names by one process and only read after their rename.
void prepare_hdf5() {
    static bool const done = [] {
        ::setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
        H5dont_atexit();  // at exit HDF5 crashes on files whose closing failed on a full disk
        return H5open() >= 0 && H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
    }();
    DNAGPT_VALIDATE(done, << "the HDF5 library does not start; check its installation");
}

template <class T>
hid_t element_type() {
    if constexpr (std::same_as<T, std::uint8_t>) {
        return H5T_STD_U8LE;
    } else if constexpr (std::same_as<T, std::uint16_t>) {
        return H5T_STD_U16LE;
    } else if constexpr (std::same_as<T, std::int32_t>) {
        return H5T_STD_I32LE;
    } else if constexpr (std::same_as<T, std::int64_t>) {
        return H5T_STD_I64LE;
    } else if constexpr (std::same_as<T, std::uint64_t>) {
        return H5T_STD_U64LE;
    } else if constexpr (std::same_as<T, float>) {
        return H5T_IEEE_F32LE;
    } else {
        static_assert(std::same_as<T, double>);
        return H5T_IEEE_F64LE;
    }
}

hid_t make_string_type() {
    hid_t const type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

hid_t make_access_list() {
    hid_t const list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_V18);
    return list;
}

hid_t make_creation_list(hid_t kind) {
    hid_t const list = H5Pcreate(kind);
    H5Pset_obj_track_times(list, false);
    return list;
}

hid_t create_empty_dataset(hid_t file, std::string const& path, std::string const& name, hid_t type,
                           std::vector<std::int64_t> const& shape) {
    DNAGPT_EXPECT(shape.size() == 1 || shape.size() == 2);
    std::vector<hsize_t> const extent(shape.begin(), shape.end());
    Handle const space(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr),
                       H5Sclose);
    Handle const list(make_creation_list(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_layout(list.id, H5D_CONTIGUOUS);
    H5Pset_alloc_time(list.id, H5D_ALLOC_TIME_EARLY);
    bool const strings = H5Tget_class(type) == H5T_STRING;  // HDF5 insists on filling these
    H5Pset_fill_time(list.id, strings ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER);
    checked(space.id, path, "describe dataset " + name);
    return checked(
        H5Dcreate2(file, name.c_str(), type, space.id, H5P_DEFAULT, list.id, H5P_DEFAULT), path,
        "make dataset " + name);
}

std::vector<std::int64_t> dataset_shape(hid_t dataset, std::string const& path,
                                        std::string const& name) {
    Handle const space(H5Dget_space(dataset), H5Sclose);
    int const rank = H5Sget_simple_extent_ndims(space.id);
    DNAGPT_VALIDATE(rank == 1 || rank == 2,
                    << "dataset " << name << " in " << path << " has " << rank
                    << " dimensions (1 or 2 are read; another program may have written it); check "
                       "the path");
    std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.id, extent.data(), nullptr);
    return {extent.begin(), extent.end()};
}

/// What a dataset of texts holds for each: length, address and number within the heap of texts.
constexpr std::int64_t text_reference_bytes = 16;

/// How many elements the dataset holds. Error unless all of them have their place in the file: what
/// a shape says is no reason to take memory.
std::int64_t stored_elements(hid_t dataset, std::string const& path, std::string const& name) {
    Handle const type(H5Dget_type(dataset), H5Tclose);
    Handle const file(H5Iget_file_id(dataset), H5Fclose);
    auto const stored = static_cast<std::int64_t>(H5Dget_storage_size(dataset));
    hsize_t file_bytes = 0;
    H5Fget_filesize(file.id, &file_bytes);
    std::int64_t count = 1;
    bool const texts = H5Tis_variable_str(type.id) > 0;
    std::int64_t bytes =
        texts ? text_reference_bytes : static_cast<std::int64_t>(H5Tget_size(type.id));
    bool fits = true;
    for (std::int64_t const length : dataset_shape(dataset, path, name)) {
        fits = fits && length >= 0 && !__builtin_mul_overflow(count, length, &count) &&
               !__builtin_mul_overflow(bytes, length, &bytes);
    }
    DNAGPT_VALIDATE(fits && bytes == stored && bytes <= static_cast<std::int64_t>(file_bytes),
                    << "dataset " << name << " in " << path << " holds " << stored
                    << " bytes, and its shape wants another number (another program may have "
                       "written it, in pieces or compressed); make the file again");
    return count;
}

hid_t open_dataset(hid_t file, std::string const& path, std::string const& name) {
    return checked(H5Dopen2(file, name.c_str(), H5P_DEFAULT), path, "open dataset " + name);
}

void expect_type(hid_t dataset, hid_t type, std::string const& path, std::string const& name) {
    Handle const stored(H5Dget_type(dataset), H5Tclose);
    bool const same = H5Tget_class(type) == H5T_STRING ? H5Tis_variable_str(stored.id) > 0
                                                       : H5Tequal(stored.id, type) > 0;
    DNAGPT_VALIDATE(same, << "dataset " << name << " in " << path
                          << " has another element type than expected (another program may have "
                             "written it); check the path");
}

/// Reads or writes `count` elements from row `first` on, through `transfer(type, memory, file)`.
template <class Transfer>
void transfer_slice(hid_t dataset, hid_t type, std::string const& path, std::string const& name,
                    std::int64_t first, std::int64_t count, Transfer transfer) {
    expect_type(dataset, type, path, name);
    auto const shape = dataset_shape(dataset, path, name);
    std::int64_t const columns = shape.size() == 2 ? shape[1] : 1;
    DNAGPT_EXPECT(first >= 0);
    DNAGPT_EXPECT(count == 0 || (columns > 0 && count % columns == 0));
    if (count == 0) {
        return;
    }
    std::int64_t const rows = count / columns;
    DNAGPT_VALIDATE(first + rows <= shape[0],
                    << "dataset " << name << " in " << path << " has " << shape[0] << " rows (rows "
                    << first << " to " << first + rows - 1
                    << " were asked for); the file does not fit this use");
    hsize_t const start[2] = {static_cast<hsize_t>(first), 0};
    hsize_t const size[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(columns)};
    Handle const file_space(H5Dget_space(dataset), H5Sclose);
    Handle const memory(H5Screate_simple(static_cast<int>(shape.size()), size, nullptr), H5Sclose);
    checked(H5Sselect_hyperslab(file_space.id, H5S_SELECT_SET, start, nullptr, size, nullptr), path,
            "select rows of " + name);
    checked(transfer(type, memory.id, file_space.id), path, "transfer dataset " + name);
}

void collect_datasets(hid_t group, std::string const& prefix, std::string const& path,
                      std::vector<FileRegion>& regions) {
    H5G_info_t info{};
    checked(H5Gget_info(group, &info), path, "list " + prefix);
    for (hsize_t index = 0; index < info.nlinks; ++index) {
        char name[256] = {};
        checked(H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name,
                                   sizeof(name), H5P_DEFAULT),
                path, "list " + prefix);
        Handle const object(H5Oopen(group, name, H5P_DEFAULT), H5Oclose);
        checked(object.id, path, "open " + prefix + name);
        if (H5Iget_type(object.id) == H5I_GROUP) {
            collect_datasets(object.id, prefix + name + "/", path, regions);
        } else if (H5Iget_type(object.id) == H5I_DATASET) {
            haddr_t const offset = H5Dget_offset(object.id);
            auto const bytes = static_cast<std::int64_t>(H5Dget_storage_size(object.id));
            if (offset != HADDR_UNDEF && bytes > 0) {
                regions.push_back({prefix + name, static_cast<std::int64_t>(offset), bytes});
            }
        }
    }
}

void write_attribute(hid_t file, std::string const& path, std::string const& object,
                     std::string const& name, hid_t type, void const* value) {
    Handle const space(H5Screate(H5S_SCALAR), H5Sclose);
    Handle const attribute(H5Acreate_by_name(file, object.c_str(), name.c_str(), type, space.id,
                                             H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    std::string const what = "write attribute " + name + " of " + object;
    checked(attribute.id, path, what);
    checked(H5Awrite(attribute.id, type, value), path, what);
}

void read_attribute(hid_t file, std::string const& path, std::string const& object,
                    std::string const& name, hid_t type, void* value) {
    Handle const attribute(
        H5Aopen_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    std::string const what = "read attribute " + name + " of " + object;
    checked(attribute.id, path, what);
    Handle const space(H5Aget_space(attribute.id), H5Sclose);
    DNAGPT_VALIDATE(H5Sget_simple_extent_npoints(space.id) == 1,
                    << "attribute " << name << " of " << object << " in " << path
                    << " is not one value (another program may have written it); check the path");
    checked(H5Aread(attribute.id, type, value), path, what);
}

}  // namespace

Hdf5File Hdf5File::create(std::string const& path, std::int64_t user_block) {
    prepare_hdf5();
    Handle const creation(make_creation_list(H5P_FILE_CREATE), H5Pclose);
    Handle const access(make_access_list(), H5Pclose);
    checked(H5Pset_userblock(creation.id, static_cast<hsize_t>(user_block)), path, "set the head");
    hid_t const id = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id, access.id);
    return Hdf5File(path, checked(id, path, "make the file"));
}

Hdf5File Hdf5File::open_read(std::string const& path) {
    auto const damage = verify_file(path);
    DNAGPT_VALIDATE(damage.empty(), << path << " is damaged in " << describe_damage(damage)
                                    << " (checksums do not match); make or copy it again");
    return open_verified(path);
}

Hdf5File Hdf5File::open_verified(std::string const& path) {
    prepare_hdf5();
    read_user_block(open_for_reading(path));
    hid_t const id = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    return Hdf5File(path, checked(id, path, "open the file"));
}

Hdf5File::~Hdf5File() {
    if (id_ >= 0) {
        H5Fclose(id_);
    }
}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), id_(std::exchange(other.id_, -1)) {}

Hdf5File& Hdf5File::operator=(Hdf5File&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(id_, other.id_);
    return *this;
}

void Hdf5File::close() {
    if (id_ >= 0) {
        checked(H5Fclose(std::exchange(id_, -1)), path_, "finish writing");
    }
}

void Hdf5File::close_and_seal() {
    auto const regions = datasets();
    close();
    seal_file(path_, regions);
}

void Hdf5File::create_group(std::string const& name) {
    Handle const list(make_creation_list(H5P_GROUP_CREATE), H5Pclose);
    for (auto end = name.find('/', 1); true; end = name.find('/', end + 1)) {
        std::string const part = name.substr(0, end);
        if (part.size() > 1 && !has(part)) {
            Handle const group(H5Gcreate2(id_, part.c_str(), H5P_DEFAULT, list.id, H5P_DEFAULT),
                               H5Gclose);
            checked(group.id, path_, "make group " + part);
        }
        if (end == name.npos) {
            return;
        }
    }
}

bool Hdf5File::has(std::string const& name) const {
    for (auto end = name.find('/', 1); end != name.npos; end = name.find('/', end + 1)) {
        if (H5Lexists(id_, name.substr(0, end).c_str(), H5P_DEFAULT) <= 0) {
            return false;
        }
    }
    return name == "/" || H5Lexists(id_, name.c_str(), H5P_DEFAULT) > 0;
}

template <class T>
void Hdf5File::create_dataset(std::string const& name, std::vector<std::int64_t> const& shape) {
    DNAGPT_EXPECT(name.starts_with('/'));
    create_group(name.substr(0, name.rfind('/')));
    H5Dclose(create_empty_dataset(id_, path_, name, element_type<T>(), shape));
}

template <class T>
void Hdf5File::write(std::string const& name, std::span<T const> values, std::int64_t columns) {
    auto const count = static_cast<std::int64_t>(values.size());
    DNAGPT_EXPECT(columns == 0 || count % columns == 0);
    std::vector<std::int64_t> shape = {count};
    if (columns > 0) {
        shape = {count / columns, columns};
    }
    create_dataset<T>(name, shape);
    write_slice(name, 0, values);
}

void Hdf5File::write_strings(std::string const& name, std::vector<std::string> const& values) {
    DNAGPT_EXPECT(name.starts_with('/'));
    create_group(name.substr(0, name.rfind('/')));
    Handle const type(make_string_type(), H5Tclose);
    auto const count = static_cast<std::int64_t>(values.size());
    Handle const dataset(create_empty_dataset(id_, path_, name, type.id, {count}), H5Dclose);
    std::vector<char const*> texts;
    texts.reserve(values.size());
    for (auto const& value : values) {
        texts.push_back(value.c_str());
    }
    if (count > 0) {
        checked(H5Dwrite(dataset.id, type.id, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()), path_,
                "write dataset " + name);
    }
}

template <class T>
void Hdf5File::write_slice(std::string const& name, std::int64_t first, std::span<T const> values) {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    transfer_slice(dataset.id, element_type<T>(), path_, name, first,
                   static_cast<std::int64_t>(values.size()),
                   [&](hid_t type, hid_t memory, hid_t file) {
                       return H5Dwrite(dataset.id, type, memory, file, H5P_DEFAULT, values.data());
                   });
}

std::vector<std::int64_t> Hdf5File::shape(std::string const& name) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    return dataset_shape(dataset.id, path_, name);
}

template <class T>
void Hdf5File::require_type(std::string const& name) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    expect_type(dataset.id, element_type<T>(), path_, name);
}

template <class T>
std::vector<T> Hdf5File::read(std::string const& name) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    expect_type(dataset.id, element_type<T>(), path_, name);
    std::vector<T> values(static_cast<std::size_t>(stored_elements(dataset.id, path_, name)));
    read_slice(name, 0, std::span<T>(values));
    return values;
}

std::vector<std::string> Hdf5File::read_strings(std::string const& name) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    Handle const type(make_string_type(), H5Tclose);
    Handle const space(H5Dget_space(dataset.id), H5Sclose);
    expect_type(dataset.id, type.id, path_, name);
    std::vector<char*> texts(static_cast<std::size_t>(stored_elements(dataset.id, path_, name)));
    if (texts.empty()) {
        return {};
    }
    checked(H5Dread(dataset.id, type.id, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()), path_,
            "read dataset " + name);
    std::vector<std::string> values;
    values.reserve(texts.size());
    for (char const* text : texts) {
        values.emplace_back(text == nullptr ? "" : text);
    }
    H5Dvlen_reclaim(type.id, space.id, H5P_DEFAULT, texts.data());
    return values;
}

template <class T>
void Hdf5File::read_slice(std::string const& name, std::int64_t first, std::span<T> values) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    transfer_slice(dataset.id, element_type<T>(), path_, name, first,
                   static_cast<std::int64_t>(values.size()),
                   [&](hid_t type, hid_t memory, hid_t file) {
                       return H5Dread(dataset.id, type, memory, file, H5P_DEFAULT, values.data());
                   });
}

std::int64_t Hdf5File::dataset_offset(std::string const& name) const {
    Handle const dataset(open_dataset(id_, path_, name), H5Dclose);
    haddr_t const offset = H5Dget_offset(dataset.id);
    DNAGPT_VALIDATE(offset != HADDR_UNDEF, << "dataset " << name << " in " << path_
                                           << " takes no contiguous space (it is empty or was "
                                              "written by another program); check the path");
    stored_elements(dataset.id, path_, name);
    return static_cast<std::int64_t>(offset);
}

std::vector<FileRegion> Hdf5File::datasets() const {
    std::vector<FileRegion> regions;
    Handle const root(checked(H5Gopen2(id_, "/", H5P_DEFAULT), path_, "list /"), H5Gclose);
    collect_datasets(root.id, "/", path_, regions);
    std::ranges::sort(regions, {}, &FileRegion::offset);
    return regions;
}

void Hdf5File::set_attribute(std::string const& object, std::string const& name,
                             std::int64_t value) {
    write_attribute(id_, path_, object, name, H5T_STD_I64LE, &value);
}

void Hdf5File::set_attribute(std::string const& object, std::string const& name, double value) {
    write_attribute(id_, path_, object, name, H5T_IEEE_F64LE, &value);
}

void Hdf5File::set_attribute(std::string const& object, std::string const& name,
                             std::string_view value) {
    Handle const type(make_string_type(), H5Tclose);
    std::string const text(value);
    char const* const pointer = text.c_str();
    write_attribute(id_, path_, object, name, type.id, &pointer);
}

bool Hdf5File::has_attribute(std::string const& object, std::string const& name) const {
    return H5Aexists_by_name(id_, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::int64_t Hdf5File::int_attribute(std::string const& object, std::string const& name) const {
    std::int64_t value = 0;
    read_attribute(id_, path_, object, name, H5T_STD_I64LE, &value);
    return value;
}

double Hdf5File::double_attribute(std::string const& object, std::string const& name) const {
    double value = 0;
    read_attribute(id_, path_, object, name, H5T_IEEE_F64LE, &value);
    return value;
}

std::string Hdf5File::string_attribute(std::string const& object, std::string const& name) const {
    Handle const type(make_string_type(), H5Tclose);
    char* text = nullptr;
    read_attribute(id_, path_, object, name, type.id, &text);
    std::string value(text == nullptr ? "" : text);
    H5free_memory(text);
    return value;
}

#define DNAGPT_INSTANTIATE(T)                                                                     \
    template void Hdf5File::create_dataset<T>(std::string const&,                                 \
                                              std::vector<std::int64_t> const&);                  \
    template void Hdf5File::write<T>(std::string const&, std::span<T const>, std::int64_t);       \
    template void Hdf5File::write_slice<T>(std::string const&, std::int64_t, std::span<T const>); \
    template void Hdf5File::require_type<T>(std::string const&) const;                            \
    template std::vector<T> Hdf5File::read<T>(std::string const&) const;                          \
    template void Hdf5File::read_slice<T>(std::string const&, std::int64_t, std::span<T>) const;
DNAGPT_INSTANTIATE(std::uint8_t)
DNAGPT_INSTANTIATE(std::uint16_t)
DNAGPT_INSTANTIATE(std::int32_t)
DNAGPT_INSTANTIATE(std::int64_t)
DNAGPT_INSTANTIATE(std::uint64_t)
DNAGPT_INSTANTIATE(float)
DNAGPT_INSTANTIATE(double)
#undef DNAGPT_INSTANTIATE

std::string hdf5_library() {
    return "HDF5 " + std::to_string(H5_VERS_MAJOR) + "." + std::to_string(H5_VERS_MINOR) + "." +
           std::to_string(H5_VERS_RELEASE);
}

}  // namespace dnagpt
