#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "dnagpt/apps/generation.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/text_fields.hpp"
#include "dnagpt/eval/text_generation.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t line_bases = 60;

TextForm form_of(GenerateOptions const& options, std::int64_t context_length,
                 Vocabulary vocabulary) {
    TextForm form;
    form.bases = options.bases;
    form.sampling = options.sampling;
    form.seed = options.seed;
    form.unmasked = options.unmasked;
    form.slide = options.slide;
    form.longest = context_length - 5;  // pretraining asks for no word behind these
    form.vocabulary = vocabulary;
    for (std::string const& stop : options.stops) {
        form.stops.push_back(vocabulary.token_id(stop));
    }
    return form;
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

template <class T>
class TextGenerator {
  public:
    TextGenerator(GenerateOptions const& options, CheckpointReader const& reader,
                  DeviceSession const& device)
        : options_(options),
          model_(reader, {{1, 1}}, device.stream()),
          form_(form_of(options, model_.config.model.context_length, model_.vocabulary)),
          memory_(decoder_state_bytes<T>(model_.shape, options.batch, form_.longest)),
          state_(layout_decoder_state<T>(model_.shape, options.batch, form_.longest, memory_)),
          context_{device.stream(), GemmEngine(),
                   Arena(decoder_scratch_bytes<T>(model_.shape, options.batch, form_.longest))} {
        DNAGPT_VALIDATE(model_.shape.token_head,
                        << reader.path()
                        << " answers numbers alone (it was fine-tuned without the "
                           "token head); use another checkpoint");
    }

    /// Every text of every prompt: its name and prompt.
    void read(AddRecord const& add) const {
        for_each_prompt(options_.source, nullptr, [&](PromptRecord const& record) {
            for (std::int64_t i = 1; i <= options_.count; ++i) {
                add(joined_fields({fmt::format("{}_{}", record.id, i), record.text}));
            }
        });
    }

    std::string answer(BlockRound const& round) {
        std::string records;
        for (std::int64_t first = round.own_first; first < round.own_last;
             first += options_.batch) {
            std::vector<std::string> names;
            std::vector<TextDrawing> texts;
            for (std::int64_t i = first; i < std::min(first + options_.batch, round.own_last);
                 ++i) {
                TextFields fields(round.records[static_cast<std::size_t>(i)]);
                names.emplace_back(fields.take());
                texts.push_back(begin(names.back(), fields.take(), round.first_number + i));
            }
            draw_texts(TextModel<T>{context_, model_.params, state_}, std::span(texts));
            for (std::size_t i = 0; i < texts.size(); ++i) {
                records += fasta_record(names[i], texts[i]);
            }
        }
        return records;
    }

  private:
    TextDrawing begin(std::string const& name, std::string_view text, std::int64_t number) const {
        try {
            TextPrompt const prompt = text_prompt(text, form_.vocabulary);
            DNAGPT_VALIDATE(prompt.input.asked.empty() || model_.shape.regression_head,
                            << "the checkpoint answers no numbers (it was fine-tuned without the "
                               "regression head); give the numbers behind <M>");
            DNAGPT_VALIDATE(prompt.input.row.numbers.empty() || model_.shape.number_embedding,
                            << "the checkpoint reads no numbers (it was fine-tuned without the "
                               "number embedding); use another one");
            return {prompt, number, form_};
        } catch (Error const& error) {
            throw Error(fmt::format("{}: {}", name, error.what()));
        }
    }

    GenerateOptions const& options_;
    LoadedModel<T> model_;
    TextForm form_;
    Arena memory_;
    DecoderState<T> state_;
    Context context_;
};

}  // namespace

template <class T>
void generate_texts(GenerateOptions const& options, CheckpointReader const& reader,
                    Communicator const& world, DeviceSession const& device) {
    TextGenerator<T> generator(options, reader, device);
    Piece const piece = piece_from(options.piece);
    BlockWork work{"generation",
                   [&](AddRecord const& add) { generator.read(add); },
                   range_of_piece([&](AddRecord const& add) { generator.read(add); }, piece, world),
                   [&](BlockRound const& round) { return generator.answer(round); },
                   {}};
    std::string const output = piece_path(options.output, piece);
    std::optional<TextWriter> writer;
    if (world.rank() == 0) {
        writer.emplace(output);
    }
    work.write = [&](std::string_view text) { writer->append(text); };
    std::int64_t const drawn = for_each_block(work, world);
    if (writer) {
        writer->finish();
    }
    world.barrier();
    log_info(fmt::format("wrote {} sequences to {}", drawn, output));
}

template void generate_texts<float>(GenerateOptions const&, CheckpointReader const&,
                                    Communicator const&, DeviceSession const&);
template void generate_texts<bf16>(GenerateOptions const&, CheckpointReader const&,
                                   Communicator const&, DeviceSession const&);

}  // namespace dnagpt
