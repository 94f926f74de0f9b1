#include "gemm_choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr char const* library_name = "cuBLASLt";
constexpr std::array<std::string_view, 3> epilogue_names = {"none", "gelu", "gelu_gradient"};
constexpr std::array<std::string_view, 3> element_names = {"bf16", "float", "double"};

/// The fields of a shape that a choice depends on, in the order of the text.
constexpr std::pair<char const*, std::int64_t GemmShape::*> extents[] = {
    {"m", &GemmShape::m},     {"n", &GemmShape::n},     {"k", &GemmShape::k},
    {"lda", &GemmShape::lda}, {"ldb", &GemmShape::ldb}, {"ldc", &GemmShape::ldc}};
constexpr std::pair<char const*, bool GemmShape::*> flags[] = {
    {"transpose_a", &GemmShape::transpose_a},
    {"transpose_b", &GemmShape::transpose_b},
    {"accumulate", &GemmShape::accumulate}};

[[noreturn]] void refuse(std::string const& why) {
    throw Error("the stored choices of matrix products cannot be read (" + why +
                "); leave them out, and algorithms are chosen anew");
}

template <class Value>
Json name_of(std::array<std::string_view, 3> const& names, Value value) {
    return names.at(static_cast<std::size_t>(value));
}

template <class Value>
Value value_of(std::array<std::string_view, 3> const& names, Json const& name) {
    auto const* const found = std::find(names.begin(), names.end(), name.get<std::string>());
    if (found == names.end()) {
        refuse("'" + name.get<std::string>() + "' is none of their words");
    }
    return static_cast<Value>(found - names.begin());
}

std::int64_t number_at(Json const& entry, char const* name) {
    Json const& value = entry.at(name);
    if (!value.is_number_unsigned() || value.get<std::int64_t>() < 0) {
        refuse(std::string(name) + " is " + value.dump());
    }
    return value.get<std::int64_t>();
}

Json const& list_at(Json const& document, char const* name) {
    if (!document.at(name).is_array()) {
        refuse(std::string(name) + " is no list");
    }
    return document.at(name);
}

Json to_json(GemmShape const& shape) {
    Json entry;
    for (auto const& [name, field] : extents) {
        entry[name] = shape.*field;
    }
    for (auto const& [name, field] : flags) {
        entry[name] = shape.*field;
    }
    entry["epilogue"] = name_of(epilogue_names, shape.epilogue);
    return entry;
}

GemmShape shape_of(Json const& entry) {
    GemmShape shape;
    for (auto const& [name, field] : extents) {
        shape.*field = number_at(entry, name);
    }
    for (auto const& [name, field] : flags) {
        shape.*field = entry.at(name).get<bool>();
    }
    shape.epilogue = value_of<Epilogue>(epilogue_names, entry.at("epilogue"));
    return shape;
}

GemmProduct product_of(Json const& entry) {
    GemmProduct product;
    product.shape = shape_of(entry);
    product.input = value_of<GemmElement>(element_names, entry.at("input"));
    product.output = value_of<GemmElement>(element_names, entry.at("output"));
    std::int64_t const alignment = number_at(entry, "alignment");
    if (alignment > 256 || !std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
        refuse(fmt::format("an alignment of {}", alignment));
    }
    product.alignment = static_cast<std::uint32_t>(alignment);
    return product;
}

std::string to_hex(AlgorithmBytes const& bytes) {
    std::string digits;
    for (std::uint8_t const byte : bytes) {
        digits += fmt::format("{:02x}", byte);
    }
    return digits;
}

AlgorithmBytes bytes_of(std::string const& digits) {
    AlgorithmBytes bytes{};
    bool whole = digits.size() == 2 * bytes.size();
    for (std::size_t i = 0; whole && i < bytes.size(); ++i) {
        char const* const first = digits.data() + 2 * i;
        whole = std::from_chars(first, first + 2, bytes[i], 16).ptr == first + 2;
    }
    if (!whole) {
        refuse(fmt::format("an algorithm is not {} hexadecimal digits", 2 * bytes.size()));
    }
    return bytes;
}

GemmChoices read_document(Json const& document, std::int64_t library_version) {
    if (document.at("library").get<std::string>() != library_name) {
        refuse("they are of " + document.at("library").get<std::string>());
    }
    GemmChoices choices;
    for (Json const& entry : list_at(document, "products")) {
        choices.algorithms.emplace(product_of(entry),
                                   bytes_of(entry.at("algorithm").get<std::string>()));
    }
    for (Json const& entry : list_at(document, "epilogues")) {
        choices.epilogue_pays.emplace(shape_of(entry), entry.at("pays").get<bool>());
    }
    if (number_at(document, "version") != library_version) {
        choices.algorithms.clear();
    }
    return choices;
}

}  // namespace

std::uint32_t bytes_of_element(GemmElement element) {
    constexpr std::array<std::uint32_t, 3> sizes = {sizeof(bf16), sizeof(float), sizeof(double)};
    return sizes.at(static_cast<std::size_t>(element));
}

std::size_t bytes_of_c(GemmProduct const& product) {
    GemmShape const& shape = product.shape;
    return static_cast<std::size_t>((shape.m - 1) * shape.ldc + shape.n) *
           bytes_of_element(product.output);
}

std::string format_choices(GemmChoices const& choices, std::int64_t library_version) {
    if (choices.algorithms.empty() && choices.epilogue_pays.empty()) {
        return "";
    }
    Json document = {{"library", library_name},
                     {"version", library_version},
                     {"products", Json::array()},
                     {"epilogues", Json::array()}};
    for (auto const& [product, algorithm] : choices.algorithms) {
        Json entry = to_json(product.shape);
        entry["input"] = name_of(element_names, product.input);
        entry["output"] = name_of(element_names, product.output);
        entry["alignment"] = product.alignment;
        entry["algorithm"] = to_hex(algorithm);
        document["products"].push_back(std::move(entry));
    }
    for (auto const& [shape, pays] : choices.epilogue_pays) {
        Json entry = to_json(shape);
        entry["pays"] = pays;
        document["epilogues"].push_back(std::move(entry));
    }
    return document.dump();
}

GemmChoices parse_choices(std::string const& text, std::int64_t library_version) {
    if (text.empty()) {
        return {};
    }
    try {
        return read_document(Json::parse(text), library_version);
    } catch (nlohmann::json::exception const& problem) {
        refuse(problem.what());
    }
}

}  // namespace dnagpt
