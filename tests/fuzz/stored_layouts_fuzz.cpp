#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>

#include <algorithm>
#include <array>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "fuzz_input.hpp"
#include "harness/temporary_folder.hpp"
#include "stored_fields.hpp"

using namespace dnagpt;
using namespace dnagpt::fuzz;

namespace {

constexpr std::int64_t user_block = 1024;
constexpr std::int64_t most_elements = 16;

/// What is done to a field. Most stay as they are, so that readers get past the first ones.
enum class Change : std::uint8_t { none, values, type, form, missing, huge, last = huge };

FieldType changed_type(FuzzedDataProvider& input) {
    return static_cast<FieldType>(input.ConsumeIntegralInRange(0, 6));
}

void change_values(StoredField& field, FuzzedDataProvider& input) {
    auto const count = input.ConsumeIntegralInRange<std::int64_t>(0, most_elements);
    field.values.clear();
    field.texts.clear();
    for (std::int64_t i = 0; i < count; ++i) {
        if (field.type == FieldType::text) {
            field.texts.push_back(input.ConsumeRandomLengthString(40));
        } else {
            field.values.push_back(input.ConsumeBool() ? input.ConsumeIntegral<std::int64_t>()
                                                       : input.ConsumeIntegral<std::int8_t>());
        }
    }
}

hid_t stored_type(FieldType type) {
    std::array<hid_t, 7> const types = {H5T_C_S1,      H5T_STD_U8LE,   H5T_STD_U16LE, H5T_STD_I32LE,
                                        H5T_STD_I64LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE};
    hid_t const copy = H5Tcopy(types[static_cast<std::size_t>(type)]);
    if (type == FieldType::text) {
        H5Tset_size(copy, H5T_VARIABLE);
        H5Tset_cset(copy, H5T_CSET_UTF8);
    }
    return copy;
}

/// The field's elements in memory: pointers to its texts, or 64-bit numbers.
struct Elements {
    explicit Elements(StoredField const& field) {
        bool const texts = field.type == FieldType::text;
        count = static_cast<std::int64_t>(texts ? field.texts.size() : field.values.size());
        for (std::string const& text : field.texts) {
            pointers.push_back(text.c_str());
        }
        type = texts ? stored_type(FieldType::text) : H5Tcopy(H5T_NATIVE_INT64);
        data = texts ? static_cast<void const*>(pointers.data()) : field.values.data();
    }
    ~Elements() { H5Tclose(type); }
    std::int64_t count;
    std::vector<char const*> pointers;
    hid_t type;
    void const* data;
};

hid_t space_of(StoredField const& field, std::int64_t count, Change change,
               FuzzedDataProvider& input) {
    if (change == Change::huge) {
        std::array<hsize_t, 3> extent{};
        std::ranges::generate(extent, [&] { return input.ConsumeIntegral<hsize_t>() >> 8; });
        return H5Screate_simple(input.ConsumeIntegralInRange(1, 3), extent.data(), nullptr);
    }
    if (change == Change::form && input.ConsumeBool()) {
        return H5Screate(input.ConsumeBool() || count == 0 ? H5S_NULL : H5S_SCALAR);
    }
    bool const flat = field.columns == 0 || count % field.columns != 0;
    std::array<hsize_t, 2> extent = {static_cast<hsize_t>(count), 0};
    if (!flat) {
        extent = {static_cast<hsize_t>(count / field.columns), static_cast<hsize_t>(field.columns)};
    }
    return H5Screate_simple(flat ? 1 : 2, extent.data(), nullptr);
}

void write_dataset(hid_t file, StoredField const& field, Change change, FuzzedDataProvider& input) {
    Elements const elements(field);
    hid_t const space = space_of(field, elements.count, change, input);
    hid_t const type = stored_type(field.type);
    hid_t const creation = H5Pcreate(H5P_DATASET_CREATE);
    if (change == Change::form) {
        H5Pset_layout(creation, input.ConsumeBool() ? H5D_COMPACT : H5D_CONTIGUOUS);
    } else if (change == Change::huge && input.ConsumeBool()) {
        std::array<hsize_t, 3> const chunk = {4, 4, 4};
        H5Pset_chunk(creation, H5Sget_simple_extent_ndims(space), chunk.data());
    }
    hid_t const links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t const dataset = H5Dcreate2(file, field.name, type, space, links, creation, H5P_DEFAULT);
    if (dataset >= 0 && change != Change::huge && elements.count > 0) {
        H5Dwrite(dataset, elements.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data);
    }
    H5Dclose(dataset);
    H5Pclose(links);
    H5Pclose(creation);
    H5Tclose(type);
    H5Sclose(space);
}

void write_attribute(hid_t file, StoredField const& field, Change change) {
    Elements const elements(field);
    auto const extent = static_cast<hsize_t>(elements.count);
    hid_t const space =
        change == Change::none ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, nullptr);
    hid_t const type = stored_type(field.type);
    hid_t const attribute = H5Acreate2(file, field.name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (elements.count > 0) {
        H5Awrite(attribute, elements.type, elements.data);
    }
    H5Aclose(attribute);
    H5Tclose(type);
    H5Sclose(space);
}

void write_field(hid_t file, StoredField field, FuzzedDataProvider& input) {
    bool const is_changed = input.ConsumeIntegralInRange(0, 7) == 7;
    auto const change =
        is_changed
            ? static_cast<Change>(input.ConsumeIntegralInRange(0, static_cast<int>(Change::last)))
            : Change::none;
    if (change == Change::missing) {
        return;
    }
    if (change == Change::type) {
        field.type = changed_type(input);
        change_values(field, input);
    } else if (change == Change::values) {
        change_values(field, input);
    }
    if (field.name[0] == '/') {
        write_dataset(file, field, change, input);
    } else {
        bool const is_scalar = change == Change::values && input.ConsumeBool();
        field.values.resize(is_scalar && field.type != FieldType::text ? 1 : field.values.size());
        field.texts.resize(is_scalar && field.type == FieldType::text ? 1 : field.texts.size());
        write_attribute(file, field, is_scalar ? Change::none : change);
    }
}

void write_file(std::string const& path, std::vector<StoredField> const& fields,
                FuzzedDataProvider& input) {
    hid_t const creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(creation, user_block);
    hid_t const file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    for (StoredField const& field : fields) {
        write_field(file, field, input);
    }
    H5Pclose(creation);
    require(H5Fclose(file) >= 0, "the file can be written");
    seal_file(path);
}

void read_shard(std::string const& path) {
    TokenShard const shard(path);
    std::vector<std::uint16_t> words(static_cast<std::size_t>(shard.words()));
    read_or_error([&] { shard.read_words(0, words); });
    shard.verify_unchanged();
}

void read_set(std::string const& path) {
    LabelledSet const set = read_labelled_set(path);
    count_examples(set);
    for (LabelledExample const& example : set.examples) {
        require(example.numbers.size() == set.number_names.size(), "all numbers are there");
    }
}

void read_checkpoint(std::string const& path) {
    auto const reader = CheckpointReader::open(path);
    std::vector<float> values(static_cast<std::size_t>(reader.header().elements));
    for (auto const vector : {StateVector::master, StateVector::adam_m, StateVector::adam_v}) {
        reader.read(vector, 0, values);
    }
    for (StoredTensor const& tensor : reader.header().layout) {
        std::int64_t count = 1;
        for (std::int64_t const length : tensor.shape) {
            count *= length;
        }
        reader.read(StateVector::master, tensor.offset,
                    std::span(values).first(static_cast<std::size_t>(count)));
    }
    read_or_error([&] { finetune_task_from(reader.header().task); });
}

}  // namespace

/// Well-formed HDF5 files with right digests, in which some fields are not what they should be.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    FuzzedDataProvider input(data, size);
    static testing::TemporaryFolder const folder;
    std::string const path = folder.file("fields.h5");
    switch (input.ConsumeIntegralInRange(0, 2)) {
        case 0:
            write_file(path, shard_fields(), input);
            read_or_error([&] { read_shard(path); });
            break;
        case 1:
            write_file(path, labelled_set_fields(), input);
            read_or_error([&] { read_set(path); });
            break;
        default:
            write_file(path, checkpoint_fields(), input);
            read_or_error([&] { read_checkpoint(path); });
    }
    return 0;
}
