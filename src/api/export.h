// NEAP_EXPORT marks what leaves the library; everything else is hidden. NEAP_REPLACEABLE, what a program may define
// anew though the library is linked into it.
#pragma once

#define NEAP_EXPORT [[gnu::visibility("default")]]
#define NEAP_REPLACEABLE [[gnu::visibility("default"), gnu::weak]]
