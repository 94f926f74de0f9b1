#include "dnagpt/eval/validation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "dnagpt/eval/evaluation_report.hpp"
#include "dnagpt/eval/novel_masks.hpp"
#include "dnagpt/eval/task_rows_file.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"
#include "train/tiny_run.hpp"

namespace dnagpt {
namespace {

using testing::world;

constexpr ModelShape shape{1, 2, 16, 32, 15659};

/// Two species, a model whose weights are all drawn.
class Validation : public ::testing::Test {
  protected:
    Validation()
        : folder_(world()),
          layout_(make_parameter_layout(shape)),
          weights_("weights", layout_.size) {
        testing::write_tiny_shards(folder_, world());
        std::vector<float> drawn(static_cast<std::size_t>(layout_.size));
        draw_initial_weights(layout_, 1, 0, layout_.size, drawn.data());
        copy_to_device(drawn.data(), weights_.data(), layout_.size);
    }

    static ValidationSettings settings(std::int64_t micro_batch) {
        ValidationSettings settings;
        settings.windows_per_species = 5;
        settings.task_rows_per_species = 6;
        settings.context_length = shape.context_length;
        settings.micro_batch = micro_batch;
        return settings;
    }

    std::vector<SpeciesSums> score(ValidationSet const& set) {
        std::int64_t const positions = set.settings().micro_batch * shape.context_length;
        Arena activations(gpt_saved_bytes<float>(shape, positions, Purpose::inference));
        auto const saved =
            layout_gpt_saved<float>(shape, positions, Purpose::inference, activations);
        DeviceBatch batch(shape, positions);
        Context context{testing::device().stream(), GemmEngine(),
                        Arena(gpt_scratch_bytes<float>(shape, set.settings().micro_batch,
                                                       shape.context_length))};
        auto const params = bind_parameters(shape, layout_, weights_.data());
        return score_validation(context, params, saved, batch, set, world());
    }

    testing::SharedFolder folder_;
    ParameterLayout layout_;
    Buffer<float> weights_;
};

/// Weights of deviation 0.02 say almost nothing: a word costs about the logarithm of the
/// vocabulary.
TEST_F(Validation, AnUntrainedModelIsNearUniform) {
    PretrainData const data(folder_.file("shards"), Split::validation);
    auto const sums = score(ValidationSet(data, {}, settings(3)));
    ASSERT_EQ(sums.size(), 2U);
    double const uniform = std::log2(15659.0) / 6;
    for (SpeciesSums const& species : sums) {
        EXPECT_NEAR(bits_per_base(species), uniform, 0.05);
        EXPECT_EQ(species.gc_count, 6);
        EXPECT_EQ(species.order_count, 6);
        // 5 windows, each of the words of a training row.
        EXPECT_EQ(species.bases, 5 * (shape.context_length - template_positions) * 6);
    }
}

TEST_F(Validation, MicroBatchChangesNothingButRounding) {
    PretrainData const data(folder_.file("shards"), Split::validation);
    auto const small = score(ValidationSet(data, {}, settings(1)));
    auto const large = score(ValidationSet(data, {}, settings(4)));
    for (std::size_t i = 0; i < small.size(); ++i) {
        EXPECT_NEAR(small[i].nats, large[i].nats, 1e-5 * small[i].nats);
        EXPECT_NEAR(small[i].gc_squared_error, large[i].gc_squared_error,
                    1e-4 * large[i].gc_squared_error);
        EXPECT_EQ(small[i].order_count, large[i].order_count);
        EXPECT_EQ(small[i].bases, large[i].bases);
    }
}

TEST_F(Validation, NovelMasksAreThoseOfOneRank) {
    PretrainData const training(folder_.file("shards"), Split::train);
    PretrainData const data(folder_.file("shards"), Split::validation);
    ValidationSet const set(data, {}, settings(3));
    auto const masks = novel_masks(data, set.windows(), training, world());
    EXPECT_EQ(masks, novel_words(data, set.windows(), training));
    ASSERT_EQ(masks.size(), 10U);
    EXPECT_NE(masks[0], std::vector<std::uint8_t>(masks[0].size(), 0));
}

TEST_F(Validation, TaskRowsAreWrittenAsTheyAreShown) {
    PretrainData const data(folder_.file("shards"), Split::validation);
    ValidationSet const set(data, {}, settings(3));
    if (world().rank() == 0) {
        write_task_rows(folder_.file("rows.tsv"), set);
        std::string const text = read_text(folder_.file("rows.tsv"));
        EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + set.task_rows());
        auto const row = set.task_row(0);
        std::array<std::uint8_t, bases_per_word> codes{};
        unpack_words({row.units.data(), 1}, codes);
        std::string const start = std::string("first_species\t") +
                                  (row.choice.reversed ? "reversed\t" : "forward\t") +
                                  bases_text(codes);
        EXPECT_NE(text.find("\n" + start), std::string::npos) << text;
    }
}

/// Text of period 12 is foretold by a Markov model of order 5, not by its letter frequencies.
TEST_F(Validation, ReportHoldsScoresMarkovValuesAndTheirMean) {
    PretrainData const training(folder_.file("shards"), Split::train);
    PretrainData const data(folder_.file("shards"), Split::validation);
    ValidationSet set(data, {}, settings(4));
    auto const sums = score(set);
    auto const markov = score_markov_models(training, set, world());
    auto const report =
        evaluation_report({"x/step_00000007.h5", 7, "validation"}, data, sums, markov);
    EXPECT_EQ(report["format_version"], 1);
    EXPECT_EQ(report["checkpoint"], "step_00000007.h5");
    auto const& first = report["species"]["first_species"];
    auto const& second = report["species"]["second_species"];
    EXPECT_NEAR(first["bits_per_base"].get<double>(), bits_per_base(sums[0]), 1e-12);
    EXPECT_EQ(first["markov"].size(), 6U);
    EXPECT_TRUE(first["bits_per_base_novel"].is_null());
    double const mean =
        (first["markov"]["order_2"].get<double>() + second["markov"]["order_2"].get<double>()) / 2;
    EXPECT_NEAR(report["mean"]["markov"]["order_2"].get<double>(), mean, 1e-12);
    EXPECT_EQ(report["all_rows"]["order_count"], 12);
}

}  // namespace
}  // namespace dnagpt
