// The three steps of a switch over its entry. Each can be cut off anywhere: the entry stays, and standing_of tells
// what came of it. The caller holds the Lock.
#pragma once
#include <optional>

#include "tool/change/journal.h"

namespace neap {

// Throws UsageFailure when a file of the entry was edited by hand since.
void refuse_edited(const Root& root, const Entry& entry);

// Fills from, original and folders of `next` from what the files hold and from the entry that it replaces. Throws
// UsageFailure when a file was edited by hand since, or stands there without any entry.
void take_stock(const Root& root, const std::optional<Entry>& replaced, Entry& next);

// Journal first, then the files. When a file cannot be written, puts back those that were, and the journal.
void apply(const Root& root, const Journal& journal, const std::optional<Entry>& replaced, const Entry& next);

// The entry that `entry` replaced, as far as it tells: enough to roll back to it. Empty: it replaced none.
std::optional<Entry> what_it_replaced(const Entry& entry);

// Back to what this switch found, and the entry to the one that it replaced.
void roll_back(const Root& root, const Journal& journal, const std::optional<Entry>& replaced, const Entry& next);

// Back to what the first switch found, byte for byte; the folders and the entry go. Throws UsageFailure, and changes
// nothing, when a file was edited by hand.
void restore(const Root& root, const Journal& journal, const Entry& entry);

}  // namespace neap
