#include "dnagpt/train/finetune.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "dnagpt/core/program.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "dnagpt/model/token_scores.hpp"
#include "dnagpt/train/finetune_run.hpp"
#include "harness/device_test_session.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/random_bases.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;
using testing::device;
using testing::world;

/// Sequences of unequal length; "yes" begins with AATAAA. The number is three times the first one.
LabelledSet planted_set(AnswerKind answer, int count = 60) {
    LabelledSet set;
    set.answer = answer;
    if (answer == AnswerKind::classes) {
        set.classes = {"no", "yes"};
    } else {
        set.number_names = {"f1", "f2"};
        set.target_name = "y";
    }
    for (int i = 0; i < count; ++i) {
        auto const seed = static_cast<std::uint64_t>(i);
        std::string const start = i % 2 == 1 ? "AATAAA" : "CCGCCG";
        LabelledExample example;
        example.id = "e" + std::to_string(i);
        example.codes = base_codes(start + testing::random_bases(12 + i % 7, seed));
        example.label = answer == AnswerKind::classes ? i % 2 : 0;
        example.group = i;
        example.split = static_cast<Split>(i / 2 % 6 == 5 ? 2 : i / 2 % 6 == 4 ? 1 : 0);
        if (answer == AnswerKind::number) {
            example.numbers = {random_normal(1, seed), random_normal(2, seed)};
            example.target = 7 + 3 * example.numbers[0];
        }
        set.examples.push_back(example);
    }
    return set;
}

class Finetune : public ::testing::Test {
  protected:
    Finetune() : folder_(world()) {
        if (world().rank() == 0) {
            write_labelled_set(folder_.file("classes.h5"), planted_set(AnswerKind::classes));
            write_labelled_set(folder_.file("numbers.h5"), planted_set(AnswerKind::number));
            write_labelled_set(folder_.file("many.h5"), planted_set(AnswerKind::number, 600));
        }
        world().barrier();
    }

    RunConfig config_for(std::vector<FinetuneSet> sets, std::string const& run) const {
        RunConfig config;
        config.run.folder = folder_.file(run);
        config.model = {"", 1, 2, 16, 16, "fixed", "none"};
        config.batch.micro_batch = 2;
        config.optimizer.learning_rate = 2e-2;
        config.schedule.epochs = 6;
        config.schedule.warmup_epochs = 1;
        config.finetune.rows_per_step = 8;
        config.finetune.sets = std::move(sets);
        return config;
    }
    FinetuneSet classes() const { return {"classes", folder_.file("classes.h5"), "", "", 1}; }
    FinetuneSet numbers() const { return {"numbers", folder_.file("numbers.h5"), "", "", 1}; }

    static int tune(RunConfig const& config) {
        Preemption preemption;
        return finetune(config, world(), device(), preemption);
    }
    static nlohmann::json evaluation(std::string const& folder) {
        return nlohmann::json::parse(read_text(folder + "/evaluation.json"));
    }
    static std::vector<std::string> checkpoints(std::string const& folder) {
        std::vector<std::string> names;
        for (auto const& entry : fs::directory_iterator(folder + "/checkpoints")) {
            if (entry.path().extension() == ".h5") {
                names.push_back(entry.path().string());
            }
        }
        std::ranges::sort(names);
        return names;
    }

    testing::SharedFolder folder_;
};

TEST_F(Finetune, LearnsAPlantedSignalAndWritesWhatItSays) {
    RunConfig config = config_for({classes()}, "run");
    config.schedule.epochs = 12;
    ASSERT_EQ(tune(config), exit_success);
    auto const scores = evaluation(config.run.folder)["sets"]["classes"];
    EXPECT_EQ(scores["test"]["accuracy"], 1.0);
    EXPECT_EQ(scores["test"]["n"], 10);
    EXPECT_EQ(scores["validation"]["mcc"], 1.0);
    EXPECT_TRUE(scores["test"]["intervals"]["auroc"].is_array());
    std::string const table = read_text(config.run.folder + "/predictions.tsv");
    EXPECT_TRUE(table.starts_with(
        "id\tsequence_length\tlabel\tpredicted\tp_no\tp_yes\toutside_mass\tsplit\ne8\t19\tno\t"))
        << table;
    EXPECT_EQ(std::ranges::count(table, '\n'), 21);
}

