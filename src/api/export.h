// NEAP_EXPORT marks what leaves the library; everything else is hidden.
#pragma once

#define NEAP_EXPORT [[gnu::visibility("default")]]
