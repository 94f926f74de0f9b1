#include "dnagpt/apps/attention_of_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "dnagpt/apps/chosen_sets.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/eval/layer_choice.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/prompt_attention.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"

namespace dnagpt {
namespace {

enum MeanDataset : std::size_t {
    mean_dataset,
    class_dataset,
    layer_dataset,
    head_dataset,
    count_dataset
};

/// The one length of all prompts.
std::int64_t common_length(FinetuneData const& data) {
    std::vector<std::int64_t> const lengths = data.lengths();
    DNAGPT_VALIDATE(lengths.size() == 1,
                    << "attention is averaged over prompts of one length, but the set has prompts "
                    << "of " << lengths.front() << " to " << lengths.back()
                    << " positions; make a set of sequences of one length");
    return lengths.front();
}

/// Sums over examples: by class, layer and head (length), and the examples of each class.
struct AttentionSums {
    std::int64_t length = 0;
    std::int64_t rows_of_class = 0;
    std::vector<double> sums;
    std::vector<double> counts;

    AttentionSums(std::int64_t classes, std::int64_t class_rows, std::int64_t positions)
        : length(positions),
          rows_of_class(class_rows),
          sums(static_cast<std::size_t>(classes * class_rows * positions), 0),
          counts(static_cast<std::size_t>(classes), 0) {}

    std::span<double> row(std::int64_t label, std::int64_t row_of_class) {
        auto const at = (label * rows_of_class + row_of_class) * length;
        return std::span(sums).subspan(static_cast<std::size_t>(at),
                                       static_cast<std::size_t>(length));
    }
    std::string bytes() const {
        std::string text(reinterpret_cast<char const*>(sums.data()), sums.size() * sizeof(double));
        text.append(reinterpret_cast<char const*>(counts.data()), counts.size() * sizeof(double));
        return text;
    }
    void add(std::string_view other) {
        for (std::vector<double>* numbers : {&sums, &counts}) {
            for (double& number : *numbers) {
                double more = 0;
                std::memcpy(&more, other.data(), sizeof more);
                number += more;
                other.remove_prefix(sizeof more);
            }
        }
    }
};

template <class T>
class SetAttention {
  public:
    SetAttention(AttentionOfSetOptions const& options, RecordOptions const& records,
                 std::vector<std::string> const& layers, CheckpointReader const& reader,
                 Communicator const& world, DeviceSession const& device)
        : options_(options),
          records_(records),
          data_(chosen_sets({options.path}, reader)),
          places_(data_.examples({split_called(options.split)})),
          length_(common_length(data_)),
          positions_(std::max(records.positions, length_)),
          model_(reader, forms_within({length_}, positions_), device.stream()),
          layers_(layers_called(layers, {1, model_.shape.layers, false})),
          step_(reader.header().step),
          world_(world) {
        if (options.random_weights) {
            model_.draw_weights(*options.random_weights);
        }
    }

    void run() {
        DNAGPT_VALIDATE(!places_.empty(), << options_.path << " has no " << options_.split
                                          << " examples; choose another --split");
        AttentionSums total = no_sums();
        BlockWork const work{"attention",
                             [this](AddRecord const& add) { read(add); },
                             {},
                             [this](BlockRound const& round) { return sums_of(round).bytes(); },
                             [&](std::string_view sums) { total.add(sums); }};
        std::int64_t const examples = for_each_block(work, world_);
        write(total);
        log_info(fmt::format("wrote the mean attention of {} examples to {}", examples,
                             records_.output));
    }

  private:
    std::vector<std::string> classes() const {
        std::vector<std::string> const& names = data_.task().sets.front().classes;
        return names.empty() ? std::vector<std::string>{"all"} : names;
    }
    std::int64_t maps() const { return std::ssize(layers_) * model_.shape.heads; }
    AttentionSums no_sums() const { return {std::ssize(classes()), maps(), length_}; }

    /// Examples by their numbers among the places.
    void read(AddRecord const& add) const {
        for (std::size_t number = 0; number < places_.size(); ++number) {
            add(std::to_string(number));
        }
    }

