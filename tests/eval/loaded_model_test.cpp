#include "dnagpt/eval/loaded_model.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt::testing {
namespace {

constexpr ModelShape shape{2, 2, 8, 12, 37};

CheckpointHeader header_of(ParameterLayout const& layout) {
    CheckpointHeader header;
    header.elements = layout.size;
    for (TensorEntry const& tensor : layout.tensors) {
        header.layout.push_back({tensor.name, tensor.offset, tensor.shape});
    }
    return header;
}

std::string refusal(CheckpointHeader const& header, ModelShape const& wanted) {
    return message_of([&] { require_same_layout(header, make_parameter_layout(wanted)); });
}

TEST(LoadedModel, TensorsAreThoseOfTheSettings) {
    CheckpointHeader const header = header_of(make_parameter_layout(shape));
    require_same_layout(header, make_parameter_layout(shape));
    ModelShape words = shape;
    words.vocabulary_size = 38;
    ModelShape wider = shape;
    wider.channels = 16;
    for (ModelShape const& other : {words, wider}) {
        EXPECT_NE(refusal(header, other).find("is not '"), std::string::npos);
    }
    CheckpointHeader cut = header;
    cut.layout.pop_back();
    EXPECT_NE(refusal(cut, shape).find("are not those of its settings"), std::string::npos);
    CheckpointHeader renamed = header;
    renamed.layout.back().name = "other";
    EXPECT_NE(refusal(renamed, shape).find("tensor 'other' is not"), std::string::npos);
}

TEST(LoadedModel, AFolderOfSeveralRunsIsNone) {
    TemporaryFolder const folder;
    std::string const run = folder.path() + "/run";
    std::filesystem::create_directories(run + "/fold_1");
    EXPECT_NE(message_of([&] { resolve_checkpoint(run); }).find("such as " + run + "/fold_1"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt::testing
