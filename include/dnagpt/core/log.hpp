#pragma once

#include <string>

namespace dnagpt {

/// Silences log_info on every rank but 0; warnings and errors always carry the rank when the world
/// is larger than one. Call once, after the world is known; before it the process logs as rank 0
/// of 1.
void set_log_rank(int rank, int world_size);

/// True on rank 0, the one that log_info speaks from.
bool logs_info();
/// One line to standard error, from rank 0 only.
void log_info(std::string const& text);
/// One line to standard error from any rank: something is unusual, the run goes on.
void log_warning(std::string const& text);
/// The same from rank 0 only, for what every rank finds alike.
void log_shared_warning(std::string const& text);
/// One line to standard error from any rank: the run ends.
void log_error(std::string const& text);

}  // namespace dnagpt
