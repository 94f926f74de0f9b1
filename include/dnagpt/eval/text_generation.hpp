#pragma once

#include <span>

#include "dnagpt/core/work_share.hpp"
#include "dnagpt/eval/text_drawing.hpp"
#include "dnagpt/model/decoder.hpp"

namespace dnagpt {

/// Draws texts (at most the decoder's rows) to their ends, position by position with the keys and
/// values of what was read. A text depends on its own prompt, number and seed, beyond rounding not
/// on the others.
template <class T>
void draw_texts(Decoder<T>& decoder, std::span<TextDrawing> texts, ReportShare const& report = {});

}  // namespace dnagpt
