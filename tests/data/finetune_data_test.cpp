#include "dnagpt/data/finetune_data.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::random_bases;

constexpr Vocabulary vocabulary{VocabularyKind::fixed};

class FinetuneDataTest : public ::testing::Test {
  protected:
    RunConfig config_of(std::vector<FinetuneSet> sets) const {
        RunConfig config;
        config.model.context_length = 32;
        config.finetune.sets = std::move(sets);
        return config;
    }

    std::string write(std::string const& name, LabelledSet const& set) const {
        write_labelled_set(folder_.file(name), set);
        return folder_.file(name);
    }

    static LabelledSet class_set(int examples) {
        LabelledSet set;
        set.classes = {"no", "yes"};
        for (int i = 0; i < examples; ++i) {
            auto const split = static_cast<Split>(i % 4 == 3 ? 2 : i % 4 == 2 ? 1 : 0);
            set.examples.push_back({"e" + std::to_string(i),
                                    base_codes(random_bases(24, static_cast<std::uint64_t>(i))),
                                    i % 3 == 0 ? 1 : 0, i / 2, split});
        }
        return set;
    }

    static LabelledSet number_set() {
        LabelledSet set;
        set.answer = AnswerKind::number;
        set.number_names = {"f"};
        set.target_name = "y";
        set.examples = {{"a", base_codes("AAAAAA"), 0, 0, Split::train, {1}, 10},
                        {"b", base_codes("CCCCCC"), 0, 1, Split::train, {3}, 30},
                        {"c", base_codes("GGGGGG"), 0, 2, Split::test, {100}, 50}};
        return set;
    }

    testing::TemporaryFolder folder_;
};

TEST_F(FinetuneDataTest, ScalesComeFromTrainingAlone) {
    FinetuneData const data(config_of({{"n", write("n.h5", number_set()), "", "", 1}}), vocabulary);
    SetTask const& task = data.task().sets[0];
    EXPECT_EQ(task.numbers[0].mean, 2);
    EXPECT_EQ(task.numbers[0].deviation, 1);
    EXPECT_EQ(task.target.mean, 20);
    EXPECT_EQ(task.target.deviation, 10);
    FinetuneRow const row = data.row({0, 2}, {});
    EXPECT_EQ(row.input.numbers, std::vector<float>{98});
    EXPECT_EQ(row.target, 3);
    EXPECT_EQ(task.target.original(3), 50);
}

TEST_F(FinetuneDataTest, BlankedInputsSayNothing) {
    FinetuneData const data(config_of({{"n", write("n.h5", number_set()), "", "", 1}}), vocabulary);
    FinetuneRow const numbers = data.row({0, 2}, {}, Blank::numbers);
    EXPECT_EQ(numbers.input.numbers, std::vector<float>{0});
    FinetuneRow const sequence = data.row({0, 2}, {}, Blank::sequence);
    EXPECT_EQ(vocabulary.token_text(sequence.input.tokens[1]), "NNNNNN");
    EXPECT_EQ(sequence.input.numbers, std::vector<float>{98});
}

TEST_F(FinetuneDataTest, ViewsTurnAndCutTheSequence) {
    LabelledSet set = class_set(4);
    set.examples[0].codes = base_codes("AAAAAACCCCCCGT");
    FinetuneData const data(config_of({{"c", write("c.h5", set), "", "", 1}}), vocabulary);
    FinetuneRow const turned = data.row({0, 0}, {true, 0});
    EXPECT_EQ(vocabulary.token_text(turned.input.tokens[1]), "ACGGGG");
    FinetuneRow const cut = data.row({0, 0}, {false, 2});
    EXPECT_EQ(data.length({0, 0}, {true, 0}), turned.length());
    EXPECT_EQ(data.length({0, 0}, {false, 2}), cut.length());
    EXPECT_EQ(vocabulary.token_text(cut.input.tokens[1]), "AAAACC");
    EXPECT_EQ(cut.answer, vocabulary.true_word());
}