    AttentionSums sums_of(BlockRound const& round) {
        std::vector<PromptInput> inputs;
        std::vector<std::int32_t> labels;
        AttentionSums sums = no_sums();
        for (std::string const& text : round.own()) {
            auto const number = static_cast<std::size_t>(parse_whole_number(text).value());
            inputs.push_back({data_.row(places_[number], {}).input, {}});
            labels.push_back(data_.example(places_[number]).label);
            ++sums.counts[static_cast<std::size_t>(labels.back())];
        }
        ForwardModel<T> const forward{model_.context, model_.params, model_.saved, model_.batch};
        read_attention(forward, std::span<PromptInput const>(inputs), {positions_, round.report},
                       layers_, AttentionFrom::last_position,
                       [&](std::size_t input, std::int64_t layer, std::span<float const> values) {
                           add_rows(labels[input], layer, values, sums);
                       });
        return sums;
    }

    /// values (H, 1, length)
    void add_rows(std::int64_t label, std::int64_t layer, std::span<float const> values,
                  AttentionSums& sums) const {
        auto const place = std::ranges::find(layers_, layer) - layers_.begin();
        for (std::int64_t head = 0; head < model_.shape.heads; ++head) {
            auto const row = sums.row(label, place * model_.shape.heads + head);
            for (std::size_t at = 0; at < row.size(); ++at) {
                row[at] +=
                    static_cast<double>(values[static_cast<std::size_t>(head * length_) + at]);
            }
        }
    }

    std::string settings() const {
        auto const tokens = data_.row(places_.front(), {}).input.tokens;
        auto const is_word = [](std::int32_t token) { return token >= reserved_count; };
        nlohmann::ordered_json json;
        json["classes"] = classes();
        json["split"] = options_.split;
        json["step"] = step_;
        json["prompt"] = data_.task().sets.front().prompt;
        json["first_word"] = std::ranges::find_if(tokens, is_word) - tokens.begin();
        json["words"] = std::ranges::count_if(tokens, is_word);
        json["random_weights"] = options_.random_weights
                                     ? nlohmann::ordered_json(*options_.random_weights)
                                     : nlohmann::ordered_json();
        return json.dump();
    }

    void write(AttentionSums& total) const {
        std::int64_t const rows = std::ssize(total.counts) * maps();
        RowFile file(records_.output,
                     {"dnagpt mean attention",
                      1,
                      {{"/mean", length_, RowElement::float32},
                       {"/class", 0, RowElement::int32},
                       {"/layer", 0, RowElement::int32},
                       {"/head", 0, RowElement::int32},
                       {"/count", 0, RowElement::int64}},
                      settings()},
                     rows, world_);
        for (std::int64_t row = 0; world_.rank() == 0 && row < rows; ++row) {
            write_row(file, total, row);
        }
        file.finish();
    }

    void write_row(RowFile& file, AttentionSums& total, std::int64_t row) const {
        std::int64_t const label = row / maps();
        std::int64_t const map = row % maps();
        double const count = total.counts[static_cast<std::size_t>(label)];
        std::vector<float> mean;
        for (double const sum : total.row(label, map)) {
            mean.push_back(static_cast<float>(count > 0 ? sum / count : 0));
        }
        auto const of_layer = layers_[static_cast<std::size_t>(map / model_.shape.heads)];
        file.write(mean_dataset, row, std::span<float const>(mean));
        file.write(class_dataset, row, std::vector{static_cast<std::int32_t>(label)});
        file.write(layer_dataset, row, std::vector{static_cast<std::int32_t>(of_layer)});
        file.write(head_dataset, row,
                   std::vector{static_cast<std::int32_t>(map % model_.shape.heads)});
        file.write(count_dataset, row, std::vector{static_cast<std::int64_t>(count)});
    }

    AttentionOfSetOptions const& options_;
    RecordOptions const& records_;
    FinetuneData data_;
    std::vector<ExamplePlace> places_;
    std::int64_t length_;
    std::int64_t positions_;
    LoadedModel<T> model_;
    std::vector<std::int64_t> layers_;
    std::int64_t step_;
    Communicator const& world_;
};

}  // namespace

template <class T>
void average_attention(AttentionOfSetOptions const& options, RecordOptions const& records,
                       std::vector<std::string> const& layers, CheckpointReader const& reader,
                       Communicator const& world, DeviceSession const& device) {
    DNAGPT_VALIDATE(records.piece == "1/1",
                    << "--set gives one mean of all examples, which has no --piece; leave it out");
    SetAttention<T>(options, records, layers, reader, world, device).run();
}

#define DNAGPT_INSTANTIATE(T)                                                                    \
    template void average_attention<T>(AttentionOfSetOptions const&, RecordOptions const&,       \
                                       std::vector<std::string> const&, CheckpointReader const&, \
                                       Communicator const&, DeviceSession const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