TEST_F(Finetune, NumbersAreAnsweredInTheirOwnScale) {
    RunConfig config = config_for(
        {{"numbers", folder_.file("many.h5"), "<S><+><M>{numbers}<=><M>", "", 1}}, "run");
    config.schedule.epochs = 15;
    config.optimizer.learning_rate = 2e-3;
    ASSERT_EQ(tune(config), exit_success);
    auto const test = evaluation(config.run.folder)["sets"]["numbers"]["test"];
    EXPECT_GT(test["r2"], 0.9);
    EXPECT_GT(test["r2_residual"], 0.9);
    EXPECT_TRUE(read_text(config.run.folder + "/predictions.tsv")
                    .starts_with("id\ttarget\tpredicted\tpredicted_original_scale\tsplit\n"));
}

TEST_F(Finetune, ResumedRunIsBitIdenticalToAnUninterruptedOne) {
    for (char const* precision : {"float", "bf16"}) {
        RunConfig config = config_for({classes(), numbers()}, std::string("whole_") + precision);
        config.run.precision = precision;
        config.checkpoint.keep_last = 100;
        config.finetune.shift = 3;
        config.finetune.reverse_complement = true;
        ASSERT_EQ(tune(config), exit_success);
        std::string const whole = config.run.folder;
        config.run.folder = folder_.file(std::string("resumed_") + precision);
        auto const names = checkpoints(whole);
        ASSERT_GE(names.size(), 5U);
        if (world().rank() == 0) {
            fs::create_directories(config.run.folder + "/checkpoints");
            fs::copy(names[0], config.run.folder + "/checkpoints");
            fs::copy(names[1], config.run.folder + "/checkpoints");
            fs::copy(whole + "/metrics.jsonl", config.run.folder);
        }
        world().barrier();
        ASSERT_EQ(tune(config), exit_success);
        for (std::string const& file :
             {"/checkpoints/" + fs::path(names.back()).filename().string(),
              std::string("/evaluation.json"), std::string("/predictions_numbers.tsv")}) {
            EXPECT_EQ(read_text(whole + file), read_text(config.run.folder + file)) << file;
        }
    }
}

/// Each epoch's loss tells whose weights the results come from.
TEST_F(Finetune, TheBestEpochIsKeptAndTaken) {
    RunConfig config = config_for({classes()}, "run");
    config.checkpoint.keep_last = 1;
    config.schedule.epochs = 10;
    ASSERT_EQ(tune(config), exit_success);
    double best = -2;
    nlohmann::json best_epoch;
    nlohmann::json last_epoch;
    int epochs = 0;
    for (auto const& line : read_json_lines(config.run.folder + "/metrics.jsonl")) {
        if (line.contains("evaluation")) {
            ++epochs;
            last_epoch = line["evaluation"];
            if (last_epoch["score"].get<double>() > best) {
                best = last_epoch["score"];
                best_epoch = last_epoch;
            }
        }
    }
    EXPECT_EQ(epochs, 10);
    ASSERT_NE(best_epoch["step"], last_epoch["step"]);
    auto const result = evaluation(config.run.folder);
    EXPECT_EQ(result["step"], best_epoch["step"]);
    double const loss = result["sets"]["classes"]["validation"]["loss"];
    EXPECT_NEAR(loss, best_epoch["sets"]["classes"]["loss"].get<double>(), 1e-5);
    EXPECT_GT(std::abs(loss - last_epoch["sets"]["classes"]["loss"].get<double>()), 1e-3);
    EXPECT_LE(checkpoints(config.run.folder).size(), 2U);
}

