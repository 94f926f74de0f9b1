#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

/// One thing that a model is asked about, as it travels between ranks.
struct PromptRecord {
    std::string id;
    std::int64_t start = 0;       ///< of a window: 0-based, in its sequence
    std::int64_t end = 0;         ///< behind its last base
    std::string text;             ///< a prompt, or the bases of a sequence
    std::vector<double> numbers;  ///< of the sequence's prompt, as given

    friend bool operator==(PromptRecord const&, PromptRecord const&) = default;
};

/// A text that prompt_record_from reads back, numbers bit for bit.
std::string to_text(PromptRecord const& record);
PromptRecord prompt_record_from(std::string const& text);

}  // namespace dnagpt
