#include "dnagpt/eval/sequence_scores.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>
#include <optional>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/text_fields.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

/// The bases first .. last - 1 of `codes`, which are read from there on or, reversed, from the end.
/// Nothing is asked where there are none, or N alone.
BaseAsk ask_of(std::span<std::uint8_t const> codes, std::int64_t first, std::int64_t last,
               bool reverse) {
    auto const scored =
        codes.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    if (std::ranges::all_of(scored, [](std::uint8_t code) { return code == 0; })) {
        return {{}, 0, 0};
    }
    BaseAsk ask{{codes.begin(), codes.end()}, first, last};
    if (reverse) {
        auto const size = std::ssize(codes);
        reverse_complement_bases(ask.codes);
        ask = {std::move(ask.codes), size - last, size - first};
    }
    return ask;
}

std::span<std::uint8_t const> own_codes(ScoredWindow const& window) {
    return std::span(window.codes).first(static_cast<std::size_t>(window.own_length()));
}

/// Where the bases begin that the next window reads on the reverse strand.
std::int64_t next_from(ScoredWindow const& window) {
    return window.next > 0 ? std::clamp(window.next, window.first, window.last) : window.last;
}

/// On the reverse strand: what the window itself reads, and what the next one does.
std::array<BaseAsk, 2> reverse_asks(ScoredWindow const& window) {
    std::int64_t const from = next_from(window);
    auto const behind = std::span(window.codes).subspan(static_cast<std::size_t>(window.next));
    return {ask_of(own_codes(window), window.first, from, true),
            from < window.last ? ask_of(behind, from - window.next, window.last - window.next, true)
                               : BaseAsk{{}, 0, 0}};
}

/// In the order and letters of the forward strand.
void turn_round(std::vector<BaseLogP>& scores) {
    std::ranges::reverse(scores);
    for (BaseLogP& each : scores) {
        std::ranges::reverse(each);  // A G C T: each letter's complement stands opposite
    }
}

/// The reverse strand's scores of all bases of a window, on the forward strand; where a part holds
/// N alone and was not asked, zeros, which no row shows. Nothing where both do.
std::vector<BaseLogP> both_parts(ScoredWindow const& window, std::vector<BaseLogP> own,
                                 std::vector<BaseLogP> of_next) {
    if (own.empty() && of_next.empty()) {
        return {};
    }
    turn_round(own);
    turn_round(of_next);
    own.resize(static_cast<std::size_t>(next_from(window) - window.first));
    of_next.resize(static_cast<std::size_t>(window.last - next_from(window)));
    own.insert(own.end(), of_next.begin(), of_next.end());
    return own;
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
    DNAGPT_VALIDATE(strand != Strand::both || 2 * form.overlap <= form.bases,
                    << "for both strands windows of " << form.bases
                    << " bases share at most half of them, not " << form.overlap
                    << "; choose a smaller overlap");
    std::int64_t const given_on = strand == Strand::reverse ? form.overlap : 0;
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
        if (window.start > 0 && strand == Strand::both) {
            waiting->length = std::ssize(waiting->codes);
            waiting->next = waiting->length - form.overlap;
            waiting->codes.insert(waiting->codes.end(), next.codes.begin() + form.overlap,
                                  next.codes.end());
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
                                                  Strand strand, ReportShare const& report) {
    std::vector<BaseAsk> asks;
    for (bool const reverse : reversals(strand)) {
        for (ScoredWindow const& window : windows) {
            if (reverse) {
                std::ranges::move(reverse_asks(window), std::back_inserter(asks));
            } else {
                asks.push_back(ask_of(own_codes(window), window.first, window.last, false));
            }
        }
    }
    auto answers = scorer.score(asks, report);
    std::size_t const first_reverse = strand == Strand::reverse ? 0 : windows.size();
    std::vector<std::vector<BaseScore>> scores(windows.size());
    for (std::size_t i = 0; i < windows.size(); ++i) {
        std::vector<BaseLogP> const reverse =
            strand == Strand::forward ? std::vector<BaseLogP>()
                                      : both_parts(windows[i], answers[first_reverse + 2 * i],
                                                   answers[first_reverse + 2 * i + 1]);
        std::vector<BaseLogP> const& one = strand == Strand::reverse ? reverse : answers[i];
        for (std::size_t at = 0; at < one.size(); ++at) {
            std::uint8_t const code =
                windows[i].codes[static_cast<std::size_t>(windows[i].first) + at];
            scores[i].push_back(strand == Strand::both
                                    ? mean_of(one[at], reverse[at], code)
                                    : BaseScore{one[at], bits_of(one[at], code)});
        }
    }
    return scores;
}

std::string to_text(ScoredWindow const& window) {
    return joined_fields({window.name, std::to_string(window.start), std::to_string(window.first),
                          std::to_string(window.last), bases_text(window.codes),
                          std::to_string(window.next), std::to_string(window.length)});
}

ScoredWindow scored_window_from(std::string const& text) {
    TextFields fields(text);
    ScoredWindow window;
    window.name = fields.take();
    window.start = fields.take_whole_number();
    window.first = fields.take_whole_number();
    window.last = fields.take_whole_number();
    window.codes = base_codes(fields.take());
    window.next = fields.take_whole_number();
    window.length = fields.take_whole_number();
    return window;
}

#define DNAGPT_INSTANTIATE(T)                                   \
    template std::vector<std::vector<BaseScore>> score_windows( \
        BaseScorer<T> const&, std::span<ScoredWindow const>, Strand, ReportShare const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
