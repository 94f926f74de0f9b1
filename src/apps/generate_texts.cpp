#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dnagpt/apps/generation.hpp"
#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/shared_text_file.hpp"
#include "dnagpt/eval/text_fields.hpp"
#include "dnagpt/eval/text_generation.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t line_bases = 60;

template <class T>
TextForm form_of(GenerateOptions const& options, LoadedModel<T> const& model) {
    TextForm form;
    form.bases = options.bases;
    form.sampling = options.sampling;
    form.seed = options.seed;
    form.unmasked = options.unmasked;
    form.slide = options.slide;
    form.reads_numbers = model.shape.number_embedding;
    form.answers_numbers = model.shape.regression_head;
    // Pretraining asks for no word behind.
    form.longest = model.config.model.context_length - template_positions;
    form.vocabulary = model.vocabulary;
    for (std::string const& stop : options.stops) {
        form.stops.push_back(model.vocabulary.token_id(stop));
    }
    return form;
}

/// Errors name the prompt.
TextDrawing begin_text(std::string const& name, std::string_view prompt, std::int64_t number,
                       TextForm const& form) {
    try {
        return {text_prompt(prompt, form.vocabulary), number, form};
    } catch (Error const& error) {
        throw Error(fmt::format("{}: {}", name, error.what()));
    }
}

/// `>name end=length`, and the bases in lines.
std::string fasta_record(std::string const& name, TextDrawing const& text) {
    std::string record = fmt::format(">{} end={}", name, text.end());
    if (!text.answered().empty()) {
        record += fmt::format(" answered={:.6g}", fmt::join(text.answered(), ","));
    }
    std::string const bases = text.bases();
    for (std::size_t at = 0; at < bases.size(); at += line_bases) {
        record += "\n" + bases.substr(at, line_bases);
    }
    return record + "\n";
}

/// How much memory drawing takes.
struct DrawingRoom {
    std::int64_t texts = 0;      ///< sequences in all; 0: not known
    std::int64_t rows = 0;       ///< at once
    std::int64_t positions = 0;  ///< of each
};

/// Reads the prompts once, unless they come from standard input: errors show before anything is
/// drawn, and few or short sequences take little memory.
DrawingRoom room_of(GenerateOptions const& options, TextForm const& form) {
    if (options.source.is_standard_input()) {
        return {0, options.batch, form.longest};
    }
    std::int64_t texts = 0;
    std::int64_t longest = 0;
    for_each_prompt(options.source, nullptr, [&](PromptRecord const& record) {
        texts += options.count;
        longest = std::max(longest, begin_text(record.id, record.text, 0, form).most_positions());
    });
    return {texts, std::min(options.batch, texts), longest};
}

/// Every rank's room is that of rank 0.
DrawingRoom shared_room(GenerateOptions const& options, TextForm const& form,
                        Communicator const& world) {
    auto const numbers = rank_0_numbers(world, [&] {
        DrawingRoom const room = room_of(options, form);
        return std::vector{room.texts, room.rows, room.positions};
    });
    return {numbers.at(0), numbers.at(1), numbers.at(2)};
}

template <class T>
class TextGenerator {
  public:
    TextGenerator(GenerateOptions const& options, CheckpointReader const& reader,
                  Communicator const& world, DeviceSession const& device)
        : options_(options),
          world_(world),
          model_(reader, {{1, 1}}, device.stream()),
          form_(form_of(options, model_)),
          room_(shared_room(options, form_, world)),
          decoder_(model_.params, room_.rows, room_.positions, device.stream()) {
        require_words(model_.shape, reader.path());
        if (options.reference) {
            decoder_.context.gemm.use_reference();
        }
    }

    /// Every text of every prompt: its name and prompt.
    void read(AddRecord const& add) const {
        for_each_prompt(options_.source, nullptr, [&](PromptRecord const& record) {
            for (std::int64_t i = 1; i <= options_.count; ++i) {
                add(joined_fields({fmt::format("{}_{}", record.id, i), record.text}));
            }
        });
    }

    /// Those of a piece.
    RecordRange range(Piece piece) const {
        return range_of_piece([this] { return room_.texts; }, piece, world_);
    }

    std::string answer(BlockRound const& round) {
        std::string records;
        std::int64_t number = round.first_number + round.own_first;
        auto const own = round.own();
        for (auto rest = own; !rest.empty();) {
            auto const some =
                rest.first(std::min(rest.size(), static_cast<std::size_t>(room_.rows)));
            rest = rest.subspan(some.size());
            std::vector<std::string> names;
            std::vector<TextDrawing> texts;
            for (std::string const& record : some) {
                TextFields fields(record);
                names.emplace_back(fields.take());
                texts.push_back(begin_text(names.back(), fields.take(), number++, form_));
            }
            auto const drawn = static_cast<double>(own.size() - rest.size() - some.size());
            draw_texts(decoder_, std::span(texts), [&](double share) {
                round.report((drawn + share * static_cast<double>(some.size())) /
                             static_cast<double>(own.size()));
            });
            for (std::size_t i = 0; i < texts.size(); ++i) {
                records += fasta_record(names[i], texts[i]);
            }
        }
        return records;
    }

  private:
    GenerateOptions const& options_;
    Communicator const& world_;
    LoadedModel<T> model_;
    TextForm form_;
    DrawingRoom room_;
    Decoder<T> decoder_;
};

}  // namespace

template <class T>
void generate_texts(GenerateOptions const& options, CheckpointReader const& reader,
                    Communicator const& world, DeviceSession const& device) {
    Piece const piece = piece_from(options.piece);
    DNAGPT_VALIDATE(
        piece.count == 1 || !options.source.is_standard_input(),
        << "--piece reads the prompts twice, which standard input does not allow; write "
           "them to a file");
    TextGenerator<T> generator(options, reader, world, device);
    SharedTextFile file(piece_path(options.output, piece), "", world);
    BlockWork const work{"generation", [&](AddRecord const& add) { generator.read(add); },
                         generator.range(piece),
                         [&](BlockRound const& round) { return generator.answer(round); },
                         [&](std::string_view text) { file.append(text); }};
    std::int64_t const drawn = for_each_block(work, world);
    file.finish();
    log_info(fmt::format("wrote {} sequences to {}", drawn, file.path()));
}

template void generate_texts<float>(GenerateOptions const&, CheckpointReader const&,
                                    Communicator const&, DeviceSession const&);
template void generate_texts<bf16>(GenerateOptions const&, CheckpointReader const&,
                                   Communicator const&, DeviceSession const&);

}  // namespace dnagpt
