#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dnagpt {

/// What one reading says of the class words.
struct ClassLogits {
    std::span<float const> of_classes;  ///< (classes)
    double log_normaliser = 0;          ///< log sum exp over the whole vocabulary, nats
    float largest = 0;                  ///< of the whole vocabulary
};

/// A model's answer by class, the mean over its readings (one, or both strands).
struct ClassAnswer {
    explicit ClassAnswer(std::size_t classes = 0)
        : probabilities(classes), likeliest_of_all(classes) {}

    /// Takes one reading in; the shares of all readings add up to 1.
    void add(ClassLogits const& logits, double share);
    /// The class with the largest probability.
    std::size_t predicted() const;

    std::vector<double> probabilities;  ///< softmax over the class words
    double outside_mass = 0;            ///< probability of all words but the classes'
    /// 1 where the class's word is the likeliest of the whole vocabulary, what the released
    /// classification heads' rule asks for
    std::vector<double> likeliest_of_all;
};

/// `predicted`, `p_<class>` .., `outside_mass`, each with a tab in front.
std::string class_columns(std::vector<std::string> const& classes);
/// How probabilities are written: rounded, or so that they read back bit for bit and rank the same.
enum class Digits : std::uint8_t { six, all };
/// The same fields of an answer.
std::string class_fields(ClassAnswer const& answer, std::vector<std::string> const& classes,
                         Digits digits = Digits::six);

}  // namespace dnagpt
