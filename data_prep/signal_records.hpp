#pragma once

#include <string>
#include <vector>

#include "commands.hpp"
#include "dnagpt/data/splits.hpp"
#include "dnagpt/genome/labelled_text.hpp"

namespace dnagpt {

/// A record with the split that its file gives it; training where the split is made here.
struct SignalRecord {
    LabelledRecord record;
    Split split = Split::train;
    std::vector<double> numbers = {};
};

/// What the files of `dnagpt-prep signals` hold.
struct SignalRecords {
    std::vector<SignalRecord> records;
    std::vector<std::string> number_names = {};  ///< of each record's numbers
};

/// Whether --train, --validation or --test is given.
bool has_ready_splits(SignalsOptions const& options);

/// Reads all files. Errors name option, file and row: files that do not belong together, a file on
/// both sides, a label that is not trained on, a missing id or number.
SignalRecords read_signal_records(SignalsOptions const& options);

}  // namespace dnagpt
