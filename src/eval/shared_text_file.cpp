#include "dnagpt/eval/shared_text_file.hpp"

#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

SharedTextFile::SharedTextFile(std::string path, std::string_view head, Communicator const& world)
    : path_(std::move(path)), world_(world) {
    if (world_.rank() == 0) {
        writer_.emplace(path_);
        writer_->append(head);
    }
}

void SharedTextFile::append(std::string_view text) {
    DNAGPT_EXPECT(writer_.has_value());
    writer_->append(text);
}

void SharedTextFile::finish() {
    if (writer_) {
        writer_->finish();
    }
    world_.barrier();
}

}  // namespace dnagpt
