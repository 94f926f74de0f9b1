#include "dnagpt/data/finetune_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <set>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/data/labelled_split.hpp"
#include "dnagpt/data/number_statistics.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

/// Of the examples that are not tested on, in a cross-validation.
constexpr double validation_share = 0.15;
/// The parts of a cross-validation are the same for all seeds of training.
constexpr std::uint64_t fold_seed = 1;

/// Part `fold` (from 1) becomes the test split; validation is drawn from the groups of the rest.
void take_fold(LabelledSet& set, std::int64_t folds, std::int64_t fold) {
    std::vector<std::size_t> const parts = assign_parts(
        set.examples, std::vector<double>(static_cast<std::size_t>(folds), 1.0), fold_seed);
    std::vector<LabelledExample> rest;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (parts[i] + 1 != static_cast<std::size_t>(fold)) {
            rest.push_back(set.examples[i]);
        }
    }
    std::vector<std::size_t> const of_rest =
        assign_parts(rest, {1 - validation_share, validation_share}, fold_seed);
    std::size_t next = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        bool const tested = parts[i] + 1 == static_cast<std::size_t>(fold);
        set.examples[i].split = tested                 ? Split::test
                                : of_rest[next++] == 0 ? Split::train
                                                       : Split::validation;
    }
}

/// Numbers that are all equal are only centred.
NumberScale scale_of(NumberStatistics const& statistics) {
    return {statistics.mean, statistics.deviation > 0 ? statistics.deviation : 1};
}

bool has_sequences(LabelledSet const& set) {
    return std::ranges::any_of(set.examples, [](auto const& e) { return !e.codes.empty(); });
}

AnswerKind answer_of(FinetuneSet const& given, LabelledSet const& set) {
    AnswerKind const answer = given.answer.empty() ? set.answer : answer_called(given.answer);
    auto const require = [&](bool fits, char const* missing) {
        DNAGPT_VALIDATE(fits, << "set " << given.name << " (" << given.data << ") has no "
                              << missing << "; choose another answer");
    };
    require(answer != AnswerKind::classes || set.answer == AnswerKind::classes, "classes");
    require(answer != AnswerKind::number || set.answer == AnswerKind::number, "number to answer");
    require(answer != AnswerKind::words || has_sequences(set), "sequences");
    return answer;
}

SetTask task_of(FinetuneSet const& given, LabelledSet const& set, Vocabulary vocabulary) {
    SetTask task;
    task.name = given.name;
    task.answer = answer_of(given, set);
    task.species_token = set.species_token;
    std::string const prompt =
        given.prompt.empty()
            ? default_prompt(task.answer, has_sequences(set), !set.number_names.empty())
            : given.prompt;
    task.prompt = PromptTemplate(prompt, vocabulary, set.species_token).text();
    task.classes = set.classes;
    task.number_names = set.number_names;
    SetStatistics const statistics = training_statistics(set);
    std::ranges::transform(statistics.numbers, std::back_inserter(task.numbers), scale_of);
    task.target_name = set.target_name;
    task.target = scale_of(statistics.target);
    if (task.answer == AnswerKind::words) {
        task.bases = static_cast<std::int64_t>(set.examples.front().codes.size());
    }
    return task;
}

void require_training(FinetuneSet const& given, LabelledSet const& set) {
    bool const trains = std::ranges::any_of(
        set.examples, [](auto const& example) { return example.split == Split::train; });
    DNAGPT_VALIDATE(trains, << given.data << " has no training example; make the set again with "
                            << "another --split");
}

/// Weights by label: N / (K N_c) for "balanced", or as given by "class=weight".
std::vector<double> weights_by_class(std::vector<std::string> const& given,
                                     LabelledSet const& set) {
    std::vector<double> weights(std::max<std::size_t>(set.classes.size(), 1), 1.0);
    if (given.empty() || set.classes.empty()) {
        return weights;
    }
    if (given.size() == 1 && given.front() == "balanced") {
        auto const counts = count_examples(set)[static_cast<std::size_t>(Split::train)];
        auto const all =
            static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
        auto const classes = static_cast<double>(weights.size());
        for (std::size_t label = 0; label < weights.size(); ++label) {
            auto const count = static_cast<double>(std::max<std::int64_t>(counts[label], 1));
            weights[label] = all / (classes * count);
        }
        return weights;
    }
    for (std::string const& entry : given) {
        std::size_t const equals = entry.find('=');
        auto const label = std::ranges::find(set.classes, entry.substr(0, equals));
        if (equals == std::string::npos || label == set.classes.end()) {
            continue;  // require_known_classes has seen it in another set
        }
        auto const weight = parse_decimal_number(entry.substr(equals + 1));
        DNAGPT_VALIDATE(weight && *weight > 0, << "finetune.class_weights has '" << entry
                                               << "'; a weight is a number above 0");
        weights[static_cast<std::size_t>(label - set.classes.begin())] = *weight;
    }
    return weights;
}