TEST_F(FinetuneDataTest, HaplotypesAreWrittenWordByWordAndStopped) {
    LabelledSet set;
    set.answer = AnswerKind::words;
    set.examples = {{"p_A", base_codes("AGAGAGGG"), 0, 0, Split::train},
                    {"p_B", base_codes("GGGGGGAA"), 0, 0, Split::train}};
    FinetuneData const data(config_of({{"h", write("h.h5", set), "", "", 1}}), vocabulary);
    FinetuneRow const row = data.row({0, 0}, {});
    TokenId const first = vocabulary.token_id("AGAGAG");
    TokenId const last = vocabulary.token_id("GGNNNN");
    EXPECT_EQ(row.input.tokens, (std::vector<std::int32_t>{reserved_token('R'), first, last}));
    EXPECT_EQ(row.targets, (std::vector<std::int32_t>{first, last, stop_token}));
    EXPECT_EQ(data.length({0, 0}, {}), row.length());
    EXPECT_EQ(data.task().sets[0].bases, 8);
    EXPECT_EQ(unused_heads(data.task()),
              (std::vector<std::string>{"regression_head", "number_embedding"}));
    set.examples[1].codes.pop_back();
    RunConfig const unequal = config_of({{"h", write("u.h5", set), "", "", 1}});
    EXPECT_NE(message_of([&] { FinetuneData(unequal, vocabulary); }).find("p_B of set h has 7"),
              std::string::npos);
}

TEST_F(FinetuneDataTest, FoldsTestEachExampleOnceAndKeepGroupsTogether) {
    std::string const path = write("c.h5", class_set(40));
    std::map<std::string, int> tested;
    for (std::int64_t fold = 1; fold <= 5; ++fold) {
        RunConfig config = config_of({{"c", path, "", "", 1}});
        config.finetune.folds = 5;
        config.finetune.fold = fold;
        FinetuneData const data(config, vocabulary);
        std::map<std::int32_t, std::set<Split>> splits;
        for (LabelledExample const& example : data.sets()[0].examples) {
            splits[example.group].insert(example.split);
            tested[example.id] += example.split == Split::test ? 1 : 0;
        }
        for (auto const& [group, of_group] : splits) {
            EXPECT_EQ(of_group.size(), 1U) << group;
        }
        EXPECT_FALSE(data.examples({Split::validation}).empty());
    }
    EXPECT_EQ(tested.size(), 40U);
    for (auto const& [id, times] : tested) {
        EXPECT_EQ(times, 1) << id;
    }
}

TEST_F(FinetuneDataTest, ClassWeightsBalanceOrAreGiven) {
    std::string const path = write("c.h5", class_set(24));  // training: labels 1, 0, 0, 1 by fours
    RunConfig config = config_of({{"c", path, "", "", 2}});
    config.finetune.class_weights = {"balanced"};
    FinetuneData const balanced(config, vocabulary);
    double sum = 0;
    for (ExamplePlace const place : balanced.examples({Split::train})) {
        bool const yes = balanced.example(place).label == 1;
        sum += (yes ? 1 : -1) * static_cast<double>(balanced.row(place, {}).weight);
    }
    EXPECT_NEAR(sum, 0, 1e-5);
    config.finetune.class_weights = {"yes=3"};
    FinetuneData const given(config, vocabulary);
    EXPECT_EQ(given.row({0, 0}, {}).weight, 6);
    EXPECT_EQ(given.row({0, 1}, {}).weight, 2);
    config.finetune.class_weights = {"maybe=3"};
    EXPECT_NE(message_of([&] { FinetuneData(config, vocabulary); }).find("'maybe=3'"),
              std::string::npos);
}

