// Fork: the heap is whole in the child, and no thread of the parent waits for ever.
#pragma once

namespace neap {

// Registers our handlers with the C library, unless another library's registration has had them registered already.
void follow_forks();

}  // namespace neap
