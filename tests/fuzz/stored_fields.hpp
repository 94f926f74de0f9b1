#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt::fuzz {

enum class FieldType : std::uint8_t { text, bytes, words, integers, longs, floats, doubles };

/// An attribute of the file, or a dataset (its name begins with '/'), as our programs write it.
struct StoredField {
    char const* name;
    FieldType type;
    std::vector<std::int64_t> values;
    std::vector<std::string> texts = {};
    std::int64_t columns = 0;  ///< 0: one dimension
};

inline std::vector<StoredField> shard_fields() {
    using enum FieldType;
    return {{"format", text, {}, {"dnagpt token shard"}},
            {"format_version", longs, {1}},
            {"species", text, {}, {"small_one"}},
            {"species_token", text, {}, {"R"}},
            {"assembly", text, {}, {"v1"}},
            {"split", text, {}, {"train"}},
            {"shard_index", longs, {0}},
            {"shard_count", longs, {1}},
            {"bases", longs, {13}},
            {"source_checksum", text, {}, {"0123"}},
            {"settings", text, {}, {"4567"}},
            {"program_version", text, {}, {"1"}},
            {"/contigs/name", text, {}, {"1", "2"}},
            {"/contigs/first_token", longs, {0, 2}},
            {"/contigs/length", longs, {7, 6}},
            {"/contigs/source_start", longs, {0, 0}},
            {"/tokens", words, {15624, 3906, 0}}};
}

inline std::vector<StoredField> labelled_set_fields() {
    using enum FieldType;
    return {{"format", text, {}, {"dnagpt labelled set"}},
            {"format_version", longs, {2}},
            {"answer", text, {}, {"class"}},
            {"species_token", text, {}, {"R"}},
            {"target_name", text, {}, {""}},
            {"settings", text, {}, {"none"}},
            {"program_version", text, {}, {"1"}},
            {"/id", text, {}, {"a", "b"}},
            {"/group", integers, {0, 1}},
            {"/split", bytes, {0, 2}},
            {"/classes", text, {}, {"no", "yes"}},
            {"/label", integers, {0, 1}},
            {"/target", doubles, {3, -4}},
            {"/number_names", text, {}, {"age"}},
            {"/numbers", doubles, {5, 6}, {}, 1},
            {"/first_base", longs, {0, 3, 5}},
            {"/bases", bytes, {1, 2, 3, 4, 0}},
            {"/sites/contig", text, {}, {"1"}},
            {"/sites/position", longs, {9}},
            {"/sites/id", text, {}, {"."}},
            {"/sites/reference", text, {}, {"A"}},
            {"/sites/alternative", text, {}, {"G"}}};
}

inline std::vector<StoredField> checkpoint_fields() {
    using enum FieldType;
    return {{"kind", text, {}, {"checkpoint"}},
            {"format_version", longs, {1}},
            {"step", longs, {7}},
            {"seed", longs, {-1}},
            {"sampler", text, {}, {"{\"data_digest\":\"00\",\"tokens\":8}"}},
            {"task", text, {}, {""}},
            {"config", text, {}, {"[schedule]\nsteps = 8\n"}},
            {"vocabulary", text, {}, {"fixed"}},
            {"true_word", text, {}, {"<Y>"}},
            {"false_word", text, {}, {"<X>"}},
            {"build", text, {}, {"b"}},
            {"world_size", longs, {1}},
            {"threads", longs, {1}},
            {"device_model", text, {}, {"cpu"}},
            {"libraries", text, {}, {"none"}},
            {"/skip_list", longs, {}},
            {"/state/layout/name", text, {}, {"w", "b"}},
            {"/state/layout/offset", longs, {0, 6}},
            {"/state/layout/shape", longs, {2, 3, 2, 0}, {}, 2},
            {"/state/master", floats, {1, 2, 3, 4, 5, 6, 7, 8}},
            {"/state/adam_m", floats, {1, 2, 3, 4, 5, 6, 7, 8}},
            {"/state/adam_v", floats, {1, 2, 3, 4, 5, 6, 7, 8}}};
}

}  // namespace dnagpt::fuzz
