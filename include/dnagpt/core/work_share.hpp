#pragma once

#include <cstddef>
#include <functional>

namespace dnagpt {

/// Hears from time to time what share of some work is done, from 0 to 1; may be empty.
using ReportShare = std::function<void(double share)>;

/// Counts equal parts of work and reports their share.
class WorkShare {
  public:
    /// `report` must outlive the count.
    WorkShare(ReportShare const& report, std::size_t parts) : report_(report), parts_(parts) {}

    void add(std::size_t done) {
        done_ += done;
        if (report_) {
            report_(static_cast<double>(done_) / static_cast<double>(parts_));
        }
    }

  private:
    ReportShare const& report_;
    std::size_t parts_;
    std::size_t done_ = 0;
};

}  // namespace dnagpt