void require_known_classes(std::vector<std::string> const& given,
                           std::vector<LabelledSet> const& sets) {
    for (std::string const& entry : given) {
        std::string const name = entry.substr(0, entry.find('='));
        bool const known = std::ranges::any_of(sets, [&](LabelledSet const& set) {
            return std::ranges::find(set.classes, name) != set.classes.end();
        });
        bool const balanced = given.size() == 1 && entry == "balanced";
        DNAGPT_VALIDATE(balanced || (known && name != entry),
                        << "finetune.class_weights has '" << entry << "'; write \"balanced\", or "
                        << "class=weight with classes of the sets");
    }
}

std::vector<float> scaled_numbers(LabelledExample const& example, SetTask const& task,
                                  Blank blank) {
    std::vector<float> numbers;
    for (std::size_t i = 0; i < example.numbers.size(); ++i) {
        numbers.push_back(blank == Blank::numbers
                              ? 0.0F
                              : static_cast<float>(task.numbers[i].scaled(example.numbers[i])));
    }
    return numbers;
}

/// The words behind the prompt become input and targets, closed by the stop. A word that holds N is
/// no target unless it is the filled-up last one.
void append_words(std::vector<TokenId> const& words, std::size_t bases, Vocabulary vocabulary,
                  FinetuneRow& row) {
    row.targets.assign(row.input.tokens.size() - 1, -1);
    for (std::size_t i = 0; i < words.size(); ++i) {
        bool const filled = i + 1 == words.size() && bases % bases_per_word != 0;
        bool const unknown =
            !filled && vocabulary.is_word(words[i]) && word_has_n(vocabulary.word_number(words[i]));
        row.targets.push_back(unknown ? -1 : words[i]);
        row.input.tokens.push_back(words[i]);
    }
    row.targets.push_back(stop_token);
}

}  // namespace

FinetuneData::FinetuneData(RunConfig const& config, Vocabulary vocabulary)
    : vocabulary_(vocabulary), longest_shift_(config.finetune.shift) {
    std::vector<std::uint64_t> digests;
    task_.reverse_complement = config.finetune.reverse_complement;
    for (FinetuneSet const& given : config.finetune.sets) {
        LabelledSet set = read_labelled_set(given.data);
        digests.push_back(labelled_set_digest(given.data));
        if (config.finetune.folds > 0) {
            take_fold(set, config.finetune.folds, config.finetune.fold);
        }
        require_training(given, set);
        task_.sets.push_back(task_of(given, set, vocabulary));
        sets_.push_back(std::move(set));
        set_weights_.push_back(given.weight);
        class_weights_.push_back(weights_by_class(config.finetune.class_weights, sets_.back()));
    }
    require_known_classes(config.finetune.class_weights, sets_);
    digest_ = hash_bytes(digests.data(), digests.size() * sizeof(digests.front()));
    prepare(config.model.context_length);
}

FinetuneData::FinetuneData(std::vector<LabelledSet> sets, FinetuneTask task, Vocabulary vocabulary,
                           std::int64_t context_length)
    : vocabulary_(vocabulary), sets_(std::move(sets)), task_(std::move(task)) {
    DNAGPT_EXPECT(sets_.size() == task_.sets.size());
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        SetTask& wanted = task_.sets[i];
        require_same_task(sets_[i], wanted);
        wanted.species_token = sets_[i].species_token;
    }
    prepare(context_length);
}

void FinetuneData::require_fitting(ExamplePlace place, std::int64_t context_length) const {
    SetTask const& task = task_.sets[place.set];
    LabelledExample const& each = example(place);
    auto const where = [&] {
        return sets_[place.set].path + ": example " + each.id + " of set " + task.name;
    };
    DNAGPT_VALIDATE(!prompts_[place.set].has_sequence() || !each.codes.empty(),
                    << where() << " has no sequence; take it out");
    DNAGPT_VALIDATE(task.answer != AnswerKind::words || std::ssize(each.codes) == task.bases,
                    << where() << " has " << each.codes.size() << " bases, the first one "
                    << task.bases << "; all must be of one length");
    std::int64_t const positions = length(place, {});
    DNAGPT_VALIDATE(positions <= context_length,
                    << where() << " takes " << positions << " positions, and the model has "
                    << context_length << " (" << each.codes.size()
                    << " bases and the prompt); shorten it or take a model with a longer context");
}

