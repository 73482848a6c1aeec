// The three steps of a switch over its record. Each can be cut off anywhere: the record stays, and standing_of tells
// what came of it. The caller holds the Lock.
#pragma once
#include <optional>

#include "tool/change/record.h"

namespace neap {

// Throws UsageFailure when a file of the record was edited by hand since.
void refuse_edited(const Root& root, const Record& record);

// Fills from, original and folders of `next` from what the files hold and from the record that it replaces. Throws
// UsageFailure when a file was edited by hand since, or stands there without any record.
void take_stock(const Root& root, const std::optional<Record>& replaced, Record& next);

// Journal first, then the files. When a file cannot be written, puts back those that were, and the journal.
void apply(const Root& root, const RecordStore& store, const std::optional<Record>& replaced, const Record& next);

// The record that `record` replaced, as far as it tells: enough to roll back to it. Empty: it replaced none.
std::optional<Record> what_it_replaced(const Record& record);

// Back to what this switch found, and the record to the one that it replaced.
void roll_back(const Root& root, const RecordStore& store, const std::optional<Record>& replaced, const Record& next);

// Back to what the first switch found, byte for byte; the folders and the record go. Throws UsageFailure, and changes
// nothing, when a file was edited by hand.
void restore(const Root& root, const RecordStore& store, const Record& record);

}  // namespace neap
