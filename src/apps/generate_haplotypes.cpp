#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "dnagpt/apps/generation.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/data/prompt_template.hpp"
#include "dnagpt/eval/haplotype_generation.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

/// Of what is asked for, so many are drawn at most.
constexpr std::int64_t most_draws_for_one = 20;
/// And so many for the first.
constexpr std::int64_t most_draws_for_any = 1000;

/// What all ranks have drawn so far.
struct Harvest {
    std::string rows;  ///< lines of a .hapt file
    std::int64_t kept = 0;
    std::array<std::int64_t, discard_count> counts{};

    std::int64_t draws() const {
        return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    }
    bool is_worth_more(std::int64_t wanted) const {
        std::int64_t const most = most_draws_for_one * wanted;
        return kept < wanted && draws() < (kept > 0 ? most : std::min(most, most_draws_for_any));
    }
};

SetTask haplotype_task(CheckpointReader const& reader) {
    FinetuneTask const task = finetune_task_from(reader.header().task);
    auto const found = std::ranges::find(task.sets, AnswerKind::words, &SetTask::answer);
    DNAGPT_VALIDATE(found != task.sets.end(),
                    << reader.path()
                    << " was not fine-tuned on haplotypes (it does not know how many sites "
                    << "they have); run dnagpt finetune on a set of dnagpt-prep haplotypes first");
    return *found;
}

std::string line_of(DrawnHaplotype const& haplotype, std::int64_t number) {
    std::string line = fmt::format("AG AG{}", number);
    for (std::uint8_t const allele : haplotype.alleles) {
        line += allele == 0 ? " 0" : " 1";
    }
    return line + "\n";
}

/// Draws sequences first .. last - 1, in order, until `wanted` are kept.
template <class T>
void draw_round(Decoder<T>& decoder, HaplotypeRequest const& request, std::int64_t first,
                std::int64_t last, std::int64_t wanted, Communicator const& world,
                Harvest& harvest) {
    RowRange const own = rows_of_rank(last - first, world.rank(), world.size());
    std::int64_t const batch = decoder.state.cache.rows;
    std::string text;  // one character a sequence, kept ones followed by their line
    for (std::int64_t begin = own.first; begin < own.last; begin += batch) {
        std::vector<std::int64_t> numbers;
        for (std::int64_t i = begin; i < std::min(begin + batch, own.last); ++i) {
            numbers.push_back(first + i);
        }
        auto const drawn = draw_haplotypes(decoder, request, numbers);
        for (std::size_t i = 0; i < drawn.size(); ++i) {
            text += static_cast<char>('0' + static_cast<int>(drawn[i].discard));
            text += drawn[i].discard == Discard::kept ? line_of(drawn[i], numbers[i])
                                                      : std::string("\n");
        }
    }
    for (std::string const& of_rank : world.all_gather(text)) {
        for (std::size_t at = 0; at < of_rank.size() && harvest.kept < wanted;) {
            std::size_t const end = of_rank.find('\n', at) + 1;
            auto const discard = static_cast<std::size_t>(of_rank[at] - '0');
            ++harvest.counts[discard];
            if (static_cast<Discard>(discard) == Discard::kept) {
                harvest.rows += of_rank.substr(at + 1, end - at - 1);
                ++harvest.kept;
            }
            at = end;
        }
    }
}

void write_harvest(GenerateOptions const& options, Harvest const& harvest) {
    nlohmann::ordered_json json;
    json["requested"] = options.count;
    json["kept"] = harvest.kept;
    for (int i = 1; i < discard_count; ++i) {
        json["discarded"][std::string(discard_name(static_cast<Discard>(i)))] =
            harvest.counts[static_cast<std::size_t>(i)];
    }
    json["temperature"] = options.sampling.temperature;
    json["seed"] = options.seed;
    write_text_atomically(options.output + ".json", json.dump(2) + "\n");
    write_text_atomically(options.output, harvest.rows);
}

}  // namespace

template <class T>
void generate_haplotypes(GenerateOptions const& options, CheckpointReader const& reader,
                         Communicator const& world, DeviceSession const& device) {
    SetTask const task = haplotype_task(reader);
    LoadedModel<T> model(reader, {{1, 1}}, device.stream());
    HaplotypeRequest request;
    request.prompt =
        PromptTemplate(task.prompt, model.vocabulary, task.species_token).fill({}, {}).tokens;
    request.sites = task.bases;
    request.temperature = options.sampling.temperature;
    request.seed = options.seed;
    request.vocabulary = model.vocabulary;
    std::int64_t const capacity =
        std::ssize(request.prompt) + (task.bases + bases_per_word - 1) / bases_per_word;
    Decoder<T> decoder(model.params, options.batch, capacity, device.stream());
    Harvest harvest;
    Progress progress("generation", "haplotypes", static_cast<std::uint64_t>(options.count));
    std::int64_t const round = options.batch * world.size();
    for (std::int64_t first = 0; harvest.is_worth_more(options.count); first += round) {
        std::int64_t const before = harvest.kept;
        draw_round(decoder, request, first, first + round, options.count, world, harvest);
        progress.advance(static_cast<std::uint64_t>(harvest.kept - before));
    }
    std::string discarded;
    for (int i = 1; i < discard_count; ++i) {
        discarded += fmt::format(", {} {}", harvest.counts[static_cast<std::size_t>(i)],
                                 discard_name(static_cast<Discard>(i)));
    }
    DNAGPT_VALIDATE(harvest.kept == options.count, << "only " << harvest.kept << " of "
                                                   << options.count << " haplotypes in "
                                                   << harvest.draws() << " draws" << discarded
                                                   << "; train longer or lower --temperature");
    if (world.rank() == 0) {
        write_harvest(options, harvest);
    }
    world.barrier();
    log_info(fmt::format("wrote {} haplotypes to {}{}", harvest.kept, options.output, discarded));
}

template void generate_haplotypes<float>(GenerateOptions const&, CheckpointReader const&,
                                         Communicator const&, DeviceSession const&);
template void generate_haplotypes<bf16>(GenerateOptions const&, CheckpointReader const&,
                                        Communicator const&, DeviceSession const&);

}  // namespace dnagpt