void FinetuneData::prepare(std::int64_t context_length) {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        SetTask const& task = task_.sets[i];
        PromptTemplate const& prompt =
            prompts_.emplace_back(task.prompt, vocabulary_, task.species_token);
        DNAGPT_VALIDATE(!prompt.has_sequence() || has_sequences(sets_[i]),
                        << "the prompt " << task.prompt << " has a place for a sequence, and set "
                        << task.name << " (" << sets_[i].path << ") has none");
        DNAGPT_VALIDATE(!prompt.has_numbers() || !task.number_names.empty(),
                        << "the prompt " << task.prompt << " has a place for numbers, and set "
                        << task.name << " (" << sets_[i].path << ") has none");
        DNAGPT_VALIDATE(prompt.last_token().has_value(),
                        << "the prompt " << task.prompt << " must end with the token that the "
                        << "answer is read at, as in <S>{sequence}<=><B>");
        DNAGPT_VALIDATE(
            task.answer != AnswerKind::number || prompt.last_token() == m_token,
            << "the prompt " << task.prompt << " asks for a number and must end with <M>");
        DNAGPT_VALIDATE(
            task.answer != AnswerKind::words || (!prompt.has_sequence() && !prompt.has_numbers()),
            << "the prompt " << task.prompt << " stands before a sequence that the "
            << "model is to write; take {sequence} and {numbers} out");
        DNAGPT_VALIDATE(
            task.answer != AnswerKind::words || (!task_.reverse_complement && longest_shift_ == 0),
            << "set " << task.name << " is written word by word: finetune.shift and "
            << "finetune.reverse_complement have no meaning for it; leave them out");
        if (task.answer == AnswerKind::classes) {
            class_word(vocabulary_, 0, task.classes.size());  // too many classes are an error
        }
        for (std::size_t example = 0; example < sets_[i].examples.size(); ++example) {
            require_fitting({i, example}, context_length);
        }
    }
}

std::vector<ExamplePlace> FinetuneData::examples(std::initializer_list<Split> splits) const {
    std::vector<ExamplePlace> places;
    for (Split const split : splits) {
        for (std::size_t set = 0; set < sets_.size(); ++set) {
            for (std::size_t i = 0; i < sets_[set].examples.size(); ++i) {
                if (sets_[set].examples[i].split == split) {
                    places.push_back({set, i});
                }
            }
        }
    }
    return places;
}

std::int64_t FinetuneData::length(ExamplePlace place, ExampleView view) const {
    SetTask const& task = task_.sets[place.set];
    auto const bases = std::max<std::int64_t>(std::ssize(example(place).codes) - view.shift, 0);
    std::int64_t const words = (bases + bases_per_word - 1) / bases_per_word;
    return prompts_[place.set].length(bases, std::ssize(task.numbers)) +
           (task.answer == AnswerKind::words ? words : 0);
}

FinetuneRow FinetuneData::row(ExamplePlace place, ExampleView view, Blank blank) const {
    LabelledExample const& given = example(place);
    SetTask const& task = task_.sets[place.set];
    std::vector<std::uint8_t> codes = given.codes;
    if (view.reverse_complement) {
        reverse_complement_bases(codes);
    }
    codes.erase(codes.begin(),
                codes.begin() + std::min<std::ptrdiff_t>(view.shift, std::ssize(codes)));
    if (blank == Blank::sequence) {
        std::ranges::fill(codes, std::uint8_t{0});
    }
    FinetuneRow row;
    row.input = prompts_[place.set].fill(codes, scaled_numbers(given, task, blank));
    if (!set_weights_.empty()) {
        row.weight =
            static_cast<float>(set_weights_[place.set] *
                               class_weights_[place.set][static_cast<std::size_t>(given.label)]);
    }
    if (task.answer == AnswerKind::classes) {
        row.answer =
            class_word(vocabulary_, static_cast<std::size_t>(given.label), task.classes.size());
    } else if (task.answer == AnswerKind::number) {
        row.asks_number = true;
        row.target = static_cast<float>(task.target.scaled(given.target));
    } else {
        append_words(encode_bases(codes, vocabulary_), codes.size(), vocabulary_, row);
    }
    return row;
}

std::vector<std::int64_t> FinetuneData::lengths() const {
    std::set<std::int64_t> lengths;
    for (std::size_t set = 0; set < sets_.size(); ++set) {
        for (std::size_t i = 0; i < sets_[set].examples.size(); ++i) {
            for (std::int64_t shift = 0; shift <= longest_shift_; ++shift) {
                lengths.insert(length({set, i}, {false, shift}));
            }
        }
    }
    return {lengths.begin(), lengths.end()};
}

std::string FinetuneData::description() const {
    std::string text;
    for (std::size_t set = 0; set < sets_.size(); ++set) {
        std::array<std::int64_t, split_count> counts{};
        for (LabelledExample const& example : sets_[set].examples) {
            ++counts[static_cast<std::size_t>(example.split)];
        }
        text += fmt::format("{}set {}: {} train, {} validation, {} test; prompt {}",
                            set == 0 ? "" : "\n", task_.sets[set].name, counts[0], counts[1],
                            counts[2], task_.sets[set].prompt);
    }
    return text;
}

std::vector<std::string> unused_heads(FinetuneTask const& task) {
    bool tokens = false;
    bool answers = false;
    bool numbers = false;
    for (SetTask const& set : task.sets) {
        tokens = tokens || set.answer != AnswerKind::number;
        answers = answers || set.answer == AnswerKind::number;
        numbers = numbers || set.prompt.find("{numbers}") != std::string::npos;
    }
    std::vector<std::string> unused;
    if (!tokens) {
        unused.emplace_back("token_head");
    }
    if (!answers) {
        unused.emplace_back("regression_head");
    }
    if (!numbers) {
        unused.emplace_back("number_embedding");
    }
    return unused;
}

}  // namespace dnagpt
