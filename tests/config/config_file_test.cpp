#include "dnagpt/config/config_file.hpp"

#include <gtest/gtest.h>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

RunConfig parse(std::string const& text, std::vector<std::string> const& overrides = {}) {
    return parse_run_config(text, "test.toml", overrides);
}

std::string message_of(std::string const& text, std::vector<std::string> const& overrides = {}) {
    return testing::message_of([&] { parse(text, overrides); });
}

std::string const smallest = "[schedule]\nsteps = 10\n";

TEST(ConfigFile, ReadsEveryTypeAndKeepsDefaults) {
    RunConfig const config = parse(smallest +
                                   "[run]\nfolder = 'x'\n[data]\nspecies_weights = ['a=1']\n"
                                   "[optimizer]\nlearning_rate = 1\n");
    EXPECT_EQ(config.schedule.steps, 10);
    EXPECT_EQ(config.run.folder, "x");
    EXPECT_EQ(config.data.species_weights, std::vector<std::string>{"a=1"});
    EXPECT_EQ(config.optimizer.learning_rate, 1.0);
    EXPECT_EQ(config.optimizer.beta2, 0.98);
}

TEST(ConfigFile, OverridesWinAndTakeBareTexts) {
    RunConfig const config =
        parse(smallest, {"schedule.steps=20", "run.folder=runs/a b", "run.seed=7"});
    EXPECT_EQ(config.schedule.steps, 20);
    EXPECT_EQ(config.run.folder, "runs/a b");
    EXPECT_EQ(config.run.seed, 7);
}

TEST(ConfigFile, UnknownKeyNamesTheNearest) {
    std::string const text = message_of(smallest + "[optimizer]\nlerning_rate = 1.0\n");
    EXPECT_NE(text.find("'optimizer.lerning_rate'"), std::string::npos) << text;
    EXPECT_NE(text.find("'optimizer.learning_rate'"), std::string::npos) << text;
}

TEST(ConfigFile, UnknownSectionIsRefusedEvenWhenEmpty) {
    EXPECT_NE(message_of(smallest + "[shedule]\n").find("unknown section [shedule]"),
              std::string::npos);
}

TEST(ConfigFile, ValuesOutOfRangeAreNamed) {
    for (char const* setting :
         {"optimizer.beta1=1", "optimizer.beta2=-0.1", "optimizer.epsilon=0",
          "optimizer.max_norm=-1", "schedule.warmup_steps=-1", "run.time_limit=-1",
          "run.peak_tflops=-1", "tasks.gc_weight=-1", "evaluation.windows_per_species=0"}) {
        std::string const key = std::string(setting).substr(0, std::string(setting).find('='));
        EXPECT_NE(message_of(smallest, {setting}).find(key), std::string::npos) << setting;
    }
}

TEST(ConfigFile, WrongTypeAndBrokenFileAreNamed) {
    EXPECT_NE(message_of("[schedule]\nsteps = 'ten'\n").find("give a whole number"),
              std::string::npos);
    EXPECT_NE(message_of("[schedule]\nsteps = \n").find("test.toml:2"), std::string::npos);
    EXPECT_NE(message_of(smallest, {"steps"}).find("section.key=value"), std::string::npos);
}

TEST(ConfigFile, ValuesMustFitEachOther) {
    EXPECT_NE(message_of(smallest, {"model.heads=3"}).find("model.heads"), std::string::npos);
    for (char const* setting :
         {"batch.tokens_per_step=100", "model.drop=['token_head']", "finetune.data=x.h5"}) {
        std::string const message =
            testing::message_of([&] { require_pretraining(parse(smallest, {setting})); });
        EXPECT_NE(message.find(std::string(setting).substr(0, 8)), std::string::npos) << message;
    }
    EXPECT_NE(message_of("").find("schedule.steps or schedule.epochs"), std::string::npos);
    EXPECT_NE(message_of(smallest, {"schedule.epochs=1"}).find("one of the two"),
              std::string::npos);
    EXPECT_NE(message_of(smallest, {"run.precision=half"}).find("run.precision"),
              std::string::npos);
}

