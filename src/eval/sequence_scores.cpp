#include "dnagpt/eval/sequence_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/eval/text_fields.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

/// Of the bases that a window shares with the next one, how many the next one scores.
std::int64_t scored_by_next(WindowForm const& form, Strand strand) {
    return strand == Strand::reverse ? form.overlap : strand == Strand::both ? form.overlap / 2 : 0;
}

/// A window's base `i` from the front is the same base's `size - 1 - i` on the other strand.
BaseAsk ask_of(ScoredWindow const& window, bool reverse) {
    BaseAsk ask{window.codes, window.first, window.last};
    auto const scored = std::span(window.codes)
                            .subspan(static_cast<std::size_t>(window.first),
                                     static_cast<std::size_t>(window.last - window.first));
    if (std::ranges::all_of(scored, [](std::uint8_t code) { return code == 0; })) {
        return {{}, 0, 0};
    }
    if (reverse) {
        auto const size = std::ssize(window.codes);
        reverse_complement_bases(ask.codes);
        ask = {std::move(ask.codes), size - window.last, size - window.first};
    }
    return ask;
}

/// In the order and letters of the forward strand.
void turn_round(std::vector<BaseLogP>& scores) {
    std::ranges::reverse(scores);
    for (BaseLogP& each : scores) {
        std::ranges::reverse(each);  // A G C T: each letter's complement stands opposite
    }
}

double bits_of(BaseLogP const& log_p, std::uint8_t code) {
    return -log_p_of(log_p, code) / std::numbers::ln2;
}

BaseScore mean_of(BaseLogP const& one, BaseLogP const& other, std::uint8_t code) {
    BaseScore mean;
    for (std::size_t base = 0; base < one.size(); ++base) {
        mean.log_p[base] = std::log((std::exp(one[base]) + std::exp(other[base])) / 2);
    }
    mean.bits = (bits_of(one, code) + bits_of(other, code)) / 2;
    return mean;
}

}  // namespace

void for_each_scored_window(std::string const& path, WindowForm const& form, Strand strand,
                            std::function<void(ScoredWindow const&)> const& visit) {
    std::int64_t const given_on = scored_by_next(form, strand);
    std::optional<ScoredWindow> waiting;
    for_each_window(path, form, [&](SequenceWindow const& window) {
        ScoredWindow next{window.name,
                          window.start,
                          0,
                          std::ssize(window.codes),
                          {window.codes.begin(), window.codes.end()}};
        if (window.start > 0) {
            waiting->last -= given_on;
            next.first = form.overlap - given_on;
        }
        if (waiting) {
            visit(*waiting);
        }
        waiting = std::move(next);
    });
    if (waiting) {
        visit(*waiting);
    }
}

template <class T>
std::vector<std::vector<BaseScore>> score_windows(BaseScorer<T> const& scorer,
                                                  std::span<ScoredWindow const> windows,
                                                  Strand strand) {
    std::vector<BaseAsk> asks;
    for (bool const reverse : reversals(strand)) {
        for (ScoredWindow const& window : windows) {
            asks.push_back(ask_of(window, reverse));
        }
    }
    auto answers = scorer.score(asks);
    std::size_t const first_reverse = strand == Strand::reverse ? 0 : windows.size();
    for (std::size_t i = first_reverse; i < answers.size(); ++i) {
        turn_round(answers[i]);
    }
    std::vector<std::vector<BaseScore>> scores(windows.size());
    for (std::size_t i = 0; i < windows.size(); ++i) {
        for (std::size_t at = 0; at < answers[i].size(); ++at) {
            std::uint8_t const code =
                windows[i].codes[static_cast<std::size_t>(windows[i].first) + at];
            BaseLogP const& one = answers[i][at];
            scores[i].push_back(strand == Strand::both
                                    ? mean_of(one, answers[windows.size() + i][at], code)
                                    : BaseScore{one, bits_of(one, code)});
        }
    }
    return scores;
}

std::string to_text(ScoredWindow const& window) {
    return joined_fields({window.name, std::to_string(window.start), std::to_string(window.first),
                          std::to_string(window.last), bases_text(window.codes)});
}

ScoredWindow scored_window_from(std::string const& text) {
    TextFields fields(text);
    ScoredWindow window;
    window.name = fields.take();
    window.start = fields.take_whole_number();
    window.first = fields.take_whole_number();
    window.last = fields.take_whole_number();
    window.codes = base_codes(fields.take());
    return window;
}

#define DNAGPT_INSTANTIATE(T)                                   \
    template std::vector<std::vector<BaseScore>> score_windows( \
        BaseScorer<T> const&, std::span<ScoredWindow const>, Strand)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
