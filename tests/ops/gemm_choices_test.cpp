#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

GemmShape const forward{.m = 64,
                        .n = 256,
                        .k = 128,
                        .transpose_b = true,
                        .lda = 128,
                        .ldb = 128,
                        .ldc = 256,
                        .weight = true,
                        .epilogue = Epilogue::gelu};

/// The version that choices are good for here.
int running_version() {
    GemmEngine engine;
    engine.note_epilogue_pays(forward, true);
    return nlohmann::json::parse(engine.choices()).at("version").get<int>();
}

std::string product(int m, std::string const& algorithm) {
    return R"({"m":)" + std::to_string(m) +
           R"(,"n":256,"k":128,"lda":128,"ldb":128,"ldc":256,"transpose_a":false,)"
           R"("transpose_b":true,"accumulate":false,"epilogue":"none","input":"bf16",)"
           R"("output":"float","alignment":256,"algorithm":")" +
           algorithm + R"("})";
}

std::string const epilogue =
    R"({"m":64,"n":256,"k":128,"lda":128,"ldb":128,"ldc":256,"transpose_a":false,)"
    R"("transpose_b":true,"accumulate":false,"epilogue":"gelu","pays":false})";

std::string repeated(std::string const& digits) {
    std::string text;
    for (int i = 0; i < 64; ++i) {
        text += digits;
    }
    return text;
}

std::string text_of(int version, std::string const& products, std::string const& epilogues) {
    return R"({"library":"cuBLASLt","version":)" + std::to_string(version) + R"(,"products":[)" +
           products + R"(],"epilogues":[)" + epilogues + "]}";
}

TEST(GemmChoices, AreEmptyAtFirst) {
    GemmEngine engine;
    EXPECT_EQ(engine.choices(), "");
    EXPECT_EQ(engine.epilogue_pays(forward), std::nullopt);
    EXPECT_FALSE(engine.chooses_by_timing());
}

TEST(GemmChoices, GiveTheirTextBack) {
    std::string const text =
        text_of(running_version(), product(8, repeated("0f")) + "," + product(64, repeated("a9")),
                epilogue);
    GemmEngine engine;
    engine.take_choices(text);
    EXPECT_EQ(engine.choices(), text);
}

TEST(GemmChoices, StandInTheOrderOfTheShapes) {
    int const version = running_version();
    std::string const first = product(8, repeated("00"));
    std::string const second = product(64, repeated("ff"));
    GemmEngine engine;
    engine.take_choices(text_of(version, second + "," + first, ""));
    EXPECT_EQ(engine.choices(), text_of(version, first + "," + second, ""));
}

TEST(GemmChoices, OfAnotherVersionLeaveTheEpiloguesAlone) {
    int const version = running_version();
    GemmEngine engine;
    engine.take_choices(text_of(version - 1, product(8, repeated("0f")), epilogue));
    EXPECT_EQ(engine.choices(), text_of(version, "", epilogue));
    EXPECT_EQ(engine.epilogue_pays(forward), std::optional(false));
    engine.take_choices(text_of(version - 1, product(8, repeated("0f")), ""));
    EXPECT_EQ(engine.choices(), "");
}

TEST(GemmChoices, TakeThePlaceOfFormerOnes) {
    GemmEngine engine;
    engine.note_epilogue_pays(forward, true);
    engine.take_choices(text_of(running_version(), product(8, repeated("0f")), ""));
    EXPECT_EQ(engine.epilogue_pays(forward), std::nullopt);
    engine.take_choices("");
    EXPECT_EQ(engine.choices(), "");
}

TEST(GemmChoices, NoteWhetherAnEpiloguePays) {
    GemmEngine engine;
    engine.note_epilogue_pays(forward, true);
    EXPECT_EQ(engine.epilogue_pays(forward), std::optional(true));
    engine.note_epilogue_pays(forward, false);
    EXPECT_EQ(engine.epilogue_pays(forward), std::optional(false));
    EXPECT_EQ(engine.choices(), text_of(running_version(), "", epilogue));
    GemmShape other = forward;
    other.epilogue = Epilogue::gelu_gradient;
    EXPECT_EQ(engine.epilogue_pays(other), std::nullopt);
}

TEST(GemmChoices, RefuseOtherTexts) {
    int const version = running_version();
    std::string const good = product(8, repeated("0f"));
    auto const with = [&](std::string const& part, std::string const& other) {
        std::string changed = text_of(version, good, epilogue);
        return changed.replace(changed.find(part), part.size(), other);
    };
    for (std::string const& text :
         {std::string("{"), std::string("[]"), std::string("17"), std::string("{}"),
          with("cuBLASLt", "oneDNN"), with(R"("products":[)", R"("products":["no product",)"),
          with(R"("m":8)", R"("m":-8)"), with(R"("m":8)", R"("m":8.5)"),
          with(R"("m":8)", R"("m":true)"), with(R"("m":8,)", ""),
          with(R"("transpose_a":false)", R"("transpose_a":0)"), with("none", "relu"),
          with(R"("input":"bf16")", R"("input":"half")"), with("256,\"alg", "24,\"alg"),
          with("256,\"alg", "512,\"alg"), with("0f0f", "0f"), with("0f0f", "0f0g"),
          with(R"("pays":false)", R"("pays":"no")"),
          text_of(version, good, epilogue).substr(0, 200)}) {
        GemmEngine engine;
        engine.note_epilogue_pays(forward, true);
        std::string const before = engine.choices();
        std::string const message = message_of([&] { engine.take_choices(text); });
        EXPECT_EQ(message.find("the stored choices of matrix products cannot be read ("), 0U)
            << message << " for " << text;
        EXPECT_NE(message.find("); leave them out"), std::string::npos) << message;
        EXPECT_EQ(engine.choices(), before);
    }
}

}  // namespace
}  // namespace dnagpt