TEST_F(Finetune, StartsFromTheWeightsOfAnotherRun) {
    RunConfig first = config_for({classes()}, "first");
    first.schedule.epochs = 12;
    ASSERT_EQ(tune(first), exit_success);
    RunConfig second = config_for({classes()}, "second");
    second.model = {};
    second.finetune.from = first.run.folder;
    second.schedule.epochs = 1;
    second.schedule.warmup_epochs = 0;
    second.optimizer.learning_rate = 1e-9;
    ASSERT_EQ(tune(second), exit_success);
    EXPECT_EQ(evaluation(second.run.folder)["sets"]["classes"]["test"]["accuracy"], 1.0);
    second.finetune.from = folder_.file("elsewhere");
    EXPECT_NE(testing::message_of([&] { tune(second); }).find("this run began with"),
              std::string::npos);
    second.finetune.from = first.run.folder;
    second.run.folder = folder_.file("third");
    second.model.layers = 3;
    EXPECT_NE(testing::message_of([&] { tune(second); }).find("[model] describes 3 layers"),
              std::string::npos);
}

TEST_F(Finetune, HeadsThatNoSetNeedsAreLeftOut) {
    RunConfig config = config_for({numbers()}, "needed");
    config.schedule.epochs = 1;
    FinetuneRun<float> const needed(config, {}, world(), device());
    config.run.folder = folder_.file("all");
    config.finetune.heads = "all";
    FinetuneRun<float> all(config, {}, world(), device());
    FinetuneRun<float> without(config_for({numbers()}, "without"), {}, world(), device());
    EXPECT_LT(without.training().memory().layout.parameters + 15659 * 16,
              all.training().memory().layout.parameters);
}

/// Each fold has its own scale; together the numbers are in one.
TEST_F(Finetune, PooledNumbersAreInOneScale) {
    RunConfig config = config_for(
        {{"numbers", folder_.file("many.h5"), "<S><+><M>{numbers}<=><M>", "", 1}}, "run");
    config.schedule.epochs = 8;
    config.finetune.folds = 2;
    ASSERT_EQ(tune(config), exit_success);
    auto const report = evaluation(config.run.folder);
    double squares = 0;
    double count = 0;
    for (auto const& run : report["runs"]) {
        auto const& test = run["sets"]["numbers"]["test"];
        double const n = test["n"];
        squares += n * std::pow(test["root_mean_squared_error"].get<double>(), 2);
        count += n;
    }
    EXPECT_EQ(count, 600);
    EXPECT_NEAR(
        report["pooled"][0]["sets"]["numbers"]["test"]["root_mean_squared_error"].get<double>(),
        std::sqrt(squares / count), 1e-9);
}

TEST_F(Finetune, SeedsAndFoldsAreSummedUp) {
    RunConfig config = config_for({classes()}, "run");
    config.schedule.epochs = 2;
    config.finetune.folds = 3;
    config.finetune.seeds = 2;
    ASSERT_EQ(tune(config), exit_success);
    auto const report = evaluation(config.run.folder);
    ASSERT_EQ(report["runs"].size(), 6U);
    EXPECT_EQ(report["runs"][3]["folder"], "seed_2_fold_1");
    EXPECT_TRUE(fs::exists(config.run.folder + "/seed_2_fold_3/predictions.tsv"));
    double sum = 0;
    for (auto const& run : report["runs"]) {
        sum += run["sets"]["classes"]["test"]["accuracy"].get<double>();
    }
    EXPECT_NEAR(report["mean"]["classes"]["test"]["accuracy"].get<double>(), sum / 6, 1e-12);
    ASSERT_EQ(report["pooled"].size(), 2U);
    EXPECT_EQ(report["pooled"][0]["sets"]["classes"]["test"]["n"], 60);
}

