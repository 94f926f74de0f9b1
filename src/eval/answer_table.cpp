#include "dnagpt/eval/answer_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

/// Of the last row of (rows, V) logits.
std::vector<double> softmax(std::span<float const> all, Vocabulary vocabulary) {
    std::span<float const> const logits = all.last(static_cast<std::size_t>(vocabulary.size()));
    auto const largest = static_cast<double>(*std::ranges::max_element(logits));
    std::vector<double> probabilities;
    for (float const logit : logits) {
        probabilities.push_back(std::exp(static_cast<double>(logit) - largest));
    }
    double const sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
    for (double& each : probabilities) {
        each /= sum;
    }
    return probabilities;
}

double mean_number(std::span<PromptAnswer const> answers) {
    double sum = 0;
    for (PromptAnswer const& answer : answers) {
        sum += static_cast<double>(answer.number);
    }
    return sum / static_cast<double>(answers.size());
}

std::string number_fields(AnswerForm const& form, std::span<PromptAnswer const> answers) {
    double const value = mean_number(answers);
    std::string fields = fmt::format("\t{:.6g}", value);
    if (form.scale) {
        fields += fmt::format("\t{:.6g}", form.scale->original(value));
    }
    return fields;
}

std::string class_fields(AnswerForm const& form, std::span<PromptAnswer const> answers) {
    std::size_t const classes = form.classes.size();
    auto const share = 1 / static_cast<double>(answers.size());
    std::vector<double> of_classes(classes);
    double outside = 0;
    for (PromptAnswer const& answer : answers) {
        std::vector<double> const all = softmax(answer.logits, form.vocabulary);
        std::vector<double> own;
        for (std::size_t label = 0; label < classes; ++label) {
            own.push_back(
                all[static_cast<std::size_t>(class_word(form.vocabulary, label, classes))]);
        }
        double const inside = std::accumulate(own.begin(), own.end(), 0.0);
        for (std::size_t label = 0; label < classes; ++label) {
            of_classes[label] += share * own[label] / inside;
        }
        outside += share * std::max(0.0, 1 - inside);
    }
    auto const best = std::ranges::max_element(of_classes) - of_classes.begin();
    return fmt::format("\t{}\t{:.6g}\t{:.6g}", form.classes[static_cast<std::size_t>(best)],
                       fmt::join(of_classes, "\t"), outside);
}

std::string word_fields(AnswerForm const& form, PromptAnswer const& answer) {
    std::vector<double> const all = softmax(answer.logits, form.vocabulary);
    std::vector<TokenId> order(all.size());
    std::iota(order.begin(), order.end(), 0);
    auto const top = std::min<std::int64_t>(form.top, std::ssize(order));
    auto const likelier = [&](TokenId left, TokenId right) {
        double const of_left = all[static_cast<std::size_t>(left)];
        double const of_right = all[static_cast<std::size_t>(right)];
        return of_left != of_right ? of_left > of_right : left < right;
    };
    std::partial_sort(order.begin(), order.begin() + top, order.end(), likelier);
    std::string fields;
    for (TokenId const word : std::span(order).first(static_cast<std::size_t>(top))) {
        fields += fmt::format("\t{}\t{:.6g}", form.vocabulary.token_text(word),
                              all[static_cast<std::size_t>(word)]);
    }
    return fields;
}

std::string empty_fields(std::int64_t count) {
    return std::string(static_cast<std::size_t>(count), '\t');
}

}  // namespace

std::string answer_columns(AnswerForm const& form) {
    std::string columns = form.prompts ? "\tasked" : "";
    if (form.kind == AnswerKind::classes) {
        columns += "\tpredicted";
        for (std::string const& name : form.classes) {
            columns += "\tp_" + name;
        }
        return columns + "\toutside_mass";
    }
    if (form.kind == AnswerKind::number) {
        return columns + "\tpredicted" + (form.scale ? "\tpredicted_original_scale" : "");
    }
    columns += form.prompts ? "\tnumber" : "";
    for (std::int64_t i = 1; i <= form.top; ++i) {
        columns += fmt::format("\tword_{}\tp_{}", i, i);
    }
    return columns;
}

std::string answer_fields(AnswerForm const& form, PromptInput const& input,
                          std::span<PromptAnswer const> answers) {
    DNAGPT_EXPECT(!answers.empty());
    PromptAnswer const& first = answers.front();
    std::string fields;
    if (form.prompts) {
        fields += fmt::format("\t{:.6g}", fmt::join(first.asked, ","));
    }
    if (form.kind == AnswerKind::number) {
        return fields + number_fields(form, answers);
    }
    if (form.kind == AnswerKind::classes) {
        return fields + class_fields(form, answers);
    }
    if (form.prompts && input.ends_with_m()) {
        return fields + fmt::format("\t{:.6g}", first.number) + empty_fields(2 * form.top);
    }
    return fields + (form.prompts ? "\t" : "") + word_fields(form, first);
}

}  // namespace dnagpt
