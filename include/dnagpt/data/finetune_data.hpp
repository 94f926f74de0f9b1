#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/prompt_template.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// An example of one of several sets.
struct ExamplePlace {
    std::size_t set = 0;
    std::size_t example = 0;
};

/// How an example is read.
struct ExampleView {
    bool reverse_complement = false;
    std::int64_t shift = 0;  ///< bases cut off its beginning
};

/// An input that is left out: the sequence becomes N, the numbers become their means.
enum class Blank : std::uint8_t { nothing, sequence, numbers };

/// One input and what is expected of it.
struct FinetuneRow {
    PromptRow input;
    std::vector<std::int32_t>
        targets;               ///< words: ids expected at each position, -1: none; else empty
    std::int32_t answer = -1;  ///< class: word expected at the last position
    bool asks_number = false;  ///< number: expected at the last position
    float target = 0;          ///< that number, scaled
    float weight = 1;          ///< of its loss

    std::int64_t length() const { return static_cast<std::int64_t>(input.tokens.size()); }
};

/// Labelled sets with their tasks: makes rows of their examples.
class FinetuneData {
  public:
    /// Reads config.finetune's sets; with folds, gives each set the splits of fold `config.fold`.
    /// Scales come from the training examples. Errors: a set that does not fit its prompt or its
    /// answer, an example too long for the context, no training example.
    FinetuneData(RunConfig const& config, Vocabulary vocabulary);
    /// For predictions on `sets` by a model that was trained for `task`: sets are matched to the
    /// task's by their place. Errors as above, and for a set that is not of the task's kind.
    FinetuneData(std::vector<LabelledSet> sets, FinetuneTask task, Vocabulary vocabulary,
                 std::int64_t context_length);

    FinetuneTask const& task() const { return task_; }
    std::vector<LabelledSet> const& sets() const { return sets_; }
    Vocabulary vocabulary() const { return vocabulary_; }
    void set_split(ExamplePlace place, Split split) {
        sets_[place.set].examples[place.example].split = split;
    }
    /// All examples of these splits, split after split and in each set after set.
    std::vector<ExamplePlace> examples(std::initializer_list<Split> splits) const;
    LabelledExample const& example(ExamplePlace place) const {
        return sets_[place.set].examples[place.example];
    }
    FinetuneRow row(ExamplePlace place, ExampleView view, Blank blank = Blank::nothing) const;
    /// Positions of the example's row.
    std::int64_t length(ExamplePlace place, ExampleView view) const;
    /// Positions of rows of all examples that occur, ascending.
    std::vector<std::int64_t> lengths() const;
    /// One number for all bytes of all files.
    std::uint64_t digest() const { return digest_; }
    /// "set pas: 7,811 train, ..." for the log.
    std::string description() const;

  private:
    void prepare(std::int64_t context_length);
    /// Error naming the file where an example does not fit its prompt or the context.
    void require_fitting(ExamplePlace place, std::int64_t context_length) const;

    Vocabulary vocabulary_;
    std::vector<LabelledSet> sets_;
    FinetuneTask task_;
    std::vector<PromptTemplate> prompts_;
    std::vector<double> set_weights_;
    std::vector<std::vector<double>> class_weights_;  // by set and label
    std::int64_t longest_shift_ = 0;
    std::uint64_t digest_ = 0;
};

/// The heads and embeddings that these tasks do not use, as names for model.drop.
std::vector<std::string> unused_heads(FinetuneTask const& task);

}  // namespace dnagpt