TEST(ConfigFile, PresetFillsWhatTheFileDoesNotName) {
    RunConfig const config = parse(smallest + "[model]\nlayers = 2\n",
                                   {"model.preset=dnagpt_s_512", "batch.tokens_per_step=5120"});
    EXPECT_EQ(config.model.layers, 2);
    EXPECT_EQ(config.model.heads, 12);
    EXPECT_EQ(config.model.channels, 768);
    EXPECT_EQ(model_shape(config.model).vocabulary_size, 19564);
    EXPECT_NE(message_of(smallest, {"model.preset=gpt9"}).find("dnagpt_b_512"), std::string::npos);
}

TEST(ConfigFile, SetsOfFineTuningAreListedOrGivenInShort) {
    std::string const two =
        "[[finetune.set]]\ndata = 'a/pas.h5'\n[[finetune.set]]\nname = 'mrna'\ndata = 'b.h5'\n"
        "weight = 0.5\nanswer = 'number'\n";
    RunConfig const config = parse(smallest + two);
    ASSERT_EQ(config.finetune.sets.size(), 2U);
    EXPECT_EQ(config.finetune.sets[0].name, "pas");
    EXPECT_EQ(config.finetune.sets[1].weight, 0.5);
    EXPECT_EQ(rows_per_step(config), 8);
    RunConfig const brief = parse(smallest, {"finetune.data=x/y.h5", "finetune.prompt=class"});
    ASSERT_EQ(brief.finetune.sets.size(), 1U);
    EXPECT_EQ(brief.finetune.sets[0].name, "y");
    EXPECT_EQ(brief.finetune.sets[0].prompt, "class");
    EXPECT_NE(message_of(smallest + two, {"finetune.data=c.h5"}).find("one of the two"),
              std::string::npos);
    EXPECT_NE(message_of(smallest + two + "wieght = 1\n").find("'weight'"), std::string::npos);
    EXPECT_NE(message_of(smallest + two + "[[finetune.set]]\nname = 'pas'\n").find("two sets"),
              std::string::npos);
    EXPECT_NE(message_of(smallest, {"finetune.set=3"}).find("[[finetune.set]]"), std::string::npos);
}

TEST(ConfigFile, APromptOfAllSetsIsTakenByThoseWithoutOne) {
    std::string const two =
        "[finetune]\nprompt = 'class'\n[[finetune.set]]\ndata = 'a.h5'\n"
        "[[finetune.set]]\ndata = 'b.h5'\nprompt = 'number'\n";
    RunConfig const config = parse(smallest + two);
    EXPECT_EQ(config.finetune.sets[0].prompt, "class");
    EXPECT_EQ(config.finetune.sets[1].prompt, "number");
    EXPECT_EQ(config.finetune.prompt, "");
    RunConfig const kept = parse(to_toml(config, PathKeys::keep));
    EXPECT_EQ(kept.finetune.sets, config.finetune.sets);
}

TEST(ConfigFile, SetsAreWrittenAndCompared) {
    RunConfig const config = parse(smallest, {"finetune.data=x/y.h5", "finetune.prompt=class",
                                              "finetune.reverse_complement=true"});
    RunConfig const kept = parse(to_toml(config, PathKeys::keep));
    EXPECT_EQ(to_toml(kept, PathKeys::keep), to_toml(config, PathKeys::keep));
    EXPECT_EQ(kept.finetune.sets[0].data, "x/y.h5");
    RunConfig const stored = parse(to_toml(config, PathKeys::leave_out));
    EXPECT_TRUE(require_compatible(stored, config).empty());
    RunConfig changed = config;
    changed.finetune.sets[0].weight = 2;
    EXPECT_NE(
        testing::message_of([&] { require_compatible(stored, changed); }).find("finetune.set"),
        std::string::npos);
}

