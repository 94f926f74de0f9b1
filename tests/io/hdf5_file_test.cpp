#include "dnagpt/io/hdf5_file.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"
#include "io/file_size_limit.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;
using Ints = std::vector<std::int64_t>;

void write_sample(std::string const& path) {
    auto file = Hdf5File::create(path, user_block_bytes(1000));
    file.write("/deep/er/tokens", std::vector<std::uint16_t>{1, 2, 65535});
    file.write("/table", std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}, 3);
    file.write_strings("/names", {"chr1", "", "häßlich"});
    file.create_group("/empty/group");
    file.set_attribute("/", "version", 3);
    file.set_attribute("/deep", "rate", 0.25);
    file.set_attribute("/table", "text", std::string(100'000, 'x'));
    file.close_and_seal();
}

template <class T>
void expect_round_trip(T low, T high) {
    TemporaryFolder const folder;
    std::vector<T> const values = {low, T{1}, high};
    auto file = Hdf5File::create(folder.file("a.h5"), user_block_bytes(100));
    file.write("/v", values);
    file.close_and_seal();
    EXPECT_EQ(Hdf5File::open_read(folder.file("a.h5")).read<T>("/v"), values);
}

TEST(Hdf5File, EveryElementTypeComesBack) {
    expect_round_trip<std::uint8_t>(0, 255);
    expect_round_trip<std::uint16_t>(0, 65535);
    expect_round_trip<std::int32_t>(-2147483647, 2147483647);
    expect_round_trip<std::int64_t>(-(std::int64_t{1} << 62), std::int64_t{1} << 62);
    expect_round_trip<std::uint64_t>(0, ~std::uint64_t{0});
    expect_round_trip<float>(-0.1F, 1e30F);
    expect_round_trip<double>(-0.1, 1e300);
}

TEST(Hdf5File, GroupsShapesStringsAndAttributesComeBack) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    auto const file = Hdf5File::open_read(folder.file("a.h5"));
    EXPECT_EQ(file.shape("/table"), (Ints{2, 3}));
    EXPECT_EQ(file.read<std::int64_t>("/table"), (Ints{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(file.read_strings("/names"), (std::vector<std::string>{"chr1", "", "häßlich"}));
    EXPECT_TRUE(file.has("/empty/group"));
    EXPECT_FALSE(file.has("/nowhere/tokens"));
    EXPECT_EQ(file.int_attribute("/", "version"), 3);
    EXPECT_EQ(file.double_attribute("/deep", "rate"), 0.25);
    EXPECT_EQ(file.string_attribute("/table", "text").size(), 100'000U);
    EXPECT_TRUE(file.has_attribute("/", "version"));
    EXPECT_FALSE(file.has_attribute("/", "rate"));
}

TEST(Hdf5File, SlicesAreRows) {
    TemporaryFolder const folder;
    auto file = Hdf5File::create(folder.file("a.h5"), 512);
    file.create_dataset<std::int32_t>("/t", {4, 2});
    for (std::int32_t row = 3; row >= 0; --row) {
        std::vector<std::int32_t> const values = {10 * row, 10 * row + 1};
        file.write_slice("/t", row, std::span<std::int32_t const>(values));
    }
    std::vector<std::int32_t> middle(4);
    file.read_slice("/t", 1, std::span<std::int32_t>(middle));
    EXPECT_EQ(middle, (std::vector<std::int32_t>{10, 11, 20, 21}));
    auto const message =
        message_of([&] { file.read_slice("/t", 3, std::span<std::int32_t>(middle)); });
    EXPECT_NE(message.find("has 4 rows (rows 3 to 4 were asked for)"), std::string::npos);
}

TEST(Hdf5File, EmptyDatasetsAreAllowed) {
    TemporaryFolder const folder;
    auto file = Hdf5File::create(folder.file("a.h5"), 512);
    file.write("/none", Ints{});
    file.write("/no_rows", Ints{}, 2);
    file.write_strings("/no_names", {});
    file.close_and_seal();
    auto const again = Hdf5File::open_read(folder.file("a.h5"));
    EXPECT_TRUE(again.read<std::int64_t>("/none").empty());
    EXPECT_EQ(again.shape("/no_rows"), (Ints{0, 2}));
    EXPECT_TRUE(again.read_strings("/no_names").empty());
}

TEST(Hdf5File, OffsetIsThatOfPlainReads) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    std::int64_t const offset =
        Hdf5File::open_read(folder.file("a.h5")).dataset_offset("/deep/er/tokens");
    EXPECT_GE(offset, user_block_bytes(1000));
    std::vector<std::uint16_t> tokens(3);
    pread_all(open_for_reading(folder.file("a.h5")), tokens.data(), 6, offset);
    EXPECT_EQ(tokens, (std::vector<std::uint16_t>{1, 2, 65535}));
}

TEST(Hdf5File, EqualInputsGiveEqualBytes) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    ::sleep(1);  // a stored time would differ
    write_sample(folder.file("b.h5"));
    EXPECT_EQ(read_text(folder.file("a.h5")), read_text(folder.file("b.h5")));
}

TEST(Hdf5File, DamageIsNamedWithItsDataset) {
    TemporaryFolder const folder;
    auto file = Hdf5File::create(folder.file("a.h5"), user_block_bytes(1000));
    std::vector<float> const values(3 << 20, 1.0F);  // three blocks
    file.write("/first", values);
    file.write("/second", values);
    file.close_and_seal();
    auto const regions = read_user_block(open_for_reading(folder.file("a.h5"))).regions;
    ASSERT_EQ(regions.size(), 2U);
    EXPECT_EQ(regions[1].name, "/second");
    EXPECT_EQ(regions[1].bytes, 12 << 20);
    char const wrong = 7;
    pwrite_all(open_for_update(folder.file("a.h5")), &wrong, 1, regions[1].offset + (8 << 20));
    auto const message = message_of([&] { Hdf5File::open_read(folder.file("a.h5")); });
    EXPECT_NE(message.find("damaged in block 5 ("), std::string::npos) << message;
    EXPECT_NE(message.find(": /second)"), std::string::npos) << message;
    EXPECT_EQ(message.find("/first"), std::string::npos) << message;
}

TEST(Hdf5File, FullDiskIsAnErrorAndOtherFilesGoOn) {
    TemporaryFolder const folder;
    std::vector<double> const values(1 << 20, 1.0);
    {
        testing::FileSizeLimit const limit(1 << 20);
        auto const message = message_of([&] {
            auto file = Hdf5File::create(folder.file("a.h5"), 512);
            file.write("/v", values);
            file.close_and_seal();
        });
        EXPECT_NE(message.find(folder.file("a.h5")), std::string::npos) << message;
        EXPECT_NE(message.find("(HDF5: File too large)"), std::string::npos) << message;
    }
    auto file = Hdf5File::create(folder.file("b.h5"), 8192);
    file.write("/v", values);
    file.close_and_seal();
    EXPECT_EQ(Hdf5File::open_read(folder.file("b.h5")).read<double>("/v"), values);
}

TEST(Hdf5File, ErrorsNamePathAndObject) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    auto const file = Hdf5File::open_read(folder.file("a.h5"));
    auto const missing = message_of([&] { file.read<float>("/no"); });
    EXPECT_NE(missing.find("cannot open dataset /no in " + folder.file("a.h5")), std::string::npos)
        << missing;
    auto const type = message_of([&] { file.read<float>("/table"); });
    EXPECT_NE(type.find("has another element type"), std::string::npos) << type;
    auto const attribute = message_of([&] { file.int_attribute("/", "no"); });
    EXPECT_NE(attribute.find("read attribute no of /"), std::string::npos) << attribute;
    EXPECT_NE(message_of([&] { Hdf5File::create(folder.file("no/a.h5"), 512); }), "no error");
}

/// A file of the HDF5 library alone, in which `make` has put something; sealed as ours are.
template <class Make>
std::string foreign_file(TemporaryFolder const& folder, Make const& make) {
    std::string path = folder.file("foreign.h5");
    hid_t const creation = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(creation, 1024);
    hid_t const file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
    make(file);
    H5Fclose(file);
    H5Pclose(creation);
    seal_file(path);
    return path;
}

void make_dataset(hid_t file, hid_t type, std::vector<hsize_t> const& shape) {
    hid_t const space =
        shape.empty() ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    H5Dclose(H5Dcreate2(file, "d", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
}

TEST(Hdf5File, ShapesAreCheckedBeforeMemoryIsTaken) {
    TemporaryFolder const folder;
    for (hsize_t const rows : {hsize_t{1} << 40, hsize_t{1} << 50, hsize_t{5}}) {
        auto const path = foreign_file(folder, [&](hid_t file) {
            make_dataset(file, H5T_STD_I64LE, {rows, 2});
        });
        auto const file = Hdf5File::open_read(path);
        EXPECT_NE(message_of([&] { file.read<std::int64_t>("/d"); }).find("holds 0 bytes"),
                  std::string::npos)
            << rows;
    }
}

TEST(Hdf5File, OtherNumbersOfDimensionsAreNamed) {
    TemporaryFolder const folder;
    for (std::vector<hsize_t> const& shape : {std::vector<hsize_t>{}, {2, 2, 2}}) {
        auto const path =
            foreign_file(folder, [&](hid_t file) { make_dataset(file, H5T_STD_I64LE, shape); });
        auto const file = Hdf5File::open_read(path);
        std::string const wanted = std::to_string(shape.size()) + " dimensions";
        EXPECT_NE(message_of([&] { file.shape("/d"); }).find(wanted), std::string::npos);
        EXPECT_NE(message_of([&] { file.read<std::int64_t>("/d"); }).find(wanted),
                  std::string::npos);
    }
}

TEST(Hdf5File, AnAttributeOfManyValuesIsRefused) {
    TemporaryFolder const folder;
    auto const path = foreign_file(folder, [](hid_t file) {
        hsize_t const count = 1000;
        hid_t const space = H5Screate_simple(1, &count, nullptr);
        std::vector<std::int64_t> const values(count, -1);
        hid_t const attribute =
            H5Acreate2(file, "step", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
        H5Awrite(attribute, H5T_STD_I64LE, values.data());
        H5Aclose(attribute);
        H5Sclose(space);
    });
    auto const file = Hdf5File::open_read(path);
    EXPECT_NE(message_of([&] { file.int_attribute("/", "step"); }).find("is not one value"),
              std::string::npos);
}

TEST(Hdf5File, TypesOfPlainReadsAreChecked) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    auto const file = Hdf5File::open_read(folder.file("a.h5"));
    file.require_type<std::uint16_t>("/deep/er/tokens");
    EXPECT_NE(message_of([&] { file.require_type<float>("/deep/er/tokens"); }).find("another"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
