#include "dnagpt/eval/answer_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/class_answer.hpp"
#include "dnagpt/model/token_scores.hpp"

namespace dnagpt {
namespace {

/// The last row of (rows, V) logits.
std::span<float const> last_row(PromptAnswer const& answer, Vocabulary vocabulary) {
    return std::span(answer.logits).last(static_cast<std::size_t>(vocabulary.size()));
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

ClassAnswer class_answer(AnswerForm const& form, std::span<PromptAnswer const> answers) {
    std::size_t const classes = form.classes.size();
    ClassAnswer together(classes);
    for (PromptAnswer const& answer : answers) {
        std::span<float const> const logits = last_row(answer, form.vocabulary);
        std::vector<float> own;
        for (std::size_t label = 0; label < classes; ++label) {
            own.push_back(
                logits[static_cast<std::size_t>(class_word(form.vocabulary, label, classes))]);
        }
        together.add({own, log_sum_exp(logits), *std::ranges::max_element(logits)},
                     1 / static_cast<double>(answers.size()));
    }
    return together;
}

std::string word_fields(AnswerForm const& form, PromptAnswer const& answer) {
    std::span<float const> const logits = last_row(answer, form.vocabulary);
    double const normaliser = log_sum_exp(logits);
    std::vector<TokenId> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    auto const top = std::min<std::int64_t>(form.top, std::ssize(order));
    auto const likelier = [&](TokenId left, TokenId right) {
        float const of_left = logits[static_cast<std::size_t>(left)];
        float const of_right = logits[static_cast<std::size_t>(right)];
        return of_left != of_right ? of_left > of_right : left < right;
    };
    std::partial_sort(order.begin(), order.begin() + top, order.end(), likelier);
    std::string fields;
    for (TokenId const word : std::span(order).first(static_cast<std::size_t>(top))) {
        double const logit = logits[static_cast<std::size_t>(word)];
        fields += fmt::format("\t{}\t{:.6g}", form.vocabulary.token_text(word),
                              std::exp(logit - normaliser));
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
        return columns + class_columns(form.classes);
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
        return fields + class_fields(class_answer(form, answers), form.classes);
    }
    if (form.prompts && input.ends_with_m()) {
        return fields + fmt::format("\t{:.6g}", first.number) + empty_fields(2 * form.top);
    }
    return fields + (form.prompts ? "\t" : "") + word_fields(form, first);
}

}  // namespace dnagpt