TEST(ConfigFile, FineTuningsValuesAreChecked) {
    for (char const* setting :
         {"finetune.shift=6", "finetune.folds=1", "finetune.fold=1", "finetune.heads=some",
          "finetune.rows_per_step=0", "finetune.seeds=0", "model.drop=['head']"}) {
        std::string const key = std::string(setting).substr(0, std::string(setting).find('='));
        EXPECT_NE(message_of(smallest, {setting}).find(key), std::string::npos) << setting;
    }
}

TEST(ConfigFile, ResolvedConfigReadsBackTheSame) {
    RunConfig const config = parse(smallest, {"optimizer.learning_rate=3e-5", "run.folder=a\"b",
                                              "data.species_weights=['x=2', 'y=0.5']"});
    RunConfig const again = parse(to_toml(config, PathKeys::keep));
    EXPECT_EQ(to_toml(again, PathKeys::keep), to_toml(config, PathKeys::keep));
    EXPECT_EQ(again.run.folder, "a\"b");
}

TEST(ConfigFile, StoredConfigHoldsNoPath) {
    RunConfig const config =
        parse(smallest, {"run.folder=secret_place", "data.shards=secret_place"});
    EXPECT_EQ(to_toml(config, PathKeys::leave_out).find("secret_place"), std::string::npos);
}

TEST(ConfigFile, ChangedKeysAreRefusedWithBothValues) {
    RunConfig const stored = parse(smallest);
    try {
        require_compatible(stored, parse(smallest, {"optimizer.beta1=0.5"}));
        FAIL() << "a changed beta1 was accepted";
    } catch (Error const& error) {
        std::string const text = error.what();
        EXPECT_NE(text.find("optimizer.beta1: the run has 0.9, now 0.5"), std::string::npos)
            << text;
    }
}

TEST(ConfigFile, FreeAndAllowedKeysMayChangeAndPathsDoNotCount) {
    RunConfig const stored = parse(smallest);
    RunConfig const given =
        parse(smallest, {"schedule.steps=99", "optimizer.beta1=0.5", "run.folder=elsewhere",
                         "run.allow_changes=['optimizer.beta1']"});
    auto const changes = require_compatible(stored, given);
    EXPECT_EQ(changes.size(), 3U);  // steps, beta1, allow_changes itself
}

TEST(ConfigFile, AnyTextComesBack) {
    for (std::string const text : {"it's", "''' and \"\"\"", "back\\slash\nline\r\n\t", "\x7f\x01",
                                   "\xC3\xA9 '\n", "'''\n"}) {
        RunConfig config = parse(smallest);
        config.run.folder = text;
        config.run.allow_changes = {text, "b"};
        RunConfig const again = parse(to_toml(config, PathKeys::keep));
        EXPECT_EQ(again.run.folder, text);
        EXPECT_EQ(again.run.allow_changes, config.run.allow_changes);
        EXPECT_EQ(parse(smallest, {"run.folder=x" + text}).run.folder, "x" + text);
    }
}

TEST(ConfigFile, NamesOfSetsCanBePartOfAFilesName) {
    auto const problem = [](std::string const& name) {
        RunConfig config = parse(smallest);
        config.finetune.sets = {{name, "a.h5", "", "", 1}};
        return message_of(to_toml(config, PathKeys::keep));
    };
    EXPECT_EQ(problem("TIS human, v1.2"), "no error");
    for (std::string const& name :
         {std::string("../../x"), std::string("/etc/x"), std::string("a\nb"), std::string("a\tb"),
          std::string("a\0b", 3), std::string(5000, 'a')}) {
        EXPECT_NE(problem(name).find("cannot be part of a file's name"), std::string::npos) << name;
    }
    EXPECT_NE(message_of(smallest, {"finetune.data=" + std::string(300, 'a') + ".h5"})
                  .find("cannot be part of a file's name"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
