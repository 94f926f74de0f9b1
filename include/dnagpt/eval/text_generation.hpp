#pragma once

#include <span>
#include <vector>

#include "dnagpt/eval/text_drawing.hpp"
#include "dnagpt/model/decoder.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// A model that draws up to `state.cache.rows` texts at once.
template <class T>
struct TextModel {
    Context& context;
    GptParams<T> const& params;
    DecoderState<T> const& state;
};

/// Draws texts (at most the state's rows) to their ends, position by position with the keys and
/// values of what was read. A text depends on its own prompt, number and seed, beyond rounding not
/// on the others.
template <class T>
void draw_texts(TextModel<T> const& model, std::span<TextDrawing> texts);

}  // namespace dnagpt