TEST_F(FinetuneDataTest, WhatDoesNotFitIsNamed) {
    std::string const classes = write("c.h5", class_set(8));
    std::string const numbers = write("n.h5", number_set());
    auto const problem = [&](std::string const& path, std::string const& prompt,
                             std::string const& answer = "", std::int64_t context = 32) {
        RunConfig config = config_of({{"s", path, prompt, answer, 1}});
        config.model.context_length = context;
        return message_of([&] { FinetuneData(config, vocabulary); });
    };
    EXPECT_EQ(problem(classes, ""), "no error");
    EXPECT_NE(problem(classes, "", "", 6).find("takes 7 positions, and the model has 6"),
              std::string::npos);
    EXPECT_NE(problem(classes, "<S>{sequence}<+><M>{numbers}<=><B>").find("has none"),
              std::string::npos);
    EXPECT_NE(problem(numbers, "<S>{sequence}<=><B>").find("must end with <M>"), std::string::npos);
    EXPECT_NE(problem(classes, "<S>{sequence}").find("must end with the token"), std::string::npos);
    EXPECT_NE(problem(numbers, "", "class").find("has no classes"), std::string::npos);
    EXPECT_NE(problem(classes, "", "number").find("has no number"), std::string::npos);
    for (std::string const& message : {problem(classes, "", "", 6), problem(classes, "", "number"),
                                       problem(classes, "<S>{sequence}<+><M>{numbers}<=><B>")}) {
        EXPECT_NE(message.find(classes), std::string::npos) << message;
    }
    LabelledSet some = class_set(8);
    some.examples[3].codes.clear();
    EXPECT_NE(problem(write("some.h5", some), "").find("some.h5: example e3 of set s has no seq"),
              std::string::npos);
}

TEST_F(FinetuneDataTest, ASetOfAnotherTaskIsToldApart) {
    std::string const classes = write("c.h5", class_set(8));
    std::string const numbers = write("n.h5", number_set());
    FinetuneData const trained(config_of({{"c", classes, "", "", 1}, {"n", numbers, "", "", 1}}),
                               vocabulary);
    auto const problem = [&](LabelledSet set, std::size_t task) {
        set.path = "other.h5";
        return message_of([&] {
            FinetuneData({std::move(set)}, {{trained.task().sets[task]}, false}, vocabulary, 32);
        });
    };
    EXPECT_EQ(problem(class_set(4), 0), "no error");
    EXPECT_EQ(problem(number_set(), 1), "no error");
    auto const expect = [&](LabelledSet const& set, std::size_t task, std::string const& part) {
        std::string const message = problem(set, task);
        EXPECT_NE(message.find("other.h5" + part), std::string::npos) << message;
    };
    expect(number_set(), 0, " has the answer number, and 'c' was trained for the answer class");
    LabelledSet set = class_set(8);
    set.classes = {"no", "maybe"};
    expect(set, 0, ": example e0 is of class 'maybe', and 'c' was trained for no, yes");
    set.classes = {"no"};
    set.examples.resize(1);
    set.examples[0].label = 0;
    expect(set, 0, " has no class 'yes', which 'c'");
    set.classes = {"yes", "no"};
    expect(set, 0, " has the classes yes, no in this order");
    set = number_set();
    set.target_name = "z";
    expect(set, 1, " asks for the number 'z', and 'n' was trained for 'y'");
    set = number_set();
    set.number_names = {"g"};
    expect(set, 1, ": number 1 is 'g', and that of 'n' is 'f'");
    set.number_names = {};
    expect(set, 1, ": number 1 is missing, and that of 'n' is 'f'");
}

TEST(FinetuneTask, ComesBackFromItsText) {
    FinetuneTask task;
    task.reverse_complement = true;
    task.sets = {
        {"a", AnswerKind::classes, "<S>{sequence}<=><B>", 'O', {"x", "y", "z"}, {}, {}, "", {}, 0},
        {"b",
         AnswerKind::number,
         "<M>{numbers}<=><M>",
         'R',
         {},
         {"f"},
         {{0.1, 3}},
         "t",
         {-1.5, 1e-3},
         0}};
    FinetuneTask const back = finetune_task_from(to_text(task));
    EXPECT_EQ(to_text(back), to_text(task));
    EXPECT_EQ(back.sets[1].target.mean, -1.5);
    EXPECT_EQ(back.sets[0].classes.size(), 3U);
    EXPECT_NE(message_of([] { finetune_task_from("{}"); }).find("cannot be read"),
              std::string::npos);
}

TEST(FinetuneTask, ASpeciesTokenIsOneLetter) {
    FinetuneTask task;
    task.sets.emplace_back().name = "a";
    std::string text = to_text(task);
    text.replace(text.find(":\"R\""), 4, ":\"\"");
    EXPECT_NE(message_of([&] { finetune_task_from(text); }).find("is not one letter"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
