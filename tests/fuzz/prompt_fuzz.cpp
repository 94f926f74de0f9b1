#include <array>

#include "dnagpt/data/prompt_template.hpp"
#include "dnagpt/genome/genome_region.hpp"
#include "dnagpt/genome/prompt.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

void read_prompt(std::string_view text, Vocabulary vocabulary, TokenMode mode) {
    fuzz::read_or_error([&] {
        Prompt const prompt = parse_prompt(text, vocabulary, mode);
        Prompt const again = parse_prompt(format_prompt(prompt, vocabulary), vocabulary, mode);
        // A number stays as it is; a short word within a run may join the next one.
        fuzz::require(input_length(again) <= input_length(prompt), "a prompt can be written");
    });
    fuzz::read_or_error([&] { decode_tokens(encode_text(text, vocabulary, mode), vocabulary); });
}

void read_template(std::string_view text, Vocabulary vocabulary) {
    static constexpr std::array<std::uint8_t, 8> codes = {1, 2, 3, 4, 0, 1, 2, 3};
    static constexpr std::array<float, 2> numbers = {0.5F, -1};
    fuzz::read_or_error([&] {
        PromptTemplate const form(text, vocabulary, 'R');
        form.last_token();
        PromptRow const row = form.fill(codes, numbers);
        fuzz::require(static_cast<std::int64_t>(row.tokens.size()) == form.length(8, 2),
                      "a template's length is that of its rows");
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text = fuzz::text_of(data, size);
    for (VocabularyKind const kind : {VocabularyKind::fixed, VocabularyKind::dynamic}) {
        read_prompt(text, {kind}, TokenMode::filled);
        read_prompt(text, {kind}, TokenMode::compatible);
        read_template(text, {kind});
        fuzz::read_or_error([&] { (void)Vocabulary{kind}.token_id(text); });
    }
    fuzz::read_or_error([&] { parse_region(text); });
    return 0;
}