/// Weight times loss, summed over all rows of the first step, on this rank alone.
double loss_of_first_step(FinetuneRun<float>& run, RunConfig const& config) {
    std::int64_t const positions = config.batch.micro_batch * run.data().lengths().back();
    StepBatches const step = finetuning_steps(run.data(), config, positions, 0, 1)(0, 0);
    TrainingMemory<float>& memory = run.training().memory();
    double sum = 0;
    for (Batch const& batch : step.micro_batches) {
        memory.batch.upload(batch);
        gpt_forward(run.training().context(), memory.params, memory.batch, memory.saved);
        Evaluation const scores = evaluate_losses(run.training().context(), memory.params,
                                                  memory.batch, memory.saved, {});
        auto const weight = [&](std::int32_t position) {
            return static_cast<double>(
                batch.row_weights[static_cast<std::size_t>(position / batch.context_length)]);
        };
        for (std::int32_t const position : batch.answer_positions) {
            sum += weight(position) * scores.token_loss[static_cast<std::size_t>(position)];
        }
        for (std::size_t i = 0; i < scores.regression.size(); ++i) {
            auto const error = static_cast<double>(scores.regression[i]) -
                               static_cast<double>(batch.regression_targets[i]);
            sum += weight(batch.regression_positions[i]) * error * error;
        }
    }
    return sum;
}

/// At any world size (ranks without a row, too) and micro-batch the loss is the rows' mean.
TEST_F(Finetune, AStepDoesNotDependOnHowItIsSharedOut) {
    RunConfig config = config_for({classes(), numbers()}, "run");
    config.finetune.sets[1].weight = 0.5;
    config.finetune.class_weights = {"yes=3"};
    config.finetune.rows_per_step = 3;
    config.schedule.epochs = 1;
    std::vector<double> norms;
    for (std::int64_t const rows : {1, 8}) {
        config.run.folder = folder_.file("micro_" + std::to_string(rows));
        config.batch.micro_batch = rows;
        FinetuneRun<float> run(config, {}, world(), device());
        double const expected = loss_of_first_step(run, config) / 3;
        run.training().train_step();
        world().barrier();
        auto const line = read_json_lines(config.run.folder + "/metrics.jsonl").front();
        EXPECT_NEAR(line["loss"].get<double>(), expected, 1e-5 * expected) << rows;
        norms.push_back(line["grad_norm"]);
    }
    EXPECT_NEAR(norms[0], norms[1], 1e-4 * norms[1]);
}

/// Padding to the batch's longest row changes no answer beyond rounding.
TEST_F(Finetune, AnswersDoNotDependOnTheBatch) {
    RunConfig config = config_for({classes(), numbers()}, "run");
    config.finetune.heads = "all";
    FinetuneRun<float> run(config, {}, world(), device());
    for (int step = 0; step < 10; ++step) {
        run.training().train_step();
    }
    TrainingMemory<float>& memory = run.training().memory();
    ForwardModel<float> const model{run.training().context(), memory.params, memory.saved,
                                    memory.batch};
    auto const places = run.data().examples({Split::test});
    auto const together = predict(model, run.data(), places, 2 * run.data().lengths().back(),
                                  Blank::nothing, world());
    auto const alone = predict(model, run.data(), places, 1, Blank::nothing, world());
    ASSERT_EQ(together.size(), 20U);
    for (std::size_t i = 0; i < together.size(); ++i) {
        EXPECT_NEAR(together[i].value, alone[i].value, 1e-5);
        EXPECT_NEAR(together[i].loss, alone[i].loss, 1e-4);
    }
}

TEST_F(Finetune, OtherSetsAreRefusedAtAResume) {
    RunConfig config = config_for({classes()}, "run");
    config.schedule.epochs = 1;
    ASSERT_EQ(tune(config), exit_success);
    LabelledSet other = planted_set(AnswerKind::classes);
    other.examples.pop_back();
    if (world().rank() == 0) {
        write_labelled_set(folder_.file("classes.h5"), other);
    }
    world().barrier();
    EXPECT_NE(testing::message_of([&] { tune(config); }).find("not those of this run"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
